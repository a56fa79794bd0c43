//! Which Pods are the Job's own, which become so, and which no longer are
//! (`pkg/controller/controller_ref_manager.go`).

use std::sync::Arc;

use serde_json::{Value, json};

use super::pod_content::owner_reference;
use super::{Job, Pod, PodRef, TRACKING_FINALIZER};

/// A change of one Pod's owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which Pod.
    pub pod: PodRef,
    /// The change as RFC 6902 operations; they test first that the Pod is still as it was observed.
    pub patch: Value,
}

/// What a pass works with.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// The Job's own Pods, those to adopt included, each with the place of its tracking finalizer.
    pub(super) pods: Vec<(Arc<Pod>, Option<usize>)>,
    pub(super) adopt: Vec<Claim>,
    pub(super) release: Vec<Claim>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Own,
    Released,
    Adopted,
    Strange,
}

impl Claims {
    pub(super) fn of(job: &Job, pods: &[Arc<Pod>]) -> Self {
        let mut claims = Self {
            pods: Vec::with_capacity(pods.len()),
            ..Self::default()
        };
        for pod in pods {
            match standing(job, pod) {
                Standing::Strange => {}
                Standing::Own => claims.pods.push((pod.clone(), pod.tracking_finalizer_at)),
                Standing::Released => claims.release.push(release(job, pod)),
                Standing::Adopted => {
                    let finalizer_at = pod.tracking_finalizer_at.unwrap_or(pod.finalizer_count);
                    claims.pods.push((pod.clone(), Some(finalizer_at)));
                    claims.adopt.push(adopt(job, pod));
                }
            }
        }
        claims
    }
}

/// Whether a Pod is the Job's own or would be if somebody released it: what a Job that is over leaves behind.
pub(super) fn is_left_behind(job: &Job, pod: &Pod) -> bool {
    match &pod.controller_uid {
        Some(owner) => *owner == job.uid,
        None => selected(job, pod) == Some(true),
    }
}

fn standing(job: &Job, pod: &Pod) -> Standing {
    let selected = selected(job, pod);
    match &pod.controller_uid {
        Some(owner) if *owner != job.uid => Standing::Strange,
        Some(_) if selected != Some(false) => Standing::Own,
        // A Job that goes away changes no owners any more.
        _ if job.deleting => Standing::Strange,
        Some(_) => Standing::Released,
        None if selected == Some(true) && !pod.deleting => Standing::Adopted,
        None => Standing::Strange,
    }
}

/// Whether the selector wants this Pod; `None` without a selector.
fn selected(job: &Job, pod: &Pod) -> Option<bool> {
    let selector = job.selector.as_ref()?;
    Some(pod.namespace == job.namespace && selector.matches(&pod.labels))
}

fn adopt(job: &Job, pod: &Pod) -> Claim {
    let mut operations = vec![test("/metadata/uid", &pod.uid)];
    if !pod.resource_version.is_empty() {
        operations.push(test("/metadata/resourceVersion", &pod.resource_version));
    }
    let owner = owner_reference(job);
    operations.push(append("/metadata/ownerReferences", pod.owner_count, &owner));
    if pod.tracking_finalizer_at.is_none() {
        let path = "/metadata/finalizers";
        operations.push(append(
            path,
            pod.finalizer_count,
            &TRACKING_FINALIZER.into(),
        ));
    }
    Claim {
        pod: pod.reference(pod.tracking_finalizer_at),
        patch: operations.into(),
    }
}

fn release(job: &Job, pod: &Pod) -> Claim {
    let mut operations = vec![test("/metadata/uid", &pod.uid)];
    if let Some(at) = pod.controller_at {
        let path = format!("/metadata/ownerReferences/{at}");
        operations.push(test(&format!("{path}/uid"), &job.uid));
        operations.push(json!({"op": "remove", "path": path}));
    }
    if let Some(at) = pod.tracking_finalizer_at {
        let path = format!("/metadata/finalizers/{at}");
        operations.push(test(&path, TRACKING_FINALIZER));
        operations.push(json!({"op": "remove", "path": path}));
    }
    Claim {
        pod: pod.reference(pod.tracking_finalizer_at),
        patch: operations.into(),
    }
}

fn test(path: &str, value: &str) -> Value {
    json!({"op": "test", "path": path, "value": value})
}

