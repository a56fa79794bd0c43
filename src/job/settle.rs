//! One pass, later stages: what to write before and after the finalizers of counted Pods go.
//!
//! A uid is on record in the status before its finalizer goes, and leaves the record in the same write that counts it.
//! So every finished Pod is counted exactly once, wherever the controller dies (KEP-2307).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::census::Counts;
use super::ending::completed;
use super::tracking::{Tracked, track};
use super::{BackoffRecord, Condition, Decision, JobEvent, JobStatus, Plan, PodRef, suspension};

/// After a full record the next pass comes so soon.
const NEXT_RECORD: SignedDuration = SignedDuration::from_secs(1);

/// What came of the actions of [`Plan::scale`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScaleOutcome {
    /// How many Pods were created, or were refused only because their namespace is going away.
    pub created: usize,
    /// Uids of the Pods that were deleted, or were gone already.
    pub deleted: BTreeSet<String>,
    /// Some create or delete failed: the pass ends in error.
    pub failed: bool,
}

/// The result of the second stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracking {
    /// Events to record first.
    pub events: Vec<JobEvent>,
    /// The status to write first, if it differs; when the write fails, nothing below may be done.
    pub write_before: Option<JobStatus>,
    /// The back-off to remember once `write_before` is written; nothing if there is nothing to write.
    pub backoff: Option<BackoffRecord>,
    /// Whose tracking finalizer to remove next.
    pub remove_finalizers: Vec<PodRef>,
    status: JobStatus,
    decision: Option<Decision>,
    completions: Option<i32>,
    may_finish: bool,
    wake_after: Option<SignedDuration>,
    now: Timestamp,
}

/// The result of the last stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The status to write last, if it differs from what was written before.
    pub write_after: Option<JobStatus>,
    /// Events to record after that write.
    pub events: Vec<JobEvent>,
    /// `write_after` holds the final condition.
    pub finished: bool,
    /// When to look again without being woken.
    pub wake_after: Option<SignedDuration>,
}

impl Plan {
    /// Second stage: the status to write, given what came of the first stage's actions.
    pub fn settle(&self, outcome: &ScaleOutcome) -> Tracking {
        let counts = self.counts_after(outcome);
        let mut status = self.job.status.clone();
        (status.active, status.ready, status.terminating) =
            (counts.active, Some(counts.ready), Some(counts.terminating));
        let mut decision = self.decision.clone().filter(|_| !outcome.failed);
        let mut events = Vec::new();
        if self.scaled {
            decision = completed(&self.job.spec, counts);
            if decision.is_none() {
                let suspend = self.job.spec.suspend;
                events.extend(suspension::note(&mut status, suspend, self.now));
            }
        }
        let Tracked { removals, capped } =
            track(&self.job, &self.census, decision.as_ref(), &mut status);
        if let Some(end) = decision
            .as_ref()
            .filter(|end| !status.is_true(end.interim()))
        {
            status.set_condition(end.condition(end.interim(), self.now));
        }
        // A start time alone is no reason to write.
        let observed = JobStatus {
            start_time: status.start_time,
            ..self.job.status.clone()
        };
        let write_before = (status != observed).then(|| status.clone());
        Tracking {
            events,
            backoff: write_before.is_some().then_some(self.census.backoff),
            write_before,
            remove_finalizers: removals,
            may_finish: !capped && counts.terminating == 0,
            completions: self.job.spec.completions,
            wake_after: [self.wake_after, capped.then_some(NEXT_RECORD)]
                .into_iter()
                .flatten()
                .min(),
            status,
            decision,
            now: self.now,
        }
    }

    fn counts_after(&self, outcome: &ScaleOutcome) -> Counts {
        let deleted = outcome.deleted.len() as i32;
        let was_ready = self
            .census
            .active()
            .filter(|seen| seen.pod.ready && outcome.deleted.contains(&seen.pod.uid))
            .count() as i32;
        let counts = self.census.counts;
        Counts {
            active: counts.active + outcome.created as i32 - deleted,
            ready: counts.ready - was_ready,
            terminating: counts.terminating + deleted,
            ..counts
        }
    }
}

impl Decision {
    fn condition(&self, kind: &str, now: Timestamp) -> Condition {
        Condition::at(kind, "True", &self.reason, &self.message, now)
    }
}

impl Tracking {
    /// Last stage: the counters and the final condition, given the uids whose finalizer is gone.
    pub fn finish(&self, removed: &BTreeSet<String>) -> Ending {
        let mut status = self.status.clone();
        status.count_gone(&|uid| removed.contains(uid));
        let all_removed = self
            .remove_finalizers
            .iter()
            .all(|pod| removed.contains(&pod.uid));
        let nothing_on_record =
            status.uncounted.succeeded.is_empty() && status.uncounted.failed.is_empty();
        let end = self
            .decision
            .as_ref()
            .filter(|_| self.may_finish && all_removed && nothing_on_record);
        let mut events = Vec::new();
        if let Some(end) = end {
            events = self.end(&mut status, end);
        }
        Ending {
            write_after: (status != self.status).then_some(status),
            events,
            finished: end.is_some(),
            wake_after: self.wake_after,
        }
    }

    fn end(&self, status: &mut JobStatus, end: &Decision) -> Vec<JobEvent> {
        // A Job without Pods that ends while it is suspended never started; some servers insist on a start time.
        status.start_time.get_or_insert(self.now);
        status.set_condition(end.condition(end.last(), self.now));
        if !end.success {
            return vec![JobEvent::warning(&end.reason, &end.message)];
        }
        status.completion_time = Some(self.now);
        let too_many = self
            .completions
            .is_some_and(|wanted| status.succeeded > wanted);
        let warning = too_many.then(|| {
            JobEvent::warning(
                "TooManySucceededPods",
                "Too many succeeded pods running after completion count reached",
            )
        });
        let completed = JobEvent::normal("Completed", "Job completed");
        warning.into_iter().chain([completed]).collect()
    }
}
