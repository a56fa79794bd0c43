//! A Job as the rules see it: parsed once, defaults applied.

use serde_json::Value;

use super::failure_policy::FailurePolicy;
use super::kube_value::{is_set, number, text};
use super::success_policy::SuccessPolicy;
use super::{JobStatus, Selector, ShapeError};

/// `spec.backoffLimit` where none is given (`pkg/apis/batch/v1/defaults.go`).
const DEFAULT_BACKOFF_LIMIT: i32 = 6;

/// The name of the cluster's own controller (`JobControllerName`); a Job may spell it out.
const CLUSTER_CONTROLLER: &str = "kubernetes.io/job-controller";

/// `spec.template.spec.restartPolicy`, as far as Jobs allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartPolicy {
    /// A failed Pod stays failed; the controller makes a new one.
    Never,
    /// The node restarts failed containers in place.
    OnFailure,
}

/// `spec.completionMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionMode {
    /// Any Pod's success counts as one completion.
    NonIndexed,
    /// Each index from 0 has to succeed once (KEP-2214).
    Indexed,
    /// A mode of a later Kubernetes: nothing may be done for such a Job.
    Unknown,
}

/// What a Job asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSpec {
    /// How many Pods may be active at a time.
    pub parallelism: i32,
    /// How many Pods must succeed; `None` is a work queue.
    pub completions: Option<i32>,
    /// What a completion is.
    pub completion_mode: CompletionMode,
    /// How many failures are forgiven.
    pub backoff_limit: i32,
    /// How many failures of each index are forgiven (KEP-3850).
    pub backoff_limit_per_index: Option<i32>,
    /// How many failed indexes are forgiven until the Job fails at once.
    pub max_failed_indexes: Option<i32>,
    /// Seconds from the start after which the Job fails.
    pub active_deadline_seconds: Option<i64>,
    /// No Pods while this is set.
    pub suspend: bool,
    /// Deleted Pods are failed and replaced only once they have ended: `podReplacementPolicy: Failed` (KEP-3939),
    /// which a `podFailurePolicy` implies.
    pub only_replace_failed: bool,
    /// Who restarts a failed container.
    pub restart_policy: RestartPolicy,
    /// Which failures count, and which end the Job or the index (KEP-3329).
    pub pod_failure_policy: Option<FailurePolicy>,
    /// Which successes suffice (KEP-3998).
    pub success_policy: Option<SuccessPolicy>,
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
    /// `spec.selector`: which Pods may be its own. Without one, only an owner reference makes a Pod its own.
    pub selector: Option<Selector>,
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
        let selector = value
            .pointer("/spec/selector")
            .filter(|selector| !selector.is_null())
            .map(|selector| {
                Selector::from_value(selector)
                    .ok_or_else(|| wrong("spec.selector", "a label selector"))
            })
            .transpose()?;
        Ok(Self {
            namespace: text(value, "/metadata/namespace")
                .unwrap_or("default")
                .to_owned(),
            uid: uid.to_owned(),
            deleting: text(value, "/metadata/deletionTimestamp").is_some(),
            managed_by: text(value, "/spec/managedBy").map(str::to_owned),
            selector,
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

    /// Whether an external controller of this name may act on it: `spec.managedBy` says exactly so (KEP-4368).
    pub fn is_managed_by(&self, controller: &str) -> bool {
        self.managed_by.as_deref() == Some(controller)
    }

    /// Whether it is left to the cluster's own controller, by saying nothing or by naming it.
    pub fn is_managed_by_cluster(&self) -> bool {
        self.managed_by.is_none() || self.is_managed_by(CLUSTER_CONTROLLER)
    }
}

impl JobSpec {
    /// How many indexes there are, for `Indexed` Jobs only.
    pub fn indexes(&self) -> Option<i32> {
        (self.completion_mode == CompletionMode::Indexed).then(|| self.completions.unwrap_or(0))
    }

    fn from_value(job: &Value) -> Option<Self> {
        let completions = number(job, "/spec/completions");
        let parallelism = number(job, "/spec/parallelism");
        let restart_policy = match text(job, "/spec/template/spec/restartPolicy") {
            Some("Never") => RestartPolicy::Never,
            Some("OnFailure") => RestartPolicy::OnFailure,
            _ => return None,
        };
        let backoff_limit_per_index = number(job, "/spec/backoffLimitPerIndex");
        let default_backoff_limit = match backoff_limit_per_index {
            Some(_) => i32::MAX,
            None => DEFAULT_BACKOFF_LIMIT,
        };
        let policy = |name: &str| {
            let path = format!("/spec/{name}");
            is_set(job, &path).then(|| job.pointer(&path)).flatten()
        };
        let pod_failure_policy = policy("podFailurePolicy").map(FailurePolicy::from_value);
        Some(Self {
            // Both absent means one Pod; completions alone absent means a work queue.
            completions: if completions.is_none() && parallelism.is_none() {
                Some(1)
            } else {
                completions
            },
            parallelism: parallelism.unwrap_or(1),
            completion_mode: match text(job, "/spec/completionMode") {
                None | Some("NonIndexed") => CompletionMode::NonIndexed,
                Some("Indexed") => CompletionMode::Indexed,
                Some(_) => CompletionMode::Unknown,
            },
            backoff_limit: number(job, "/spec/backoffLimit").unwrap_or(default_backoff_limit),
            backoff_limit_per_index,
            max_failed_indexes: number(job, "/spec/maxFailedIndexes"),
            active_deadline_seconds: job
                .pointer("/spec/activeDeadlineSeconds")
                .and_then(Value::as_i64),
            suspend: job.pointer("/spec/suspend").and_then(Value::as_bool) == Some(true),
            only_replace_failed: pod_failure_policy.is_some()
                || text(job, "/spec/podReplacementPolicy") == Some("Failed"),
            restart_policy,
            pod_failure_policy,
            success_policy: policy("successPolicy").map(SuccessPolicy::from_value),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn job(fields: &Value) -> Job {
        let mut job = json!({"metadata": {"name": "pi", "uid": "u"}, "spec": {"template": {"spec": {"restartPolicy": "Never"}}}});
        for (key, value) in fields.as_object().expect("an object") {
            job["spec"][key] = value.clone();
        }
        Job::from_value(&job).expect("a Job")
    }

    #[test]
    fn completions_and_parallelism_default_together() {
        for (fields, completions, parallelism) in [
            (json!({}), Some(1), 1),
            (json!({"parallelism": 3}), None, 3),
            (json!({"completions": 4}), Some(4), 1),
            (json!({"completions": 0, "parallelism": 0}), Some(0), 0),
        ] {
            let spec = job(&fields).spec;
            assert_eq!(
                (spec.completions, spec.parallelism),
                (completions, parallelism),
                "{fields}"
            );
        }
    }

    #[test]
    fn the_limit_for_the_whole_job_is_lifted_by_one_for_each_index() {
        for (fields, limit) in [
            (json!({}), 6),
            (json!({"backoffLimitPerIndex": 0}), i32::MAX),
            (json!({"backoffLimitPerIndex": 0, "backoffLimit": 2}), 2),
        ] {
            assert_eq!(job(&fields).spec.backoff_limit, limit, "{fields}");
        }
    }

    #[test]
    fn a_failure_policy_without_rules_still_waits_for_pods_to_fail() {
        for (fields, waits) in [
            (json!({}), false),
            (json!({"podFailurePolicy": null}), false),
            (json!({"podFailurePolicy": {"rules": []}}), true),
            (json!({"podReplacementPolicy": "Failed"}), true),
            (
                json!({"podReplacementPolicy": "TerminatingOrFailed"}),
                false,
            ),
        ] {
            assert_eq!(job(&fields).spec.only_replace_failed, waits, "{fields}");
        }
    }

    #[test]
    fn a_job_belongs_to_exactly_the_controller_that_it_names() {
        for (name, ours, cluster) in [
            (json!(null), false, true),
            (json!("kubernetes.io/job-controller"), false, true),
            (json!("example.com/mine"), true, false),
            (json!("example.com/mine2"), false, false),
            (json!(""), false, false),
        ] {
            let job = job(&json!({"managedBy": name}));
            assert_eq!(job.is_managed_by("example.com/mine"), ours, "{name}");
            assert_eq!(job.is_managed_by_cluster(), cluster, "{name}");
        }
    }

    #[test]
    fn always_is_no_restart_policy_of_a_job() {
        let job = json!({"metadata": {"name": "pi", "uid": "u"}, "spec": {"template": {"spec": {"restartPolicy": "Always"}}}});
        insta::assert_snapshot!(Job::from_value(&job).expect_err("refused"), @"Job `pi`: `spec.template.spec.restartPolicy` is not `Never` or `OnFailure`");
    }

    #[test]
    fn a_selector_that_cannot_be_read_is_no_reason_to_guess() {
        let job = json!({"metadata": {"name": "pi", "uid": "u"}, "spec": {
            "selector": {"matchExpressions": [{"key": "a", "operator": "Near"}]},
            "template": {"spec": {"restartPolicy": "Never"}},
        }});
        insta::assert_snapshot!(Job::from_value(&job).expect_err("refused"), @"Job `pi`: `spec.selector` is not a label selector");
    }
}
