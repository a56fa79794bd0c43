//! What is kept of a Job between passes.

use std::collections::BTreeSet;

use super::BackoffRecord;

/// What the controller remembers of one Job between passes; keyed by the Job's uid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Failures since the last success; nothing before the first status is written, and after the Job has finished.
    pub backoff: Option<BackoffRecord>,
    /// Pods were asked for, or asked away, that the observation does not show yet: nothing may be scaled or decided.
    pub expecting: bool,
    /// Uids of Pods whose finalizer was removed although the observation still shows it.
    pub removals_in_flight: BTreeSet<String>,
    /// A terminal condition was written that the observation does not show yet.
    pub finish_written: bool,
}
