//! What the controller of a member's Job has to do next, and since when or from when on.

use jiff::{SignedDuration, Timestamp};

use super::job_view::JobView;
use super::phase::{Assessment, Phase};
use super::pod_view::{PodState, PodView};
use crate::job::BackoffRecord;

/// When the Job's deadline ends it; the time of a suspended Job stands still.
pub(super) fn deadline(job: &JobView) -> Option<Timestamp> {
    let seconds = job.deadline_secs.filter(|_| !job.suspended)?;
    let started = job.started?;
    started
        .checked_add(SignedDuration::from_secs(seconds.into()))
        .ok()
}

/// Since when, or from when on, the Job's controller has something to do: make the first Pod or the next one, or say that the
/// Job has ended.
pub(super) fn owed_since(
    found: &Assessment,
    job: &JobView,
    pods: &[&PodView],
) -> Option<Timestamp> {
    let last_end = || pods.iter().filter_map(|pod| pod.finished).max();
    let has_live = pods.iter().any(|pod| {
        !pod.deleting && !matches!(pod.state, PodState::Succeeded | PodState::Failed(_))
    });
    match found.phase {
        _ if has_live || found.obstacle.is_some() => None,
        Phase::Pending if job.active == 0 => job.started.or(job.created),
        Phase::Running => last_end(),
        Phase::BackingOff => found.next_try.or_else(last_end),
        _ => None,
    }
}

/// When the Job controller makes the next Pod: the same arithmetic as its own.
pub(super) fn next_try(
    failures: u32,
    tries_max: u32,
    last: Option<Timestamp>,
) -> Option<Timestamp> {
    if failures >= tries_max {
        return None;
    }
    let last_failure = last?;
    let record = BackoffRecord {
        failures,
        last_failure: Some(last_failure),
    };
    last_failure
        .checked_add(record.remaining(last_failure))
        .ok()
}
