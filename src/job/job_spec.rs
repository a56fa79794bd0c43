//! A Job as the rules see it: parsed once, defaults applied.

use serde_json::Value;

use super::kube_value::{number, text};
use super::{JobStatus, ShapeError};

/// `spec.backoffLimit` where none is given (`pkg/apis/batch/v1/defaults.go`).
const DEFAULT_BACKOFF_LIMIT: i32 = 6;

/// `spec.template.spec.restartPolicy`, as far as Jobs allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartPolicy {
    /// A failed Pod stays failed; the controller makes a new one.
    Never,
    /// The node restarts failed containers in place.
    OnFailure,
}

/// What a Job asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSpec {
    /// How many Pods may be active at a time.
    pub parallelism: i32,
    /// How many Pods must succeed; `None` is a work queue.
    pub completions: Option<i32>,
    /// How many failures are forgiven.
    pub backoff_limit: i32,
    /// Seconds from the start after which the Job fails.
    pub active_deadline_seconds: Option<i64>,
    /// No Pods while this is set.
    pub suspend: bool,
    /// Failed Pods are replaced only once they have ended (`podReplacementPolicy: Failed`).
    pub only_replace_failed: bool,
    /// Who restarts a failed container.
    pub restart_policy: RestartPolicy,
}

/// A Job as it was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// `metadata.uid`.
    pub uid: String,
    /// Whether it has a deletion timestamp.
    pub deleting: bool,
    /// `spec.managedBy`: who reconciles it; `None` is the cluster's own controller.
    pub managed_by: Option<String>,
    /// What it asks for.
    pub spec: JobSpec,
    /// What was last written of it.
    pub status: JobStatus,
    /// `spec.template`, as stored.
    pub template: Value,
}

impl Job {
    /// Reads a Job from an object of `batch/v1`; absent fields take the API's defaults.
    pub fn from_value(value: &Value) -> Result<Self, ShapeError> {
        let name = text(value, "/metadata/name").unwrap_or_default().to_owned();
        let wrong = |field, expected| ShapeError {
            kind: "Job",
            name: name.clone(),
            field,
            expected,
        };
        let uid = text(value, "/metadata/uid").ok_or_else(|| wrong("metadata.uid", "a string"))?;
        let template = value
            .pointer("/spec/template")
            .cloned()
            .ok_or_else(|| wrong("spec.template", "an object"))?;
        let spec = JobSpec::from_value(value)
            .ok_or_else(|| wrong("spec.template.spec.restartPolicy", "`Never` or `OnFailure`"))?;
        Ok(Self {
            namespace: text(value, "/metadata/namespace")
                .unwrap_or("default")
                .to_owned(),
            uid: uid.to_owned(),
            deleting: text(value, "/metadata/deletionTimestamp").is_some(),
            managed_by: text(value, "/spec/managedBy").map(str::to_owned),
            spec,
            status: JobStatus::from_value(value.get("status").unwrap_or(&Value::Null)),
            template,
            name,
        })
    }

    /// Whether `Complete` or `Failed` is true: nothing about it changes any more.
    pub fn is_finished(&self) -> bool {
        self.status.is_true("Complete") || self.status.is_true("Failed")
    }
}

impl JobSpec {
    fn from_value(job: &Value) -> Option<Self> {
        let completions = number(job, "/spec/completions");
        let parallelism = number(job, "/spec/parallelism");
        let restart_policy = match text(job, "/spec/template/spec/restartPolicy") {
            Some("Never") => RestartPolicy::Never,
            Some("OnFailure") => RestartPolicy::OnFailure,
            _ => return None,
        };
        let has_failure_policy = job
            .pointer("/spec/podFailurePolicy")
            .is_some_and(|p| !p.is_null());
        Some(Self {
            // Both absent means one Pod; completions alone absent means a work queue.
            completions: if completions.is_none() && parallelism.is_none() {
                Some(1)
            } else {
                completions
            },
            parallelism: parallelism.unwrap_or(1),
            backoff_limit: number(job, "/spec/backoffLimit").unwrap_or(DEFAULT_BACKOFF_LIMIT),
            active_deadline_seconds: job
                .pointer("/spec/activeDeadlineSeconds")
                .and_then(Value::as_i64),
            suspend: job
                .pointer("/spec/suspend")
                .and_then(Value::as_bool)
                .unwrap_or(false),
            only_replace_failed: has_failure_policy
                || text(job, "/spec/podReplacementPolicy") == Some("Failed"),
            restart_policy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec(fields: &Value) -> JobSpec {
        let mut job = json!({"metadata": {"name": "pi", "uid": "u"}, "spec": {"template": {"spec": {"restartPolicy": "Never"}}}});
        for (key, value) in fields.as_object().expect("an object") {
            job["spec"][key] = value.clone();
        }
        Job::from_value(&job).expect("a Job").spec
    }

    #[test]
    fn completions_and_parallelism_default_together() {
        for (fields, completions, parallelism) in [
            (json!({}), Some(1), 1),
            (json!({"parallelism": 3}), None, 3),
            (json!({"completions": 4}), Some(4), 1),
            (json!({"completions": 0, "parallelism": 0}), Some(0), 0),
        ] {
            let spec = spec(&fields);
            assert_eq!(
                (spec.completions, spec.parallelism),
                (completions, parallelism),
                "{fields}"
            );
        }
    }

    #[test]
    fn always_is_no_restart_policy_of_a_job() {
        let job = json!({"metadata": {"name": "pi", "uid": "u"}, "spec": {"template": {"spec": {"restartPolicy": "Always"}}}});
        insta::assert_snapshot!(Job::from_value(&job).expect_err("refused"), @"Job `pi`: `spec.template.spec.restartPolicy` is not `Never` or `OnFailure`");
    }
}
