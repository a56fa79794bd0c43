//! How the loop runs, and which Jobs are its own.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::job::{Job, RECONCILER_NAME};

/// Changes of Pods are gathered for so long on a real cluster.
const GATHER: Duration = Duration::from_secs(1);
/// Passes under way at a time on a real cluster (`--concurrent-job-syncs` is 5; ours wait for answers, not for a processor).
const PASSES_MAX: usize = 16;

/// Which Jobs this controller may act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The cluster has no other controller: unmanaged Jobs, and those of [`RECONCILER_NAME`].
    Everything,
    /// As `kube-controller-manager`: unmanaged Jobs, and the time to live of all. Those of [`RECONCILER_NAME`] wait for somebody else.
    Unmanaged,
    /// Only Jobs whose `spec.managedBy` is [`RECONCILER_NAME`].
    HandedOver,
}

impl Owner {
    pub(super) fn owns(self, job: &Job) -> bool {
        let unmanaged = self.is_the_clusters() && job.is_managed_by_cluster();
        let handed_over = self != Self::Unmanaged && job.is_managed_by(RECONCILER_NAME);
        unmanaged || handed_over
    }

    /// Whether there is no other controller for what nobody in particular manages.
    pub(super) fn is_the_clusters(self) -> bool {
        self != Self::HandedOver
    }
}

/// How the loop runs.
#[derive(Clone)]
pub struct Options {
    /// Which Jobs to act on.
    pub owner: Owner,
    /// The namespace to watch, or all.
    pub namespace: Option<String>,
    /// A label selector for Jobs.
    pub selector: Option<String>,
    /// Changes of Pods are gathered for so long before a pass (`syncJobBatchPeriod` is one second).
    pub gather: Duration,
    /// The most passes under way at a time.
    pub concurrency: usize,
    /// The most Pods to create in a second; `None` is as fast as the server takes them.
    pub pods_per_second: Option<f64>,
    /// Ends after one pass over every Job.
    pub once: bool,
    /// The wall clock.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Options {
    /// For the Jobs of a real cluster that were handed over, in a namespace or in all.
    pub fn on_a_cluster(
        namespace: Option<String>,
        selector: Option<String>,
        clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    ) -> Self {
        Self {
            owner: Owner::HandedOver,
            namespace,
            selector,
            gather: GATHER,
            concurrency: PASSES_MAX,
            pods_per_second: None,
            once: false,
            clock,
        }
    }
}

/// What the loop did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// Passes that ended well.
    pub good: usize,
    /// Passes that ended in an error.
    pub failed: usize,
}
