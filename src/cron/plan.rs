//! One pass over a `CronJob`: what becomes of its Jobs, and whether one is to start
//! (`pkg/controller/cronjob/cronjob_controllerv2.go`, `syncCronJob`).

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::start::{Start, job_name};
use super::{
    ActiveJob, Child, Concurrency, CronJob, CronStatus, Ending, Missed, Schedule, due, earliest,
    requeue_after, zone,
};
use crate::job::JobEvent;

/// What a live read of a Job found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiveJob {
    /// It is there.
    Found,
    /// It is not there.
    Gone,
    /// The read failed.
    Unknown,
}

/// What was done and read before the plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Uids of the Jobs of [`super::history`] that were deleted, and for the others what went wrong, by uid.
    pub history: BTreeMap<String, Result<(), String>>,
    /// The status of the `CronJob` as read live, if that was [needed](needs_live_cron_job).
    pub live_status: Option<CronStatus>,
    /// That read failed: the pass ends in error.
    pub live_status_failed: bool,
    /// What the live reads of [`missing_jobs`] found, by uid; an absent one is [`LiveJob::Unknown`].
    pub jobs: BTreeMap<String, LiveJob>,
}

/// What a pass decides.
#[derive(Clone, Debug, PartialEq)]
pub struct CronPlan {
    /// The Job to start, if one is due.
    pub start: Option<Start>,
    pub(super) cron_job: CronJob,
    pub(super) status: CronStatus,
    pub(super) events: Vec<JobEvent>,
    pub(super) changed: bool,
    pub(super) failed: bool,
    pub(super) wake_after: Option<SignedDuration>,
    pub(super) schedule: Option<Schedule>,
    pub(super) now: Timestamp,
}

/// Whether a Job runs that the status does not list: the status may be stale, and is to be read live before the plan.
pub fn needs_live_cron_job(cron_job: &CronJob, children: &[Child]) -> bool {
    children
        .iter()
        .any(|child| child.ending.is_none() && !cron_job.status.lists(&child.uid))
}

/// The entries of `status.active` without a Job: each is to be read live before the plan.
pub fn missing_jobs<'a>(status: &'a CronStatus, children: &[Child]) -> Vec<&'a ActiveJob> {
    let known: BTreeSet<&str> = children.iter().map(|child| child.uid.as_str()).collect();
    let missing = |active: &&ActiveJob| !known.contains(active.uid.as_str());
    status.active.iter().filter(missing).collect()
}

/// Decides what one pass does, given the Jobs that the `CronJob` controls.
///
/// A status that was read live takes the place of the observed one from the start, so that nothing of either is lost.
pub fn plan(cron_job: &CronJob, children: &[Child], facts: &Facts, now: Timestamp) -> CronPlan {
    let status = facts.live_status.as_ref().unwrap_or(&cron_job.status);
    let mut plan = CronPlan {
        start: None,
        status: status.clone(),
        cron_job: cron_job.clone(),
        events: Vec::new(),
        changed: false,
        failed: facts.live_status_failed,
        wake_after: None,
        schedule: None,
        now,
    };
    plan.clean_up(children, facts);
    if !plan.failed {
        plan.follow(children);
        plan.miss(children, facts);
    }
    if !plan.failed && !cron_job.deleting {
        plan.decide();
    }
    plan
}

impl CronPlan {
    fn clean_up(&mut self, children: &[Child], facts: &Facts) {
        for child in super::history(&self.cron_job, children) {
            match facts.history.get(&child.uid) {
                Some(Ok(())) => {
                    self.changed = true;
                    self.status.remove(&child.uid);
                    let message = format!("Deleted job {}", child.name);
                    self.events
                        .push(JobEvent::normal("SuccessfulDelete", message));
                }
                Some(Err(problem)) => {
                    let message = format!("Deleted job: {problem}");
                    self.events.push(JobEvent::warning("FailedDelete", message));
                }
                None => {}
            }
        }
    }

    /// Takes Jobs that ended off the list, and notes the last success.
    fn follow(&mut self, children: &[Child]) {
        for child in children {
            let listed = self.status.lists(&child.uid);
            match child.ending {
                None if !listed => {
                    let message = format!(
                        "Saw a job that the controller did not create or forgot: {}",
                        child.name
                    );
                    self.events
                        .push(JobEvent::warning("UnexpectedJob", message));
                }
                Some(ending) if listed => {
                    self.status.remove(&child.uid);
                    self.changed = true;
                    let message = format!(
                        "Saw completed job: {}, condition: {}",
                        child.name,
                        ending.name()
                    );
                    self.events
                        .push(JobEvent::normal("SawCompletedJob", message));
                }
                _ => {}
            }
            let later = child.completed > self.status.last_successful;
            if child.ending == Some(Ending::Complete) && later {
                self.status.last_successful = child.completed;
                self.changed = true;
            }
        }
    }

