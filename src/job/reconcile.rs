//! One pass, first stage: count the Pods, decide whether the Job ends, else how many Pods it wants.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{BackoffRecord, Job, Phase, Pod, RestartPolicy, SCALE_PER_PASS};

/// No creation is asked for sooner than this (`syncJobBatchPeriod`).
const BATCH_PERIOD: SignedDuration = SignedDuration::from_secs(1);

/// What the controller remembers of one Job between passes; keyed by the Job's uid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Failures since the last success.
    pub backoff: BackoffRecord,
    /// Pods were asked for, or asked away, that the observation does not show yet: nothing may be scaled or decided.
    pub expecting: bool,
    /// Uids of Pods whose finalizer was removed although the observation still shows it.
    pub removals_in_flight: BTreeSet<String>,
    /// A terminal condition was written that the observation does not show yet.
    pub finish_written: bool,
}

/// One Pod that an action is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodRef {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`: a precondition of every write.
    pub uid: String,
    /// Where its tracking finalizer stands, if it has one.
    pub finalizer_at: Option<usize>,
}

/// Which Pods to create or to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Nothing.
    None,
    /// Create so many, in slow-start batches.
    Create(usize),
    /// Delete these; with `strip_finalizer` the tracking finalizer goes first, so that they are never counted.
    Delete {
        /// Which Pods.
        pods: Vec<PodRef>,
        /// Remove the tracking finalizer before the DELETE.
        strip_finalizer: bool,
    },
}

/// How the Job ends: the interim condition that goes before `Complete` or `Failed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it ends as `Complete`.
    pub success: bool,
    /// The reason of both conditions.
    pub reason: String,
    /// The message of both conditions.
    pub message: String,
}

/// The result of the first stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What to do first.
    pub scale: Scale,
    /// How the Job ends, if this pass decides it.
    pub decision: Option<Decision>,
    /// The Job needs another look after this time, whatever happens.
    pub wake_after: Option<SignedDuration>,
    /// One line that says what was counted and decided.
    pub line: String,
    /// There is nothing to do for this Job any more, status included.
    pub over: bool,
    pub(super) counts: Counts,
    pub(super) backoff: BackoffRecord,
    pub(super) job: Job,
    pub(super) pods: Vec<Pod>,
    pub(super) scaled: bool,
    pub(super) removals_in_flight: BTreeSet<String>,
    pub(super) now: Timestamp,
}

/// What a pass counts in the Pods that it sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) active: i32,
    pub(super) ready: i32,
    pub(super) terminating: i32,
    pub(super) succeeded: i32,
    pub(super) failed: i32,
}

/// Decides what one pass does for `job`, given every Pod that it controls.
///
/// The same inputs give the same plan, and a world that already is as wanted gives a plan without actions.
pub fn reconcile(job: &Job, pods: &[Pod], memory: &Memory, now: Timestamp) -> Plan {
    let mut job = job.clone();
    let over = job.is_finished() || memory.finish_written;
    let tracked = |pod: &&Pod| {
        pod.tracking_finalizer_at.is_some() && !memory.removals_in_flight.contains(&pod.uid)
    };
    let new_successes: Vec<&Pod> = pods
        .iter()
        .filter(tracked)
        .filter(|pod| {
            pod.phase == Phase::Succeeded && !job.status.uncounted.succeeded.contains(&pod.uid)
        })
        .collect();
    let new_failures: Vec<&Pod> = pods
        .iter()
        .filter(tracked)
        .filter(|pod| {
            pod.has_failed(job.spec.only_replace_failed)
                && !job.status.uncounted.failed.contains(&pod.uid)
        })
        .collect();
    let count = |test: &dyn Fn(&Pod) -> bool| pods.iter().filter(|pod| test(pod)).count() as i32;
    let counts = Counts {
        active: count(&Pod::is_active),
        ready: count(&|pod| pod.is_active() && pod.ready),
        terminating: count(&Pod::is_terminating),
        succeeded: job.status.succeeded
            + job.status.uncounted.succeeded.len() as i32
            + new_successes.len() as i32,
        failed: job.status.failed
            + job.status.uncounted.failed.len() as i32
            + new_failures.len() as i32,
    };
    let backoff = memory.backoff.after(&new_successes, &new_failures);
    if job.status.start_time.is_none() && !job.spec.suspend {
        job.status.start_time = Some(now);
    }
    let mut plan = Plan {
        scale: Scale::None,
        decision: None,
        wake_after: None,
        line: String::new(),
        over,
        counts,
        backoff,
        job,
        pods: pods.to_vec(),
        scaled: false,
        removals_in_flight: memory.removals_in_flight.clone(),
        now,
    };
    if !over {
        plan.decide(memory.expecting);
    }
    plan
}

impl Plan {
    fn decide(&mut self, expecting: bool) {
        self.decision = self.early_end();
        if self.decision.is_some() {
            let pods = self.active_pods().map(pod_ref).collect::<Vec<_>>();
            if !pods.is_empty() {
                self.scale = Scale::Delete {
                    pods,
                    strip_finalizer: false,
                };
            }
            // What is decided on an incomplete view is decided again on a complete one.
            self.decision = self.decision.take().filter(|_| !expecting);
            self.line = self.describe(0, "end");
            return;
        }
        self.wake_after = self.until_deadline();
        if expecting || self.job.deleting {
            self.line = self.describe(0, "wait for what was asked for");
            return;
        }
        self.scaled = true;
        let wanted = self.wanted();
        let action = self.scale_to(wanted);
        self.line = self.describe(wanted, &action);
    }

