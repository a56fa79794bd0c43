//! The Job that a `CronJob` starts, and what came of starting it
//! (`pkg/controller/cronjob/utils.go`, `getJobFromTemplate2`).

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{ActiveJob, Child, Concurrency, CronJob, CronPlan, CronStatus, zone};
use crate::job::JobEvent;
use crate::job::kube_value::text;

/// The annotation that says for when a Job was started.
const SCHEDULED_KEY: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// A Job to start.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// Jobs to delete before: each is read live, then deleted with propagation `Background`; the first failure ends it all.
    pub replace: Vec<ActiveJob>,
    /// The Job to create.
    pub job: Value,
    pub(super) time: Timestamp,
}

/// What came of deleting one Job for the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// It is deleted.
    Deleted,
    /// It could not be read, or is not there: what the read said.
    NotRead(String),
    /// It could not be deleted: what the server said.
    NotDeleted(String),
}

/// What came of a create.
#[derive(Clone, Debug, PartialEq)]
pub enum CreateOutcome {
    /// The Job, as the server answered.
    Created(Value),
    /// A Job of this name is there: the Job as read live, or nothing if that failed.
    Exists(Option<Value>),
    /// The namespace is going away.
    NamespaceTerminating,
    /// Anything else: what the server said.
    Failed(String),
}

/// What came of a [`Start`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StartOutcome {
    /// For each Job of [`Start::replace`] that was tried, in order.
    pub replaced: Vec<Replaced>,
    /// The create, if it came to that.
    pub created: Option<CreateOutcome>,
}

/// How a pass ends.
#[derive(Clone, Debug, PartialEq)]
pub struct CronEnding {
    /// The status as it is now.
    pub status: CronStatus,
    /// Whether it is to be written; if that fails, the pass ends in error.
    pub write: bool,
    /// Events to record.
    pub events: Vec<JobEvent>,
    /// The pass ends in error, and is to be repeated with a growing delay.
    pub failed: bool,
    /// When to look again without being woken.
    pub wake_after: Option<SignedDuration>,
}

impl Start {
    pub(super) fn of(cron_job: &CronJob, status: &CronStatus, time: Timestamp) -> Self {
        let replaces = cron_job.concurrency == Concurrency::Replace;
        Self {
            replace: if replaces {
                status.active.clone()
            } else {
                Vec::new()
            },
            job: job(cron_job, time),
            time,
        }
    }
}

/// The name of the Job for a start: minutes since 1970, so that one start has one name.
pub(super) fn job_name(cron_job: &CronJob, time: Timestamp) -> String {
    format!("{}-{}", cron_job.name, time.as_second() / 60)
}

fn job(cron_job: &CronJob, time: Timestamp) -> Value {
    let template = &cron_job.job_template;
    let mut metadata = json!({
        "name": job_name(cron_job, time),
        "namespace": cron_job.namespace,
        "annotations": {},
        "ownerReferences": [{
            "apiVersion": "batch/v1", "kind": "CronJob", "name": cron_job.name, "uid": cron_job.uid,
            "controller": true, "blockOwnerDeletion": true,
        }],
    });
    for field in ["labels", "annotations"] {
        let map = template.pointer(&format!("/metadata/{field}"));
        if let Some(map) = map.filter(|map| map.is_object()) {
            metadata[field] = map.clone();
        }
    }
    let zone = cron_job.time_zone.as_deref().and_then(zone::load);
    let local = time.to_zoned(zone.unwrap_or(TimeZone::UTC));
    let format = if local.offset().is_zero() {
        "%Y-%m-%dT%H:%M:%SZ"
    } else {
        "%Y-%m-%dT%H:%M:%S%:z"
    };
    metadata["annotations"][SCHEDULED_KEY] = local.strftime(format).to_string().into();
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]})
}

impl CronPlan {
    /// Last stage: the status and what else is to be done, given what came of [`CronPlan::start`].
    pub fn finish(mut self, outcome: &StartOutcome) -> CronEnding {
        if let Some(start) = self.start.take() {
            self.replaced(&start, &outcome.replaced);
            match &outcome.created {
                Some(created) if !self.failed => self.created(&start, created),
                _ => self.failed = true,
            }
        }
        CronEnding {
            write: self.changed,
            wake_after: self.wake_after.filter(|_| !self.failed),
            failed: self.failed,
            status: self.status,
            events: self.events,
        }
    }

