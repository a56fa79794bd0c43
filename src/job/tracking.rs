//! Which Pods are put on record to be counted, and which lose their finalizer
//! (`pkg/controller/job/job_controller.go`, `trackJobStatusAndRemoveFinalizers`; KEP-2307).

use std::collections::BTreeSet;

use super::census::{Census, Seen, counts_as_failure, grown};
use super::{Decision, Job, JobStatus, Phase, PodRef};

/// The most Pods on their way into the counters at a time (`MaxUncountedPods`).
const UNCOUNTED_MAX: usize = 500;

/// What came of the walk over the Pods.
pub(super) struct Tracked {
    /// Whose tracking finalizer may go once the status is written.
    pub(super) removals: Vec<PodRef>,
    /// The record is full: the rest of the Pods comes in the next pass.
    pub(super) capped: bool,
}

/// Counts the uids on record whose finalizer is gone, and puts newly finished Pods on record.
pub(super) fn track(
    job: &Job,
    census: &Census,
    decision: Option<&Decision>,
    status: &mut JobStatus,
) -> Tracked {
    count_those_gone(census, status);
    let ends = job.deleting || decision.is_some();
    let failing = decision.is_some_and(|decision| !decision.success);
    let mut new_indexes = Vec::new();
    let mut tracked = Tracked {
        removals: Vec::new(),
        capped: false,
    };
    for seen in in_order(census, ends) {
        let uid = &seen.pod.uid;
        if seen.pod.phase == Phase::Succeeded && !status.uncounted.failed.contains(uid) {
            match &census.indexes {
                // The index itself is the record.
                Some(indexes) => {
                    new_indexes.extend(seen.index.filter(|index| !indexes.before.contains(*index)));
                }
                None => {
                    status.uncounted.succeeded.insert(uid.clone());
                }
            }
        } else if (seen.failed || failing)
            && seen.countable
            && !status.uncounted.failed.contains(uid)
            && counts_as_failure(job, &seen.pod)
        {
            status.uncounted.failed.insert(uid.clone());
        }
        tracked.removals.push(seen.pod.reference(seen.finalizer_at));
        let on_record = status.uncounted.succeeded.len() + status.uncounted.failed.len();
        if new_indexes.len() + on_record >= UNCOUNTED_MAX {
            tracked.capped = true;
            break;
        }
    }
    write_indexes(census, new_indexes, status);
    tracked
}

/// The Pods whose finalizer may go, in the order in which they are recorded: by index, else as listed.
fn in_order(census: &Census, ends: bool) -> Vec<&Seen> {
    let may_go = |place: usize, seen: &Seen| {
        ends || seen.pod.phase == Phase::Succeeded || (seen.failed && !census.is_held(place))
    };
    let pods = census.pods.iter().enumerate();
    let mut pods: Vec<&Seen> = pods
        .filter(|(place, seen)| seen.finalizer_at.is_some() && may_go(*place, seen))
        .map(|(_, seen)| seen)
        .collect();
    if census.indexes.is_some() {
        pods.sort_by_key(|seen| seen.pod.index);
    }
    pods
}

fn count_those_gone(census: &Census, status: &mut JobStatus) {
    let on_record = &status.uncounted;
    if on_record.succeeded.is_empty() && on_record.failed.is_empty() {
        return;
    }
    let present: BTreeSet<&str> = census
        .pods
        .iter()
        .filter(|seen| seen.finalizer_at.is_some())
        .map(|seen| seen.pod.uid.as_str())
        .filter(|uid| on_record.succeeded.contains(*uid) || on_record.failed.contains(*uid))
        .collect();
    status.count_gone(&|uid| !present.contains(uid));
}

fn write_indexes(census: &Census, new: Vec<i32>, status: &mut JobStatus) {
    let Some(indexes) = &census.indexes else {
        return;
    };
    let completed = indexes.before.with(new);
    status.succeeded = grown(0, completed.len());
    status.completed_indexes = completed.to_string();
    status.failed_indexes = indexes.failed.as_ref().map(ToString::to_string);
}

impl JobStatus {
    /// Counts the uids on record whose finalizer is gone, and takes them off the record.
    pub(super) fn count_gone(&mut self, gone: &dyn Fn(&str) -> bool) {
        let before = (self.uncounted.succeeded.len(), self.uncounted.failed.len());
        self.uncounted.succeeded.retain(|uid| !gone(uid));
        self.uncounted.failed.retain(|uid| !gone(uid));
        let counted = |before: usize, after: usize| before - after;
        self.succeeded = grown(
            self.succeeded,
            counted(before.0, self.uncounted.succeeded.len()),
        );
        self.failed = grown(self.failed, counted(before.1, self.uncounted.failed.len()));
    }
}