    /// Tests 1 to 5 of the fixed order: what was decided before, the back-off limit, the deadline.
    fn early_end(&self) -> Option<Decision> {
        let earlier = |kind: &str, success| {
            let condition = self.job.status.true_condition(kind)?;
            Some(Decision {
                success,
                reason: condition.reason.clone(),
                message: condition.message.clone(),
            })
        };
        let failure = |reason: &str, message: &str| {
            Some(Decision {
                success: false,
                reason: reason.into(),
                message: message.into(),
            })
        };
        earlier("SuccessCriteriaMet", true)
            .or_else(|| earlier("FailureTarget", false))
            .or_else(|| {
                if self.past_backoff_limit() {
                    failure(
                        "BackoffLimitExceeded",
                        "Job has reached the specified backoff limit",
                    )
                } else if self.until_deadline().is_some_and(|left| left.is_zero()) {
                    failure(
                        "DeadlineExceeded",
                        "Job was active longer than specified deadline",
                    )
                } else {
                    None
                }
            })
    }

    /// With `OnFailure` the restarts of Pods that are still there count too, and the limit itself is too many.
    fn past_backoff_limit(&self) -> bool {
        let limit = self.job.spec.backoff_limit;
        if self.counts.failed > limit {
            return true;
        }
        if self.job.spec.restart_policy != RestartPolicy::OnFailure {
            return false;
        }
        let unfinished = self
            .pods
            .iter()
            .filter(|pod| matches!(pod.phase, Phase::Running | Phase::Pending));
        let restarts = unfinished
            .map(|pod| pod.restarts)
            .fold(0, i32::saturating_add);
        if limit == 0 {
            restarts > 0
        } else {
            restarts >= limit
        }
    }

    fn until_deadline(&self) -> Option<SignedDuration> {
        let spec = &self.job.spec;
        let deadline =
            SignedDuration::from_secs(spec.active_deadline_seconds.filter(|_| !spec.suspend)?);
        let resuming = self.job.status.is_true("Suspended");
        let start = if resuming {
            self.now
        } else {
            self.job.status.start_time?
        };
        Some((deadline - self.now.duration_since(start)).max(SignedDuration::ZERO))
    }

    fn wanted(&self) -> i32 {
        let parallelism = self.job.spec.parallelism;
        match self.job.spec.completions {
            _ if self.job.spec.suspend => 0,
            Some(completions) => (completions - self.counts.succeeded).clamp(0, parallelism.max(0)),
            None if self.counts.succeeded > 0 => self.counts.active,
            None => parallelism,
        }
    }

    fn scale_to(&mut self, wanted: i32) -> String {
        let surplus = self.counts.active - wanted;
        if surplus > 0 {
            let cap = if self.job.spec.suspend {
                usize::MAX
            } else {
                SCALE_PER_PASS
            };
            let pods = self
                .in_removal_order()
                .into_iter()
                .take((surplus as usize).min(cap))
                .map(pod_ref)
                .collect::<Vec<_>>();
            let action = format!("delete {}", pods.len());
            self.scale = Scale::Delete {
                pods,
                strip_finalizer: true,
            };
            return action;
        }
        let replaced_later = if self.job.spec.only_replace_failed {
            self.counts.terminating
        } else {
            0
        };
        let missing = wanted - self.counts.active - replaced_later;
        if missing <= 0 {
            return "nothing to create".into();
        }
        let wait = self.backoff.remaining(self.now);
        if wait > SignedDuration::ZERO {
            let wait = wait.max(BATCH_PERIOD);
            self.wake_after = Some(self.wake_after.map_or(wait, |earlier| earlier.min(wait)));
            return format!("back-off, next try in {}s", wait.as_secs());
        }
        let create = (missing as usize).min(SCALE_PER_PASS);
        self.scale = Scale::Create(create);
        format!("create {create}")
    }

    fn active_pods(&self) -> impl Iterator<Item = &Pod> {
        self.pods.iter().filter(|pod| pod.is_active())
    }

    /// Which of too many Pods go first (`controller.ActivePodsWithRanks`): those that have done least.
    fn in_removal_order(&self) -> Vec<&Pod> {
        let mut pods: Vec<&Pod> = self.active_pods().collect();
        let newest_first =
            |time: Option<Timestamp>| std::cmp::Reverse(time.unwrap_or(Timestamp::MAX));
        let phase_rank = |phase| match phase {
            Phase::Pending => 0,
            Phase::Unknown => 1,
            _ => 2,
        };
        pods.sort_by_key(|pod| {
            let ready_for = pod.ready.then(|| newest_first(pod.ready_changed));
            (
                pod.scheduled,
                phase_rank(pod.phase),
                pod.ready,
                ready_for,
                std::cmp::Reverse(pod.restarts_max),
                newest_first(pod.created),
                pod.name.clone(),
            )
        });
        pods
    }

    fn describe(&self, wanted: i32, action: &str) -> String {
        let Counts {
            active,
            ready,
            succeeded,
            failed,
            ..
        } = self.counts;
        format!(
            "job {}: want {wanted}, active {active}, ready {ready}, succeeded {succeeded}, failed {failed}: {action}",
            self.job.name
        )
    }
}

pub(super) fn pod_ref(pod: &Pod) -> PodRef {
    PodRef {
        name: pod.name.clone(),
        uid: pod.uid.clone(),
        finalizer_at: pod.tracking_finalizer_at,
    }
}

#[cfg(test)]
#[path = "reconcile/tests.rs"]
mod tests;