    fn replaced(&mut self, start: &Start, outcomes: &[Replaced]) {
        let mut gone = BTreeSet::new();
        for (active, outcome) in start.replace.iter().zip(outcomes) {
            let event = match outcome {
                Replaced::Deleted => {
                    gone.insert(active.uid.as_str());
                    let message = format!("Deleted job {}", active.name);
                    JobEvent::normal("SuccessfulDelete", message)
                }
                Replaced::NotRead(problem) => {
                    JobEvent::warning("FailedGet", format!("Get job: {problem}"))
                }
                Replaced::NotDeleted(problem) => {
                    JobEvent::warning("FailedDelete", format!("Deleted job: {problem}"))
                }
            };
            self.events.push(event);
        }
        self.changed |= !gone.is_empty();
        self.failed |= gone.len() < start.replace.len();
        for uid in gone {
            self.status.remove(uid);
        }
    }

    fn created(&mut self, start: &Start, outcome: &CreateOutcome) {
        let job = match outcome {
            CreateOutcome::Created(job) => {
                let name = text(&start.job, "/metadata/name").unwrap_or_default();
                let message = format!("Created job {name}");
                self.events
                    .push(JobEvent::normal("SuccessfulCreate", message));
                job
            }
            // A crash between the create and the write of the status left it unlisted.
            CreateOutcome::Exists(Some(job)) if self.is_unlisted_child(job) => job,
            CreateOutcome::Exists(Some(_)) => return,
            CreateOutcome::Exists(None) | CreateOutcome::NamespaceTerminating => {
                self.failed = true;
                return;
            }
            CreateOutcome::Failed(problem) => {
                let message = format!("Error creating job: {problem}");
                self.events.push(JobEvent::warning("FailedCreate", message));
                self.failed = true;
                return;
            }
        };
        self.status.active.push(ActiveJob::of(job));
        self.status.last_schedule = Some(start.time);
        self.changed = true;
        self.wake_after = self.next_look();
    }

    fn is_unlisted_child(&self, job: &Value) -> bool {
        let child = Child::of(&self.cron_job, job);
        child.is_some_and(|child| !self.status.lists(&child.uid))
    }
}

impl ActiveJob {
    fn of(job: &Value) -> Self {
        let metadata = &job["metadata"];
        let field = |name: &str| metadata[name].as_str().unwrap_or_default().to_owned();
        Self {
            name: field("name"),
            uid: field("uid"),
            reference: json!({
                "apiVersion": "batch/v1", "kind": "Job", "name": field("name"), "namespace": field("namespace"),
                "uid": field("uid"), "resourceVersion": field("resourceVersion"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cron_job(zone: &Value) -> CronJob {
        CronJob::from_value(&json!({
            "metadata": {"name": "c", "namespace": "n", "uid": "u", "creationTimestamp": "2026-01-15T12:00:00Z"},
            "spec": {"schedule": "@daily", "timeZone": zone, "jobTemplate": {"metadata": {"labels": {"a": "b"}, "annotations": {"x": "y"}}, "spec": {"parallelism": 2}}},
        }))
        .expect("a CronJob")
    }

    #[test]
    fn the_job_is_named_for_its_minute_and_says_its_time_in_the_zone_of_the_cron_job() {
        let time: Timestamp = "2016-05-19T10:00:00Z".parse().expect("an instant");
        for (zone, said) in [
            (json!(null), "2016-05-19T10:00:00Z"),
            (json!("Etc/UTC"), "2016-05-19T10:00:00Z"),
            (json!("Europe/Rome"), "2016-05-19T12:00:00+02:00"),
        ] {
            let job = job(&cron_job(&zone), time);
            assert_eq!(job["metadata"]["name"], "c-24394200");
            let annotations = json!({"x": "y", SCHEDULED_KEY: said});
            assert_eq!(job["metadata"]["annotations"], annotations, "{zone}");
            assert_eq!(job["metadata"]["labels"], json!({"a": "b"}));
            assert_eq!(job["spec"], json!({"parallelism": 2}));
        }
    }
}
