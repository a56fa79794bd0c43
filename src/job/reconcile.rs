//! One pass, first stage: claim Pods, count them, decide whether the Job ends, else which Pods it wants.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::census::{Census, Counts};
use super::claim::{Claim, Claims, is_left_behind};
use super::ending::{Decision, ending};
use super::scaling::{Scale, scaling};
use super::{CompletionMode, Job, JobEvent, Memory, Pod, PodRef};

/// Whether there is anything to decide about a Job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Yes: all stages follow.
    Open,
    /// It is `Complete` or `Failed`: only [`Plan::left_behind`] is to be done, and the back-off is to be forgotten.
    Finished,
    /// Its end was written and is not observed yet: nothing is to be done.
    EndNotSeen,
    /// Its completion mode is not known: only [`Plan::events`] are to be recorded.
    UnknownMode,
}

/// The result of the first stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Whether the rest of the plan, and the later stages, are to be performed at all.
    pub gate: Gate,
    /// Pods to give away first; that one is gone, or changed meanwhile, is no error.
    pub release: Vec<Claim>,
    /// Pods to take over next. Only if the Job, read live, is not being deleted and still the same; otherwise, and if
    /// a change fails, the pass ends in error before anything else.
    pub adopt: Vec<Claim>,
    /// What to do then.
    pub scale: Scale,
    /// How the Job ends, if this pass decides it.
    pub decision: Option<Decision>,
    /// The Job needs another look after this time, whatever happens.
    pub wake_after: Option<SignedDuration>,
    /// Events to record at once.
    pub events: Vec<JobEvent>,
    /// Pods of a finished Job whose tracking finalizer is still to be removed.
    pub left_behind: Vec<PodRef>,
    /// One line that says what was counted and decided.
    pub line: String,
    pub(super) census: Census,
    pub(super) job: Job,
    pub(super) scaled: bool,
    pub(super) now: Timestamp,
}

/// Decides what one pass does for `job`.
///
/// `pods` are those that the Job controls, and those of its namespace that nobody controls; others are ignored. The
/// same inputs give the same plan, and a world that already is as wanted gives a plan without actions.
pub fn reconcile(job: &Job, pods: &[Arc<Pod>], memory: &Memory, now: Timestamp) -> Plan {
    let mut job = job.clone();
    let gate = gate(&job, memory);
    let claims = match gate {
        Gate::Open => Claims::of(&job, pods),
        _ => Claims::default(),
    };
    if job.status.start_time.is_none() && !job.spec.suspend {
        job.status.start_time = Some(now);
    }
    let mut plan = Plan {
        gate,
        release: claims.release.clone(),
        adopt: claims.adopt.clone(),
        scale: Scale::None,
        decision: None,
        wake_after: None,
        events: Vec::new(),
        left_behind: Vec::new(),
        line: String::new(),
        census: Census::of(&job, claims, memory),
        job,
        scaled: false,
        now,
    };
    match gate {
        Gate::Open => plan.decide(memory.expecting),
        Gate::Finished => plan.left_behind = left_behind(&plan.job, pods, memory),
        Gate::EndNotSeen => {}
        Gate::UnknownMode => plan.events.push(JobEvent::warning(
            "UnknownCompletionMode",
            "Skipped Job sync because completion mode is unknown",
        )),
    }
    plan
}

fn gate(job: &Job, memory: &Memory) -> Gate {
    if job.is_finished() {
        Gate::Finished
    } else if memory.finish_written {
        Gate::EndNotSeen
    } else if job.spec.completion_mode == CompletionMode::Unknown {
        Gate::UnknownMode
    } else {
        Gate::Open
    }
}

fn left_behind(job: &Job, pods: &[Arc<Pod>], memory: &Memory) -> Vec<PodRef> {
    pods.iter()
        .filter(|pod| pod.tracking_finalizer_at.is_some() && is_left_behind(job, pod))
        .filter(|pod| !memory.removals_in_flight.contains(&pod.uid))
        .map(|pod| pod.reference(pod.tracking_finalizer_at))
        .collect()
}

impl Plan {
    fn decide(&mut self, expecting: bool) {
        (self.decision, self.wake_after) = ending(&self.job, &self.census, self.now);
        if self.decision.is_some() {
            self.scale = Scale::delete_active(&self.census, false);
            self.line = self.describe(0, "end");
            // What is decided on an incomplete view is decided again on a complete one.
            self.decision = self.decision.take().filter(|_| !expecting);
            return;
        }
        if expecting || self.job.deleting {
            self.line = self.describe(0, "wait for what was asked for");
            return;
        }
        self.scaled = true;
        let scaling = scaling(&self.job, &self.census, self.now);
        let action = match (&scaling.scale, scaling.wait) {
            (Scale::Create(pods), _) => format!("create {}", pods.len()),
            (Scale::Delete { pods, .. }, _) => format!("delete {}", pods.len()),
            (Scale::None, Some(wait)) => format!("back-off, next try in {}s", wait.as_secs()),
            (Scale::None, None) => "nothing to create".into(),
        };
        self.line = self.describe(scaling.wanted, &action);
        self.scale = scaling.scale;
        self.wake_after = [self.wake_after, scaling.wait].into_iter().flatten().min();
    }

    fn describe(&self, wanted: i32, action: &str) -> String {
        let Counts {
            active,
            ready,
            succeeded,
            failed,
            ..
        } = self.census.counts;
        format!(
            "job {}: want {wanted}, active {active}, ready {ready}, succeeded {succeeded}, failed {failed}: {action}",
            self.job.name
        )
    }
}

#[cfg(test)]
#[path = "reconcile/tests.rs"]
mod tests;
