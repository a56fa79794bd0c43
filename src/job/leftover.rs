//! Tracking finalizers on Pods whose Job no longer counts them.

/// Who controls a Pod that still has the tracking finalizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// No owner reference is a controller.
    Nobody,
    /// Its controller is not a Job of `batch/v1`.
    OtherKind,
    /// An existing Job that another controller manages.
    ForeignJob,
    /// An existing Job of ours that goes on.
    RunningJob,
    /// A Job of ours that is `Complete` or `Failed`.
    FinishedJob,
    /// The Job is gone, or another one has its name.
    AbsentJob,
}

/// Whether the tracking finalizer may go without a pass over the Job (`syncOrphanPod`).
pub fn may_strip_finalizer(owner: Owner) -> bool {
    matches!(owner, Owner::Nobody | Owner::FinishedJob | Owner::AbsentJob)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finalizer_stays_while_somebody_counts_the_pod() {
        for owner in [Owner::OtherKind, Owner::ForeignJob, Owner::RunningJob] {
            assert!(!may_strip_finalizer(owner), "{owner:?}");
        }
        for owner in [Owner::Nobody, Owner::FinishedJob, Owner::AbsentJob] {
            assert!(may_strip_finalizer(owner), "{owner:?}");
        }
    }
}
