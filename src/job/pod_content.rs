//! The Pods that a Job creates: what is added to its template
//! (`pkg/controller/job/indexed_job_utils.go`, `pkg/controller/controller_utils.go`).

use serde_json::{Value, json};

use super::kube_value::{list, text};
use super::pod::{FAILURES_KEY, IGNORED_KEY, INDEX_KEY};
use super::{Job, TRACKING_FINALIZER};

/// The variable that tells a container its index.
const INDEX_VARIABLE: &str = "JOB_COMPLETION_INDEX";
/// The server adds 5 characters to `generateName`, and a Pod name that is also a label value may have 63.
const PREFIX_MAX: usize = 58;
/// The longest name of a Pod.
const NAME_MAX: usize = 253;

/// One Pod to create.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NewPod {
    /// Its completion index; none for `NonIndexed` Jobs.
    pub index: Option<i32>,
    /// Failures of its index so far, for Jobs with `backoffLimitPerIndex`.
    pub failures: Option<IndexFailures>,
}

/// Failures of one index so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexFailures {
    /// Those that count towards `backoffLimitPerIndex`.
    pub counted: i32,
    /// Those that the failure policy ignored.
    pub ignored: i32,
}

/// The object to create: the template, our owner reference, the tracking finalizer, and what tells an index from the others.
pub fn new_pod(job: &Job, pod: &NewPod) -> Value {
    let mut metadata = json!({
        "generateName": match pod.index {
            Some(index) => indexed_prefix(&job.name, index),
            None => plain_prefix(&job.name),
        },
        "namespace": job.namespace,
        "ownerReferences": [owner_reference(job)],
    });
    for field in ["labels", "annotations"] {
        let map = job.template.pointer(&format!("/metadata/{field}"));
        if let Some(map) = map.filter(|map| map.is_object()) {
            metadata[field] = map.clone();
        }
    }
    let mut finalizers = list(&job.template, "/metadata/finalizers").to_vec();
    if !finalizers
        .iter()
        .any(|finalizer| finalizer == TRACKING_FINALIZER)
    {
        finalizers.push(TRACKING_FINALIZER.into());
    }
    metadata["finalizers"] = finalizers.into();
    let mut spec = job.template["spec"].clone();
    if let Some(index) = pod.index {
        metadata["labels"][INDEX_KEY] = index.to_string().into();
        metadata["annotations"][INDEX_KEY] = index.to_string().into();
        spec["hostname"] = format!("{}-{index}", job.name).into();
        tell_index(&mut spec);
    }
    if let Some(failures) = pod.failures {
        metadata["annotations"][FAILURES_KEY] = failures.counted.to_string().into();
        if failures.ignored > 0 {
            metadata["annotations"][IGNORED_KEY] = failures.ignored.to_string().into();
        }
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
}

/// The reference that makes a Job the controller of a Pod.
pub(super) fn owner_reference(job: &Job) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "name": job.name, "uid": job.uid,
        "controller": true, "blockOwnerDeletion": true,
    })
}

fn plain_prefix(job: &str) -> String {
    // The dash is dropped where the name has no room for it.
    let dash = if job.len() < NAME_MAX { "-" } else { "" };
    format!("{job}{dash}")
}

/// `JOB-INDEX-`; of a long name the Job's part is cut, so that the index survives.
fn indexed_prefix(job: &str, index: i32) -> String {
    let suffix = format!("-{index}-");
    let room = PREFIX_MAX.saturating_sub(suffix.len());
    let cut: String = job.chars().take(room).collect();
    cut + &suffix
}

/// Adds the variable to every container that does not define one of this name itself.
fn tell_index(spec: &mut Value) {
    for field in ["initContainers", "containers"] {
        let containers = spec.get_mut(field).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten().filter(|c| c.is_object()) {
            let mut env = list(container, "/env").to_vec();
            if env
                .iter()
                .any(|variable| text(variable, "/name") == Some(INDEX_VARIABLE))
            {
                continue;
            }
            let path = format!("metadata.labels['{INDEX_KEY}']");
            env.push(json!({
                "name": INDEX_VARIABLE,
                "valueFrom": {"fieldRef": {"fieldPath": path}},
            }));
            container["env"] = env.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(name: &str) -> Job {
        let object = json!({
            "metadata": {"name": name, "uid": "u"},
            "spec": {"template": {"metadata": {"labels": {"app": "x"}}, "spec": {
                "restartPolicy": "Never", "hostname": "mine",
                "initContainers": [{"name": "i"}],
                "containers": [{"name": "a", "env": [{"name": "X", "value": "1"}]}, {"name": "b", "env": [{"name": INDEX_VARIABLE, "value": "own"}]}],
            }}},
        });
        Job::from_value(&object).expect("a Job")
    }

    #[test]
    fn a_long_job_name_is_cut_and_the_index_survives() {
        for (length, index, prefix) in [
            (3, 7, "aaa-7-".to_owned()),
            (55, 7, format!("{}-7-", "a".repeat(55))),
            (56, 7, format!("{}-7-", "a".repeat(55))),
            (70, 12345, format!("{}-12345-", "a".repeat(51))),
        ] {
            assert_eq!(indexed_prefix(&"a".repeat(length), index), prefix);
        }
        assert_eq!(plain_prefix("pi"), "pi-");
        assert_eq!(plain_prefix(&"a".repeat(253)), "a".repeat(253));
    }

    #[test]
    fn an_index_is_told_in_label_annotation_hostname_and_environment() {
        let pod = new_pod(
            &job("pi"),
            &NewPod {
                index: Some(3),
                failures: None,
            },
        );
        assert_eq!(
            pod["metadata"]["labels"],
            json!({"app": "x", INDEX_KEY: "3"})
        );
        assert_eq!(pod["metadata"]["annotations"], json!({INDEX_KEY: "3"}));
        assert_eq!(pod["spec"]["hostname"], "pi-3");
        let from_label = json!({"name": INDEX_VARIABLE, "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['batch.kubernetes.io/job-completion-index']"}}});
        let containers = &pod["spec"]["containers"];
        assert_eq!(
            containers[0]["env"],
            json!([{"name": "X", "value": "1"}, from_label])
        );
        assert_eq!(
            containers[1]["env"],
            json!([{"name": INDEX_VARIABLE, "value": "own"}])
        );
        assert_eq!(pod["spec"]["initContainers"][0]["env"], json!([from_label]));
    }

    #[test]
    fn a_pod_without_index_keeps_the_template_as_it_is() {
        let pod = new_pod(&job("pi"), &NewPod::default());
        assert_eq!(pod["spec"], job("pi").template["spec"]);
        assert_eq!(pod["metadata"]["labels"], json!({"app": "x"}));
        assert_eq!(pod["metadata"]["finalizers"], json!([TRACKING_FINALIZER]));
    }

    #[test]
    fn ignored_failures_are_written_only_when_there_are_some() {
        for (ignored, written) in [(0, Value::Null), (2, json!("2"))] {
            let failures = Some(IndexFailures {
                counted: 0,
                ignored,
            });
            let pod = new_pod(
                &job("pi"),
                &NewPod {
                    index: Some(0),
                    failures,
                },
            );
            let annotations = &pod["metadata"]["annotations"];
            assert_eq!(annotations[FAILURES_KEY], "0");
            assert_eq!(annotations[IGNORED_KEY], written);
        }
    }
}
