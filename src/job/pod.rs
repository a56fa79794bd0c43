//! A Pod as the rules see it: parsed once.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::container_status::{Containers, Exit};
use super::kube_value::{instant, list, text, text_map};
use super::{ShapeError, TRACKING_FINALIZER};

/// The annotation, and since 1.28 the label, that holds a Pod's completion index.
pub(super) const INDEX_KEY: &str = "batch.kubernetes.io/job-completion-index";
/// The annotation that counts the failures of an index that its limit knows of (KEP-3850).
pub(super) const FAILURES_KEY: &str = "batch.kubernetes.io/job-index-failure-count";
/// The annotation that counts the failures of an index that the failure policy ignored (KEP-3850).
pub(super) const IGNORED_KEY: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

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

/// One Pod that an action is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodRef {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`: a precondition of every write.
    pub uid: String,
    /// The phase in which it was observed.
    pub phase: Phase,
    /// Where its tracking finalizer stands, if it has one.
    pub finalizer_at: Option<usize>,
}

/// One entry of `status.conditions` of a Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodCondition {
    /// Its type: `Ready`, `DisruptionTarget` ...
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
}

/// What the rules need to know of a Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one fact of the object; they come in any combination"
)]
pub struct Pod {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.resourceVersion`: a precondition of adoption; empty if not observed.
    pub resource_version: String,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// Uid of the owner that controls it, if one does.
    pub controller_uid: Option<String>,
    /// Where that owner stands in `metadata.ownerReferences`.
    pub controller_at: Option<usize>,
    /// Whether that owner is a `batch/v1` Job.
    pub controller_is_job: bool,
    /// How many owner references it has.
    pub owner_count: usize,
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
    /// The highest `restartCount` of a sidecar (an init container that is restarted always).
    pub sidecar_restarts_max: i32,
    /// When its last regular container or sidecar ended, if all have.
    pub containers_finished: Option<Timestamp>,
    /// Containers that ended badly: regular ones first, then init containers.
    pub exits: Vec<Exit>,
    /// `status.conditions`, as far as policies look at them.
    pub conditions: Vec<PodCondition>,
    /// How many finalizers it has.
    pub finalizer_count: usize,
    /// Where in `metadata.finalizers` the tracking finalizer stands, if it is there.
    pub tracking_finalizer_at: Option<usize>,
    /// Its completion index, if the annotation holds a number from 0; larger numbers than any index are cut.
    pub index: Option<i32>,
    /// Counted failures of its index before it; 0 if the annotation is no such number.
    pub failures: i32,
    /// Ignored failures of its index before it; 0 if the annotation is no such number.
    pub ignored_failures: i32,
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
        let owners = list(value, "/metadata/ownerReferences");
        let controller_at = owners.iter().position(|owner| owner["controller"] == true);
        let controller = controller_at.map(|at| &owners[at]);
        let conditions = list(value, "/status/conditions");
        let ready = conditions
            .iter()
            .find(|condition| text(condition, "/type") == Some("Ready"));
        let finalizers = list(value, "/metadata/finalizers");
        let containers = Containers::of_pod(value);
        Ok(Self {
            uid: uid.to_owned(),
            namespace: text(value, "/metadata/namespace")
                .unwrap_or("default")
                .to_owned(),
            resource_version: text(value, "/metadata/resourceVersion")
                .unwrap_or_default()
                .to_owned(),
            labels: text_map(value, "/metadata/labels"),
            controller_uid: controller.and_then(|owner| text(owner, "/uid").map(str::to_owned)),
            controller_at,
            controller_is_job: controller
                .is_some_and(|owner| owner["kind"] == "Job" && owner["apiVersion"] == "batch/v1"),
            owner_count: owners.len(),
            phase: Phase::from_text(text(value, "/status/phase")),
            ready: ready.is_some_and(|condition| text(condition, "/status") == Some("True")),
            ready_changed: ready.and_then(|condition| instant(condition, "/lastTransitionTime")),
            deleting: text(value, "/metadata/deletionTimestamp").is_some(),
            deletion_asked: deletion_asked(value),
            created: instant(value, "/metadata/creationTimestamp"),
            scheduled: text(value, "/spec/nodeName").is_some_and(|node| !node.is_empty()),
            restarts: containers.restarts,
            restarts_max: containers.restarts_max,
            sidecar_restarts_max: containers.sidecar_restarts_max,
            containers_finished: containers.finished,
            exits: containers.exits,
            conditions: conditions.iter().map(PodCondition::from_value).collect(),
            finalizer_count: finalizers.len(),
            tracking_finalizer_at: finalizers
                .iter()
                .position(|finalizer| finalizer == TRACKING_FINALIZER),
            index: annotation(value, INDEX_KEY)
                .and_then(|text| text.parse::<i64>().ok())
                .filter(|index| *index >= 0)
                .map(|index| index.min(i64::from(i32::MAX)) as i32),
            failures: count(value, FAILURES_KEY),
            ignored_failures: count(value, IGNORED_KEY),
            name,
        })
    }

    /// Its `resourceVersion` as a number; 0 if it is none.
    pub fn version(&self) -> u64 {
        self.resource_version.parse().unwrap_or(0)
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

    /// Since when condition `Ready` is `False`.
    pub(super) fn unready_since(&self) -> Option<Timestamp> {
        let is_unready = self
            .conditions
            .iter()
            .find(|condition| condition.kind == "Ready")
            .is_some_and(|condition| condition.status == "False");
        self.ready_changed.filter(|_| is_unready)
    }

    /// The name that actions use for it.
    pub(crate) fn reference(&self, finalizer_at: Option<usize>) -> PodRef {
        PodRef {
            name: self.name.clone(),
            uid: self.uid.clone(),
            phase: self.phase,
            finalizer_at,
        }
    }
}

impl Phase {
    fn from_text(text: Option<&str>) -> Self {
        match text {
            Some("Running") => Self::Running,
            Some("Succeeded") => Self::Succeeded,
            Some("Failed") => Self::Failed,
            Some("Unknown") => Self::Unknown,
            _ => Self::Pending,
        }
    }

    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Unknown => "Unknown",
        }
    }
}

impl PodCondition {
    fn from_value(value: &Value) -> Self {
        Self {
            kind: text(value, "/type").unwrap_or_default().to_owned(),
            status: text(value, "/status").unwrap_or_default().to_owned(),
        }
    }
}

fn annotation<'a>(pod: &'a Value, key: &str) -> Option<&'a str> {
    pod.pointer("/metadata/annotations")?.get(key)?.as_str()
}

/// A count in an annotation; anybody may write there, so what is no int32 from 0 is none.
fn count(pod: &Value, key: &str) -> i32 {
    let written = annotation(pod, key).and_then(|text| text.parse().ok());
    written.filter(|count| *count >= 0).unwrap_or(0)
}

fn deletion_asked(pod: &Value) -> Option<Timestamp> {
    let grace = pod
        .pointer("/metadata/deletionGracePeriodSeconds")
        .and_then(Value::as_i64)
        .unwrap_or(0);
    instant(pod, "/metadata/deletionTimestamp")?
        .checked_sub(SignedDuration::from_secs(grace))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(metadata: &Value) -> Pod {
        let mut metadata = metadata.clone();
        metadata["uid"] = "u".into();
        Pod::from_value(&json!({ "metadata": metadata })).expect("a Pod")
    }

    #[test]
    fn an_index_is_a_number_from_zero_in_the_annotation() {
        for (text, index) in [
            ("0", Some(0)),
            ("+7", Some(7)),
            ("-1", None),
            ("x", None),
            ("", None),
            ("99999999999", Some(i32::MAX)),
        ] {
            let found = pod(&json!({"annotations": {INDEX_KEY: text}})).index;
            assert_eq!(found, index, "{text}");
            let label = pod(&json!({"labels": {INDEX_KEY: text}})).index;
            assert_eq!(label, None, "label {text}");
        }
    }

    #[test]
    fn a_failure_count_that_is_no_int32_is_zero() {
        for (text, count) in [
            ("3", 3),
            ("2147483647", i32::MAX),
            ("2147483648", 0),
            ("-1", 0),
            ("x", 0),
        ] {
            let found = pod(&json!({"annotations": {FAILURES_KEY: text, IGNORED_KEY: text}}));
            assert_eq!((found.failures, found.ignored_failures), (count, count));
        }
    }

    #[test]
    fn only_an_owner_that_controls_counts() {
        let found = pod(&json!({"ownerReferences": [
            {"uid": "a", "kind": "Job", "apiVersion": "batch/v1"},
            {"uid": "b", "kind": "Job", "apiVersion": "batch/v1", "controller": true},
        ]}));
        assert_eq!(found.controller_uid.as_deref(), Some("b"));
        assert_eq!((found.controller_at, found.owner_count), (Some(1), 2));
        assert!(found.controller_is_job);
    }

    #[test]
    fn a_deleted_pod_has_failed_at_once_unless_only_failed_ones_are_replaced() {
        for (phase, deleting, at_once, later) in [
            ("Failed", false, true, true),
            ("Failed", true, true, true),
            ("Succeeded", true, false, false),
            ("Running", true, true, false),
            ("Running", false, false, false),
        ] {
            let found = Pod {
                phase: Phase::from_text(Some(phase)),
                deleting,
                ..pod(&json!({}))
            };
            assert_eq!(found.has_failed(false), at_once, "{phase} {deleting}");
            assert_eq!(found.has_failed(true), later, "{phase} {deleting}");
        }
    }
}
