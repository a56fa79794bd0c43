//! The Job controller's rules: `reconcile(job, pods, memory, now) -> Plan`.
//!
//! The same rules that kube-controller-manager's Job controller runs (`pkg/controller/job` of Kubernetes 1.36), as pure
//! functions. A pass has three stages, because what is written depends on how the actions before it went:
//!
//! 1. [`reconcile`] claims Pods, counts them, decides, and says which Pods to create or delete: a [`Plan`].
//! 2. [`Plan::settle`] takes what came of that and says which status to write and which finalizers to remove: a [`Tracking`].
//! 3. [`Tracking::finish`] takes the removals that succeeded and says which status to write last: an [`Ending`].
//!
//! The caller performs each stage and may stop after any action; the next pass repairs what is missing.

pub mod admission;
mod backoff;
mod census;
mod claim;
mod container_status;
mod ending;
mod event;
mod explain;
mod failure_policy;
pub mod indexes;
mod job_spec;
pub(crate) mod kube_value;
mod leftover;
mod memory;
mod pod;
mod pod_content;
mod reconcile;
mod removal_order;
mod scaling;
mod selector;
mod settle;
mod slow_start;
mod status;
pub mod status_rules;
mod success_policy;
mod suspension;
mod tracking;
mod ttl;
pub mod validation;

pub use backoff::{BackoffRecord, finish_time};
pub use claim::Claim;
pub use container_status::Exit;
pub use ending::Decision;
pub use event::JobEvent;
pub use explain::explain;
pub use failure_policy::{FailureAction, FailurePolicy};
pub use job_spec::{CompletionMode, Job, JobSpec, RestartPolicy};
pub use leftover::{Owner, may_strip_finalizer};
pub use memory::Memory;
pub use pod::{Phase, Pod, PodCondition, PodRef};
pub use pod_content::{IndexFailures, NewPod, new_pod};
pub use reconcile::{Gate, Plan, reconcile};
pub use scaling::Scale;
pub use selector::Selector;
pub use settle::{Ending, ScaleOutcome, Tracking};
pub use slow_start::batches;
pub use status::{Condition, JobStatus, Uncounted};
pub use success_policy::SuccessPolicy;
pub use ttl::{TtlAction, after_finished};

/// The finalizer that keeps a finished Pod until it is counted (KEP-2307).
pub const TRACKING_FINALIZER: &str = "batch.kubernetes.io/job-tracking";
/// The value of `spec.managedBy` that hands a Job to this tool's reconciler (KEP-4368).
pub const RECONCILER_NAME: &str = "kubectl-batch/reconciler";
/// The most Pods that one pass creates or deletes for scaling (`maxPodCreateDeletePerSync`).
pub const SCALE_PER_PASS: usize = 500;

/// An object that does not have the shape of a Job or a Pod.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} `{name}`: `{field}` is not {expected}")]
pub struct ShapeError {
    /// The kind that was expected.
    pub kind: &'static str,
    /// The object's name, or empty.
    pub name: String,
    /// Path of the field.
    pub field: &'static str,
    /// What was expected there.
    pub expected: &'static str,
}
