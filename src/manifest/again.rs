//! A Job that was read from a cluster, made fit to be created once more.

use serde_json::Value;

/// Fields of `metadata` that the server writes.
const SERVERS: &[&str] = &[
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "managedFields",
    "selfLink",
    "finalizers",
];
/// Labels that tie Pods to one Job (`pkg/registry/batch/job/strategy.go`).
const TIES: &[&str] = &[
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "job-name",
    "batch.kubernetes.io/job-name",
];
const ATTEMPT: &str = "kubectl-batch/attempt";

/// Writes which attempt of its member a Job is, from 1.
pub fn number(job: &mut Value, attempt: u32) {
    job["metadata"]["annotations"][ATTEMPT] = attempt.to_string().into();
}

/// The same Job without what belongs to the one that is there, and with the next number as its attempt.
pub fn next_attempt(job: &Value) -> Value {
    let mut job = job.clone();
    if let Some(object) = job.as_object_mut() {
        object.shift_remove("status");
        // In a list, objects do not say what they are.
        object.insert("apiVersion".into(), "batch/v1".into());
        object.insert("kind".into(), "Job".into());
    }
    let annotations = &job["metadata"]["annotations"];
    let earlier = annotations[ATTEMPT]
        .as_str()
        .and_then(|text| text.parse::<u32>().ok());
    let next = earlier.unwrap_or(1).saturating_add(1);
    number(&mut job, next);
    if let Some(metadata) = job["metadata"].as_object_mut() {
        for field in SERVERS {
            metadata.shift_remove(*field);
        }
    }
    let labels = [
        &["metadata", "labels"][..],
        &["spec", "template", "metadata", "labels"],
    ];
    for path in labels {
        let map = path
            .iter()
            .try_fold(&mut job, |value, key| value.get_mut(*key));
        if let Some(map) = map.and_then(Value::as_object_mut) {
            map.retain(|key, _| !TIES.contains(&key.as_str()));
        }
    }
    let is_manual = job["spec"]["manualSelector"] == true;
    if let Some(spec) = job["spec"].as_object_mut().filter(|_| !is_manual) {
        spec.shift_remove("selector");
    }
    job
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_server_wrote_is_taken_off_and_the_attempt_grows() {
        let job = json!({
            "metadata": {
                "name": "p", "uid": "u", "resourceVersion": "7", "managedFields": [],
                "labels": {"jobgroup": "g", "job-name": "p"},
                "annotations": {"kubectl-batch/item": "a", "kubectl-batch/attempt": "2"},
            },
            "spec": {
                "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}},
                "template": {"metadata": {"labels": {"jobgroup": "g", "controller-uid": "u"}}},
            },
            "status": {"failed": 1},
        });
        assert_eq!(
            next_attempt(&job),
            json!({
                "apiVersion": "batch/v1", "kind": "Job",
                "metadata": {
                    "name": "p", "labels": {"jobgroup": "g"},
                    "annotations": {"kubectl-batch/item": "a", "kubectl-batch/attempt": "3"},
                },
                "spec": {"template": {"metadata": {"labels": {"jobgroup": "g"}}}},
            })
        );
        assert_eq!(
            next_attempt(&json!({}))["metadata"]["annotations"][ATTEMPT],
            "2"
        );
    }
}
