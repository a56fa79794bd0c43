//! One pass, later stages: what to write before and after the finalizers of counted Pods go.
//!
//! A uid is on record in the status before its finalizer goes, and leaves the record in the same write that counts it.
//! So every finished Pod is counted exactly once, wherever the controller dies (KEP-2307).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::reconcile::{Counts, pod_ref};
use super::{BackoffRecord, Condition, Decision, JobStatus, Phase, Plan, PodRef};

/// The most uids on record at a time (`MaxUncountedPods`).
const UNCOUNTED_MAX: usize = 500;

/// What came of the actions of [`Plan::scale`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScaleOutcome {
    /// How many Pods were created.
    pub created: usize,
    /// Uids of the Pods that were deleted, or were gone already.
    pub deleted: BTreeSet<String>,
    /// Some create or delete failed: the pass ends in error.
    pub failed: bool,
}

/// An event to record on the Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEvent {
    /// `Warning` instead of `Normal`.
    pub warning: bool,
    /// A word for programs.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
}

/// The result of the second stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracking {
    /// Events to record first.
    pub events: Vec<JobEvent>,
    /// The status to write first, if it differs; when the write fails, nothing below may be done.
    pub write_before: Option<JobStatus>,
    /// The back-off to remember once `write_before` is written.
    pub backoff: BackoffRecord,
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
        if self.scaled && decision.is_none() {
            decision = self.completed(counts);
            if decision.is_none() {
                events.extend(self.note_suspension(&mut status));
            }
        }
        let (remove_finalizers, capped) = self.track(&mut status, decision.as_ref());
        if let Some(end) = &decision {
            let kind = if end.success {
                "SuccessCriteriaMet"
            } else {
                "FailureTarget"
            };
            if !status.is_true(kind) {
                status.set_condition(Condition::at(
                    kind,
                    "True",
                    &end.reason,
                    &end.message,
                    self.now,
                ));
            }
        }
        let observed = JobStatus {
            start_time: status.start_time,
            ..self.job.status.clone()
        };
        Tracking {
            events,
            write_before: (status != observed).then(|| status.clone()),
            backoff: self.backoff,
            remove_finalizers,
            may_finish: !capped && counts.terminating == 0,
            completions: self.job.spec.completions,
            wake_after: if capped {
                Some(SignedDuration::from_secs(1))
            } else {
                self.wake_after
            },
            status,
            decision,
            now: self.now,
        }
    }

    fn counts_after(&self, outcome: &ScaleOutcome) -> Counts {
        let deleted = outcome.deleted.len() as i32;
        let was_ready = self
            .pods
            .iter()
            .filter(|pod| pod.is_active() && pod.ready && outcome.deleted.contains(&pod.uid))
            .count() as i32;
        Counts {
            active: self.counts.active + outcome.created as i32 - deleted,
            ready: self.counts.ready - was_ready,
            terminating: self.counts.terminating + deleted,
            ..self.counts
        }
    }

    fn completed(&self, counts: Counts) -> Option<Decision> {
        let enough = self
            .job
            .spec
            .completions
            .map_or(counts.succeeded > 0, |wanted| counts.succeeded >= wanted);
        (enough && counts.active == 0).then(|| Decision {
            success: true,
            reason: "CompletionsReached".into(),
            message: "Reached expected number of succeeded pods".into(),
        })
    }

    /// Records that the Job was suspended, or goes on; each is an event too.
    fn note_suspension(&self, status: &mut JobStatus) -> Option<JobEvent> {
        let current = status
            .conditions
            .iter()
            .find(|condition| condition.kind == "Suspended")
            .map(|condition| condition.status.as_str());
        let (wanted, reason, message, event) = if self.job.spec.suspend {
            ("True", "JobSuspended", "Job suspended", "Suspended")
        } else {
            ("False", "JobResumed", "Job resumed", "Resumed")
        };
        // A Job that never was suspended does not get a condition that says so.
        if current == Some(wanted) || (current.is_none() && !self.job.spec.suspend) {
            return None;
        }
        status.start_time = (!self.job.spec.suspend).then_some(self.now);
        status.set_condition(Condition::at(
            "Suspended",
            wanted,
            reason,
            message,
            self.now,
        ));
        Some(JobEvent {
            warning: false,
            reason: event.into(),
            message: message.into(),
        })
    }

    /// Moves uids on record whose finalizer is gone into the counters, and puts newly finished Pods on record.
    /// The second value says that the record is full.
    fn track(&self, status: &mut JobStatus, decision: Option<&Decision>) -> (Vec<PodRef>, bool) {
        let tracked = || {
            self.pods.iter().filter(|pod| {
                pod.tracking_finalizer_at.is_some() && !self.removals_in_flight.contains(&pod.uid)
            })
        };
        let present: BTreeSet<&str> = tracked().map(|pod| pod.uid.as_str()).collect();
        status.count_gone(&|uid| !present.contains(uid));
        let failing = decision.is_some_and(|end| !end.success);
        let mut removals = Vec::new();
        for pod in tracked() {
            let failed = pod.has_failed(self.job.spec.only_replace_failed);
            if !(self.job.deleting || decision.is_some() || pod.phase == Phase::Succeeded || failed)
            {
                continue;
            }
            if pod.phase == Phase::Succeeded && !status.uncounted.failed.contains(&pod.uid) {
                status.uncounted.succeeded.insert(pod.uid.clone());
            } else if failed || failing {
                status.uncounted.failed.insert(pod.uid.clone());
            }
            removals.push(pod_ref(pod));
            if status.uncounted.succeeded.len() + status.uncounted.failed.len() >= UNCOUNTED_MAX {
                return (removals, true);
            }
        }
        (removals, false)
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
        status.start_time.get_or_insert(self.now);
        let kind = if end.success { "Complete" } else { "Failed" };
        status.set_condition(Condition::at(
            kind,
            "True",
            &end.reason,
            &end.message,
            self.now,
        ));
        if !end.success {
            return vec![JobEvent {
                warning: true,
                reason: end.reason.clone(),
                message: end.message.clone(),
            }];
        }
        status.completion_time = Some(self.now);
        let too_many = self
            .completions
            .is_some_and(|wanted| status.succeeded > wanted)
            .then(|| JobEvent {
                warning: true,
                reason: "TooManySucceededPods".into(),
                message: "Too many succeeded pods running after completion count reached".into(),
            });
        let completed = JobEvent {
            warning: false,
            reason: "Completed".into(),
            message: "Job completed".into(),
        };
        too_many.into_iter().chain([completed]).collect()
    }
}

impl JobStatus {
    /// Counts the uids on record whose finalizer is gone, and takes them off the record.
    fn count_gone(&mut self, gone: &dyn Fn(&str) -> bool) {
        let before = (self.uncounted.succeeded.len(), self.uncounted.failed.len());
        self.uncounted.succeeded.retain(|uid| !gone(uid));
        self.uncounted.failed.retain(|uid| !gone(uid));
        self.succeeded += (before.0 - self.uncounted.succeeded.len()) as i32;
        self.failed += (before.1 - self.uncounted.failed.len()) as i32;
    }
}
