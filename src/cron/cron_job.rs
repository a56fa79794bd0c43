//! A `CronJob` and its Jobs as the rules see them: parsed once.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::job::ShapeError;
use crate::job::kube_value::{instant, list, number, text};

/// `spec.concurrencyPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concurrency {
    /// Jobs may run side by side.
    Allow,
    /// A start is left out while a Job runs.
    Forbid,
    /// A Job that runs is deleted for the next one.
    Replace,
}

/// A `CronJob` as it was observed.
#[derive(Clone, Debug, PartialEq)]
pub struct CronJob {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.creationTimestamp`.
    pub created: Timestamp,
    /// Whether it has a deletion timestamp.
    pub deleting: bool,
    /// `spec.schedule`.
    pub schedule: String,
    /// `spec.timeZone`.
    pub time_zone: Option<String>,
    /// `spec.startingDeadlineSeconds`.
    pub starting_deadline_seconds: Option<i64>,
    /// `spec.concurrencyPolicy`.
    pub concurrency: Concurrency,
    /// `spec.suspend`.
    pub suspend: bool,
    /// How many Jobs that are `Complete` to keep; nothing keeps all.
    pub successful_limit: Option<i32>,
    /// How many Jobs that are `Failed` to keep; nothing keeps all.
    pub failed_limit: Option<i32>,
    /// `spec.jobTemplate`.
    pub job_template: Value,
    /// What was last written of it.
    pub status: CronStatus,
}

/// `status` of a `CronJob`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CronStatus {
    /// Jobs that were started and have not been seen to end.
    pub active: Vec<ActiveJob>,
    /// The time of the last start that was taken.
    pub last_schedule: Option<Timestamp>,
    /// When the last Job that is `Complete` completed.
    pub last_successful: Option<Timestamp>,
}

/// One entry of `status.active`.
#[derive(Clone, Debug, PartialEq)]
pub struct ActiveJob {
    /// The Job's name.
    pub name: String,
    /// The Job's uid.
    pub uid: String,
    /// The whole reference, as it is written.
    pub reference: Value,
}

/// How a Job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// `Complete` is true.
    Complete,
    /// `Failed` is true.
    Failed,
}

/// A Job that a `CronJob` controls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// How it ended, if it has; interim conditions are no end.
    pub ending: Option<Ending>,
    /// `status.startTime`.
    pub started: Option<Timestamp>,
    /// `status.completionTime`.
    pub completed: Option<Timestamp>,
}

impl CronJob {
    /// Reads a `CronJob` from an object of `batch/v1`; absent fields take the API's defaults.
    pub fn from_value(value: &Value) -> Result<Self, ShapeError> {
        let name = text(value, "/metadata/name").unwrap_or_default().to_owned();
        let wrong = |field, expected| ShapeError {
            kind: "CronJob",
            name: name.clone(),
            field,
            expected,
        };
        let uid = text(value, "/metadata/uid").ok_or_else(|| wrong("metadata.uid", "a string"))?;
        let created = instant(value, "/metadata/creationTimestamp")
            .ok_or_else(|| wrong("metadata.creationTimestamp", "an instant"))?;
        let schedule = text(value, "/spec/schedule");
        let limit = |field: &str, default| match value.pointer(field) {
            None => Some(default),
            Some(_) => number(value, field),
        };
        Ok(Self {
            namespace: text(value, "/metadata/namespace")
                .unwrap_or("default")
                .to_owned(),
            uid: uid.to_owned(),
            created,
            deleting: text(value, "/metadata/deletionTimestamp").is_some(),
            schedule: schedule
                .ok_or_else(|| wrong("spec.schedule", "a string"))?
                .to_owned(),
            time_zone: text(value, "/spec/timeZone").map(str::to_owned),
            starting_deadline_seconds: value
                .pointer("/spec/startingDeadlineSeconds")
                .and_then(Value::as_i64),
            concurrency: match text(value, "/spec/concurrencyPolicy") {
                None | Some("Allow") => Concurrency::Allow,
                Some("Forbid") => Concurrency::Forbid,
                Some("Replace") => Concurrency::Replace,
                Some(_) => {
                    let expected = "`Allow`, `Forbid` or `Replace`";
                    return Err(wrong("spec.concurrencyPolicy", expected));
                }
            },
            suspend: value.pointer("/spec/suspend") == Some(&Value::Bool(true)),
            successful_limit: limit("/spec/successfulJobsHistoryLimit", 3),
            failed_limit: limit("/spec/failedJobsHistoryLimit", 1),
            job_template: value["spec"]["jobTemplate"].clone(),
            status: CronStatus::from_value(&value["status"]),
            name,
        })
    }
}

impl CronStatus {
    /// Reads a `status` value; what is absent is empty.
    pub fn from_value(status: &Value) -> Self {
        let active = |reference: &Value| ActiveJob {
            name: text(reference, "/name").unwrap_or_default().to_owned(),
            uid: text(reference, "/uid").unwrap_or_default().to_owned(),
            reference: reference.clone(),
        };
        Self {
            active: list(status, "/active").iter().map(active).collect(),
            last_schedule: instant(status, "/lastScheduleTime"),
            last_successful: instant(status, "/lastSuccessfulTime"),
        }
    }

    /// The `status` value to write; what is unset is left out.
    pub fn to_value(&self) -> Value {
        let mut status = json!({});
        if !self.active.is_empty() {
            let references = self.active.iter().map(|active| active.reference.clone());
            status["active"] = references.collect();
        }
        for (field, time) in [
            ("lastScheduleTime", self.last_schedule),
            ("lastSuccessfulTime", self.last_successful),
        ] {
            if let Some(time) = time {
                status[field] = time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into();
            }
        }
        status
    }

    /// Whether a Job with this uid is listed.
    pub(super) fn lists(&self, uid: &str) -> bool {
        self.active.iter().any(|active| active.uid == uid)
    }

    pub(super) fn remove(&mut self, uid: &str) {
        self.active.retain(|active| active.uid != uid);
    }
}

impl Child {
    /// Reads a Job from an object of `batch/v1`, if this `CronJob` controls it.
    pub fn of(cron_job: &CronJob, job: &Value) -> Option<Self> {
        let owner = list(job, "/metadata/ownerReferences")
            .iter()
            .find(|owner| owner["controller"] == true)?;
        if text(owner, "/uid") != Some(&cron_job.uid) {
            return None;
        }
        let is_true = |kind: &str| {
            list(job, "/status/conditions").iter().any(|condition| {
                text(condition, "/type") == Some(kind) && text(condition, "/status") == Some("True")
            })
        };
        Some(Self {
            name: text(job, "/metadata/name")?.to_owned(),
            uid: text(job, "/metadata/uid")?.to_owned(),
            ending: if is_true("Complete") {
                Some(Ending::Complete)
            } else if is_true("Failed") {
                Some(Ending::Failed)
            } else {
                None
            },
            started: instant(job, "/status/startTime"),
            completed: instant(job, "/status/completionTime"),
        })
    }
}

impl Ending {
    /// The type of the condition.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "Complete",
            Self::Failed => "Failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cron_job(spec: &Value) -> CronJob {
        let mut object = json!({
            "metadata": {"name": "c", "uid": "u", "creationTimestamp": "2026-01-15T12:00:00Z"},
            "spec": {"schedule": "@daily"},
        });
        for (key, value) in spec.as_object().expect("an object") {
            object["spec"][key] = value.clone();
        }
        CronJob::from_value(&object).expect("a CronJob")
    }

    #[test]
    fn history_limits_default_and_may_be_lifted() {
        for (spec, successful, failed) in [
            (json!({}), Some(3), Some(1)),
            (
                json!({"successfulJobsHistoryLimit": 0, "failedJobsHistoryLimit": null}),
                Some(0),
                None,
            ),
        ] {
            let found = cron_job(&spec);
            assert_eq!(
                (found.successful_limit, found.failed_limit),
                (successful, failed),
                "{spec}"
            );
        }
    }

    #[test]
    fn only_a_job_that_it_controls_is_its_child_and_interim_conditions_are_no_end() {
        let owner = cron_job(&json!({}));
        for (uid, controller, condition, child) in [
            ("u", true, "Complete", Some(Some(Ending::Complete))),
            ("u", true, "Failed", Some(Some(Ending::Failed))),
            ("u", true, "FailureTarget", Some(None)),
            ("u", false, "Complete", None),
            ("v", true, "Complete", None),
        ] {
            let job = json!({
                "metadata": {"name": "j", "uid": "j", "ownerReferences": [{"uid": uid, "controller": controller}]},
                "status": {"conditions": [{"type": condition, "status": "True"}]},
            });
            let found = Child::of(&owner, &job).map(|child| child.ending);
            assert_eq!(found, child, "{uid} {controller} {condition}");
        }
    }

    #[test]
    fn a_status_is_written_as_it_was_read() {
        let status = json!({
            "active": [{"kind": "Job", "name": "j", "uid": "1"}],
            "lastScheduleTime": "2026-01-15T12:00:00Z",
        });
        assert_eq!(CronStatus::from_value(&status).to_value(), status);
    }
}
