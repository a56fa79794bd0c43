//! A Pod as the rules see it, and the Pod that a Job asks for.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kube_value::{instant, list, number, text};
use super::{Job, ShapeError, TRACKING_FINALIZER};

/// `status.phase`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Accepted, not yet running.
    Pending,
    /// At least one container runs.
    Running,
    /// All containers ended well.
    Succeeded,
    /// All containers ended, one of them badly.
    Failed,
    /// The node is out of reach.
    Unknown,
}

/// What the rules need to know of a Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// Uid of the owner that controls it, if one does.
    pub controller_uid: Option<String>,
    /// `status.phase`.
    pub phase: Phase,
    /// Whether condition `Ready` is `True`.
    pub ready: bool,
    /// When condition `Ready` last changed.
    pub ready_changed: Option<Timestamp>,
    /// Whether it has a deletion timestamp.
    pub deleting: bool,
    /// Deletion timestamp less the grace period: when the deletion was asked for.
    pub deletion_asked: Option<Timestamp>,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
    /// Whether it is bound to a node.
    pub scheduled: bool,
    /// Sum of `restartCount` over regular and init containers.
    pub restarts: i32,
    /// The highest `restartCount` of a regular container.
    pub restarts_max: i32,
    /// When its last regular container ended, if all have.
    pub containers_finished: Option<Timestamp>,
    /// Where in `metadata.finalizers` the tracking finalizer stands, if it is there.
    pub tracking_finalizer_at: Option<usize>,
}

impl Pod {
    /// Reads a Pod from an object of `v1`.
    pub fn from_value(value: &Value) -> Result<Self, ShapeError> {
        let name = text(value, "/metadata/name").unwrap_or_default().to_owned();
        let uid = text(value, "/metadata/uid").ok_or_else(|| ShapeError {
            kind: "Pod",
            name: name.clone(),
            field: "metadata.uid",
            expected: "a string",
        })?;
        let ready = list(value, "/status/conditions")
            .iter()
            .find(|condition| text(condition, "/type") == Some("Ready"));
        let containers = list(value, "/status/containerStatuses");
        let restarts = |status: &Value| number(status, "/restartCount").unwrap_or(0);
        Ok(Self {
            uid: uid.to_owned(),
            namespace: text(value, "/metadata/namespace")
                .unwrap_or("default")
                .to_owned(),
            controller_uid: list(value, "/metadata/ownerReferences")
                .iter()
                .find(|owner| owner["controller"] == true)
                .and_then(|owner| text(owner, "/uid").map(str::to_owned)),
            phase: match text(value, "/status/phase") {
                Some("Running") => Phase::Running,
                Some("Succeeded") => Phase::Succeeded,
                Some("Failed") => Phase::Failed,
                Some("Unknown") => Phase::Unknown,
                _ => Phase::Pending,
            },
            ready: ready.is_some_and(|condition| text(condition, "/status") == Some("True")),
            ready_changed: ready.and_then(|condition| instant(condition, "/lastTransitionTime")),
            deleting: text(value, "/metadata/deletionTimestamp").is_some(),
            deletion_asked: deletion_asked(value),
            created: instant(value, "/metadata/creationTimestamp"),
            scheduled: text(value, "/spec/nodeName").is_some_and(|node| !node.is_empty()),
            restarts: containers
                .iter()
                .chain(list(value, "/status/initContainerStatuses"))
                .map(restarts)
                .fold(0, i32::saturating_add),
            restarts_max: containers.iter().map(restarts).max().unwrap_or(0),
            containers_finished: containers_finished(containers),
            tracking_finalizer_at: list(value, "/metadata/finalizers")
                .iter()
                .position(|finalizer| finalizer == TRACKING_FINALIZER),
            name,
        })
    }

    /// Succeeded or failed.
    pub fn is_finished(&self) -> bool {
        matches!(self.phase, Phase::Succeeded | Phase::Failed)
    }

    /// Neither finished nor being deleted.
    pub fn is_active(&self) -> bool {
        !self.is_finished() && !self.deleting
    }

    /// Being deleted, and not finished yet.
    pub fn is_terminating(&self) -> bool {
        !self.is_finished() && self.deleting
    }

    /// Whether it counts as a failure; a deleted Pod does at once, unless only failed Pods are replaced.
    pub fn has_failed(&self, only_replace_failed: bool) -> bool {
        self.phase == Phase::Failed
            || (!only_replace_failed && self.deleting && self.phase != Phase::Succeeded)
    }
}

fn deletion_asked(pod: &Value) -> Option<Timestamp> {
    let grace = pod
        .pointer("/metadata/deletionGracePeriodSeconds")
        .and_then(Value::as_i64)
        .unwrap_or(0);
    instant(pod, "/metadata/deletionTimestamp")?
        .checked_sub(jiff::SignedDuration::from_secs(grace))
        .ok()
}

/// The latest end, if every container has ended.
fn containers_finished(containers: &[Value]) -> Option<Timestamp> {
    let ends: Option<Vec<_>> = containers
        .iter()
        .map(|status| instant(status, "/state/terminated/finishedAt"))
        .collect();
    ends?.into_iter().max()
}

/// The Pod to create for a `NonIndexed` Job: the template, our owner reference and the tracking finalizer; the server makes its name.
pub fn new_pod(job: &Job) -> Value {
    let mut metadata = json!({
        "generateName": format!("{}-", job.name),
        "namespace": job.namespace,
        "ownerReferences": [{
            "apiVersion": "batch/v1", "kind": "Job", "name": job.name, "uid": job.uid,
            "controller": true, "blockOwnerDeletion": true,
        }],
    });
    for field in ["labels", "annotations"] {
        if let Some(map) = job.template.pointer(&format!("/metadata/{field}")) {
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
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": job.template["spec"]})
}
