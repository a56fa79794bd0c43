//! What the API server does to a Job at its creation: defaults, generated labels and selector
//! (`pkg/apis/batch/v1/defaults.go`, `pkg/registry/batch/job/strategy.go`).

use serde_json::{Value, json};

use super::kube_value::text;

/// Fills in the defaults of a Job's spec.
pub fn default_job(job: &mut Value) {
    let unset = |job: &Value, field: &str| job["spec"].get(field).is_none_or(Value::is_null);
    if unset(job, "completions") && unset(job, "parallelism") {
        job["spec"]["completions"] = 1.into();
    }
    let backoff_limit = if unset(job, "backoffLimitPerIndex") {
        6
    } else {
        i32::MAX
    };
    for (field, value) in [
        ("parallelism", json!(1)),
        ("backoffLimit", json!(backoff_limit)),
        ("completionMode", json!("NonIndexed")),
        ("suspend", json!(false)),
        ("manualSelector", json!(false)),
    ] {
        if unset(job, field) {
            job["spec"][field] = value;
        }
    }
    if unset(job, "podReplacementPolicy") {
        let policy = if unset(job, "podFailurePolicy") {
            "TerminatingOrFailed"
        } else {
            "Failed"
        };
        job["spec"]["podReplacementPolicy"] = policy.into();
    }
    default_patterns(&mut job["spec"]);
    let labels = job.pointer("/metadata/labels").and_then(Value::as_object);
    if labels.is_none_or(serde_json::Map::is_empty)
        && let Some(labels) = job.pointer("/spec/template/metadata/labels").cloned()
    {
        job["metadata"]["labels"] = labels;
    }
}

/// The one default inside policies: a condition pattern without a status means `True`.
pub fn default_patterns(spec: &mut Value) {
    let rules = spec
        .pointer_mut("/podFailurePolicy/rules")
        .and_then(Value::as_array_mut);
    for rule in rules.into_iter().flatten() {
        let patterns = rule
            .get_mut("onPodConditions")
            .and_then(Value::as_array_mut);
        for pattern in patterns.into_iter().flatten() {
            if let Some(pattern) = pattern.as_object_mut() {
                let status = pattern.entry("status").or_insert(Value::Null);
                if status.is_null() {
                    *status = "True".into();
                }
            }
        }
    }
}

/// Adds the labels that tie Pods to this Job, and the selector that finds them; needs the Job's name and uid.
pub fn generate_labels_and_selector(job: &mut Value) {
    if job.pointer("/spec/manualSelector") == Some(&Value::Bool(true)) {
        return;
    }
    let name = text(job, "/metadata/name").unwrap_or_default().to_owned();
    let uid = text(job, "/metadata/uid").unwrap_or_default().to_owned();
    let labels = [
        ("controller-uid", &uid),
        ("batch.kubernetes.io/controller-uid", &uid),
        ("job-name", &name),
        ("batch.kubernetes.io/job-name", &name),
    ];
    for (key, value) in labels {
        let slot = &mut job["spec"]["template"]["metadata"]["labels"][key];
        if slot.is_null() {
            *slot = value.as_str().into();
        }
    }
    job["spec"]["selector"]["matchLabels"]["batch.kubernetes.io/controller-uid"] = uid.into();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_without_labels_takes_those_of_its_template() {
        for (labels, taken) in [
            (json!(null), json!({"a": "b"})),
            (json!({}), json!({"a": "b"})),
            (json!({"c": "d"}), json!({"c": "d"})),
        ] {
            let mut job = json!({"metadata": {"labels": labels}, "spec": {"template": {"metadata": {"labels": {"a": "b"}}}}});
            default_job(&mut job);
            assert_eq!(job["metadata"]["labels"], taken);
        }
    }

    #[test]
    fn a_condition_pattern_means_true_unless_it_says_otherwise() {
        let mut spec = json!({"podFailurePolicy": {"rules": [{"onPodConditions": [{"type": "A"}, {"type": "B", "status": "False"}]}]}});
        default_patterns(&mut spec);
        let patterns = &spec["podFailurePolicy"]["rules"][0]["onPodConditions"];
        assert_eq!(patterns[0]["status"], "True");
        assert_eq!(patterns[1]["status"], "False");
    }

    #[test]
    fn generated_labels_do_not_replace_those_that_are_there() {
        let mut job = json!({
            "metadata": {"name": "pi", "uid": "u"},
            "spec": {"template": {"metadata": {"labels": {"job-name": "mine"}}}},
        });
        generate_labels_and_selector(&mut job);
        let labels = &job["spec"]["template"]["metadata"]["labels"];
        assert_eq!(
            *labels,
            json!({"job-name": "mine", "controller-uid": "u", "batch.kubernetes.io/controller-uid": "u", "batch.kubernetes.io/job-name": "pi"})
        );
        assert_eq!(
            job["spec"]["selector"]["matchLabels"],
            json!({"batch.kubernetes.io/controller-uid": "u"})
        );
    }
}