/// Adds to a list, or makes the list: an operation cannot add to what is not there.
fn append(path: &str, present: usize, value: &Value) -> Value {
    if present == 0 {
        json!({"op": "add", "path": path, "value": [value]})
    } else {
        json!({"op": "add", "path": format!("{path}/-"), "value": value})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(deleting: bool) -> Job {
        let mut object = json!({
            "metadata": {"name": "pi", "uid": "j"},
            "spec": {"selector": {"matchLabels": {"app": "x"}}, "template": {"spec": {"restartPolicy": "Never"}}},
        });
        if deleting {
            object["metadata"]["deletionTimestamp"] = "2026-01-15T12:00:00Z".into();
        }
        Job::from_value(&object).expect("a Job")
    }

    fn pod(owner: Option<&str>, app: &str, deleting: bool) -> Pod {
        let mut metadata = json!({"name": "p", "uid": "u", "labels": {"app": app}, "finalizers": [TRACKING_FINALIZER]});
        if let Some(owner) = owner {
            metadata["ownerReferences"] = json!([{"uid": owner, "controller": true}]);
        }
        if deleting {
            metadata["deletionTimestamp"] = "2026-01-15T12:00:00Z".into();
        }
        Pod::from_value(&json!({ "metadata": metadata })).expect("a Pod")
    }

    #[test]
    fn owner_labels_and_deletion_say_whose_a_pod_is() {
        use Standing::{Adopted, Own, Released, Strange};
        for (owner, app, pod_deleting, job_deleting, found) in [
            (Some("j"), "x", false, false, Own),
            (Some("j"), "x", true, true, Own),
            (Some("j"), "y", false, false, Released),
            (Some("j"), "y", false, true, Strange),
            (Some("k"), "x", false, false, Strange),
            (None, "x", false, false, Adopted),
            (None, "x", true, false, Strange),
            (None, "x", false, true, Strange),
            (None, "y", false, false, Strange),
        ] {
            let standing = standing(&job(job_deleting), &pod(owner, app, pod_deleting));
            assert_eq!(
                standing, found,
                "{owner:?} {app} {pod_deleting} {job_deleting}"
            );
        }
    }

    #[test]
    fn without_a_selector_the_owner_alone_decides() {
        let job = Job {
            selector: None,
            ..job(false)
        };
        assert_eq!(standing(&job, &pod(Some("j"), "y", false)), Standing::Own);
        assert_eq!(standing(&job, &pod(None, "x", false)), Standing::Strange);
    }

    #[test]
    fn a_pod_of_another_namespace_is_never_adopted() {
        let elsewhere = Pod {
            namespace: "other".into(),
            ..pod(None, "x", false)
        };
        assert_eq!(standing(&job(false), &elsewhere), Standing::Strange);
    }

    #[test]
    fn patches_test_what_they_change() {
        let bare = Pod {
            finalizer_count: 0,
            tracking_finalizer_at: None,
            resource_version: "7".into(),
            ..pod(None, "x", false)
        };
        insta::assert_snapshot!(adopt(&job(false), &bare).patch, @r#"[{"op":"test","path":"/metadata/uid","value":"u"},{"op":"test","path":"/metadata/resourceVersion","value":"7"},{"op":"add","path":"/metadata/ownerReferences","value":[{"apiVersion":"batch/v1","kind":"Job","name":"pi","uid":"j","controller":true,"blockOwnerDeletion":true}]},{"op":"add","path":"/metadata/finalizers","value":["batch.kubernetes.io/job-tracking"]}]"#);
        insta::assert_snapshot!(release(&job(false), &pod(Some("j"), "y", false)).patch, @r#"[{"op":"test","path":"/metadata/uid","value":"u"},{"op":"test","path":"/metadata/ownerReferences/0/uid","value":"j"},{"op":"remove","path":"/metadata/ownerReferences/0"},{"op":"test","path":"/metadata/finalizers/0","value":"batch.kubernetes.io/job-tracking"},{"op":"remove","path":"/metadata/finalizers/0"}]"#);
        let other_owners = Pod {
            owner_count: 1,
            ..pod(None, "x", false)
        };
        assert_eq!(
            adopt(&job(false), &other_owners).patch[1]["path"],
            "/metadata/ownerReferences/-"
        );
    }
}