    /// Takes Jobs that are gone off the list.
    fn miss(&mut self, children: &[Child], facts: &Facts) {
        let missing = missing_jobs(&self.status, children);
        let missing: Vec<ActiveJob> = missing.into_iter().cloned().collect();
        for active in missing {
            match facts.jobs.get(&active.uid) {
                Some(LiveJob::Found) => {}
                Some(LiveJob::Gone) => {
                    self.status.remove(&active.uid);
                    self.changed = true;
                    let message = format!("Active job went missing: {}", active.name);
                    self.events.push(JobEvent::normal("MissingJob", message));
                }
                Some(LiveJob::Unknown) | None => {
                    self.failed = true;
                    return;
                }
            }
        }
    }

    fn decide(&mut self) {
        let cron_job = self.cron_job.clone();
        if let Some(name) = &cron_job.time_zone
            && zone::load(name).is_none()
        {
            let message = format!("invalid timeZone: {name:?}: unknown time zone {name}");
            self.events
                .push(JobEvent::warning("UnknownTimeZone", message));
            return;
        }
        if cron_job.suspend {
            return;
        }
        let Some(schedule) = self.read_schedule() else {
            return;
        };
        self.schedule = Some(schedule.clone());
        let Some(time) = self.due_time(&schedule) else {
            return;
        };
        if !self.may_start(time) {
            self.wake_after = self.next_look();
            return;
        }
        self.start = Some(Start::of(&cron_job, &self.status, time));
    }

    fn read_schedule(&mut self) -> Option<Schedule> {
        let text = self.cron_job.schedule.as_str();
        let mut name = self.cron_job.time_zone.as_deref();
        if text.contains("TZ") {
            name = None;
            let message = format!(
                "CRON_TZ or TZ used in schedule {text:?} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
            );
            self.events
                .push(JobEvent::warning("UnsupportedSchedule", message));
        }
        let zone = name.and_then(zone::load).unwrap_or(TimeZone::UTC);
        match Schedule::parse(text, zone) {
            Ok(schedule) => Some(schedule),
            Err(problem) => {
                let message = format!("unparseable schedule: {text:?} : {problem}");
                self.events
                    .push(JobEvent::warning("UnparseableSchedule", message));
                None
            }
        }
    }

    /// The start that is due, if any; else when to look again.
    fn due_time(&mut self, schedule: &Schedule) -> Option<Timestamp> {
        let CronJob {
            created,
            starting_deadline_seconds,
            ..
        } = self.cron_job;
        let last = self.status.last_schedule;
        let earliest = earliest(created, last, starting_deadline_seconds, self.now);
        let due = match due(schedule, earliest, self.now) {
            Ok(due) => due,
            Err(problem) => {
                let message = format!("invalid schedule: {} : {problem}", self.cron_job.schedule);
                self.events
                    .push(JobEvent::warning("InvalidSchedule", message));
                return None;
            }
        };
        if due.time.is_none() {
            self.wake_after = self.next_look();
        } else if due.missed == Missed::Many {
            self.events.push(JobEvent::warning(
                "TooManyMissedTimes",
                "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew",
            ));
        }
        due.time
    }

    /// Whether this start is to be taken now: it is not too late, was not taken already, and may run beside what runs.
    fn may_start(&mut self, time: Timestamp) -> bool {
        let deadline = self.cron_job.starting_deadline_seconds;
        let late = deadline.is_some_and(|seconds| {
            time.checked_add(SignedDuration::from_secs(seconds))
                .is_ok_and(|limit| limit < self.now)
        });
        if late {
            let message = format!(
                "Missed scheduled time to start a job: {}",
                time.strftime("%a, %d %b %Y %H:%M:%S +0000")
            );
            self.events.push(JobEvent::warning("MissSchedule", message));
            return false;
        }
        let name = job_name(&self.cron_job, time);
        let listed = self.status.active.iter().any(|active| active.name == name);
        if listed || self.status.last_schedule == Some(time) {
            return false;
        }
        if self.cron_job.concurrency == Concurrency::Forbid && !self.status.active.is_empty() {
            self.events.push(JobEvent::normal(
                "JobAlreadyActive",
                "Not starting job because prior execution is running and concurrency policy is Forbid",
            ));
            return false;
        }
        true
    }

    /// When to look again, by the status as it is now.
    pub(super) fn next_look(&self) -> Option<SignedDuration> {
        let schedule = self.schedule.as_ref()?;
        let last = self.status.last_schedule;
        requeue_after(schedule, self.cron_job.created, last, self.now)
    }
}
