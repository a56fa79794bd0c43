//! A member's Job, cut down to what the model needs.

use jiff::Timestamp;
use serde_json::Value;

use super::place::Place;
use crate::job::kube_value::{instant, list, number, text};

/// How a Job ended, as its final condition says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEnd {
    /// `Complete`, else `Failed`.
    pub succeeded: bool,
    /// The condition's reason: `BackoffLimitExceeded`, `DeadlineExceeded`.
    pub reason: String,
    /// The condition's message.
    pub message: String,
    /// When the condition was set.
    pub at: Option<Timestamp>,
}

/// A Job as it was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobView {
    /// Namespace and name.
    pub place: Place,
    /// `metadata.uid`.
    pub uid: String,
    /// Annotation `kubectl-batch/item`; the Job's name if it has none, or an empty one.
    pub item: String,
    /// Annotation `kubectl-batch/index`.
    pub index: Option<usize>,
    /// Annotation `kubectl-batch/attempt`, from 1.
    pub attempt: u32,
    /// Annotation `kubectl-batch/digest`.
    pub digest: Option<String>,
    /// `metadata.deletionTimestamp` is set.
    pub is_being_deleted: bool,
    /// Another object is its controller.
    pub is_owned: bool,
    /// Label `kueue.x-k8s.io/queue-name`: Kueue suspends it and lets it go.
    pub queue: Option<String>,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
    /// `status.startTime`.
    pub started: Option<Timestamp>,
    /// `status.completionTime`.
    pub completed: Option<Timestamp>,
    /// `spec.completions`; `None` is a work queue.
    pub completions: Option<i32>,
    /// `spec.backoffLimit`.
    pub backoff_limit: i32,
    /// `spec.activeDeadlineSeconds`.
    pub deadline_secs: Option<i32>,
    /// `spec.ttlSecondsAfterFinished`.
    pub ttl_secs: Option<u64>,
    /// `spec.suspend`.
    pub suspended: bool,
    /// `status.active`.
    pub active: i32,
    /// `status.succeeded`, with the Pods that are being counted.
    pub succeeded: i32,
    /// `status.failed`, with the Pods that are being counted.
    pub failed: i32,
    /// The final condition, once it is there.
    pub ended: Option<JobEnd>,
}

impl JobView {
    /// Reads a Job of `batch/v1`; `None` for an object without a name or uid.
    pub fn from_value(job: &Value) -> Option<Self> {
        let place = Place::of(job)?;
        let annotation = |key: &str| {
            let annotations = job.pointer("/metadata/annotations")?;
            annotations.get(key)?.as_str()
        };
        let count = |field: &str| {
            let status = format!("/status/{field}");
            let uncounted = format!("/status/uncountedTerminatedPods/{field}");
            number(job, &status).unwrap_or(0) + list(job, &uncounted).len() as i32
        };
        Some(Self {
            uid: text(job, "/metadata/uid")?.to_owned(),
            // A template without a placeholder makes one Job, whose item is empty.
            item: annotation("kubectl-batch/item")
                .filter(|item| !item.is_empty())
                .unwrap_or(&place.name)
                .to_owned(),
            index: annotation("kubectl-batch/index").and_then(|index| index.parse().ok()),
            attempt: annotation("kubectl-batch/attempt")
                .and_then(|attempt| attempt.parse().ok())
                .unwrap_or(1),
            digest: annotation("kubectl-batch/digest").map(str::to_owned),
            is_being_deleted: text(job, "/metadata/deletionTimestamp").is_some(),
            is_owned: list(job, "/metadata/ownerReferences")
                .iter()
                .any(|owner| owner["controller"] == true),
            queue: text(job, "/metadata/labels/kueue.x-k8s.io~1queue-name").map(str::to_owned),
            created: instant(job, "/metadata/creationTimestamp"),
            started: instant(job, "/status/startTime"),
            completed: instant(job, "/status/completionTime"),
            completions: number(job, "/spec/completions"),
            backoff_limit: number(job, "/spec/backoffLimit").unwrap_or(6),
            deadline_secs: number(job, "/spec/activeDeadlineSeconds"),
            ttl_secs: job
                .pointer("/spec/ttlSecondsAfterFinished")
                .and_then(Value::as_u64),
            suspended: job.pointer("/spec/suspend") == Some(&Value::Bool(true)),
            active: number(job, "/status/active").unwrap_or(0),
            succeeded: count("succeeded"),
            failed: count("failed"),
            ended: ended(job),
            place,
        })
    }

    /// How long it ran, from its start to its end.
    pub fn ran_for(&self) -> Option<jiff::SignedDuration> {
        let end = self.completed.or(self.ended.as_ref()?.at)?;
        Some(end.duration_since(self.started?))
    }
}

fn ended(job: &Value) -> Option<JobEnd> {
    let condition = list(job, "/status/conditions").iter().find(|condition| {
        matches!(text(condition, "/type"), Some("Complete" | "Failed"))
            && text(condition, "/status") == Some("True")
    })?;
    let words = |pointer| text(condition, pointer).unwrap_or_default().to_owned();
    Some(JobEnd {
        succeeded: text(condition, "/type") == Some("Complete"),
        reason: words("/reason"),
        message: words("/message"),
        at: instant(condition, "/lastTransitionTime"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_job_is_cut_down_and_pods_that_are_being_counted_count() {
        let view = JobView::from_value(&json!({
            "metadata": {"name": "p-apple", "namespace": "ci", "uid": "u",
                "annotations": {"kubectl-batch/item": "apple", "kubectl-batch/index": "4"}},
            "spec": {"completions": 3, "backoffLimit": 2, "suspend": true},
            "status": {"succeeded": 1, "failed": 1, "startTime": "2026-01-01T00:00:00Z",
                "uncountedTerminatedPods": {"failed": ["x"]},
                "conditions": [
                    {"type": "FailureTarget", "status": "True", "reason": "interim"},
                    {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": "2026-01-01T00:01:00Z"}]},
        }))
        .expect("a Job");
        assert_eq!((view.item.as_str(), view.index), ("apple", Some(4)));
        assert_eq!((view.succeeded, view.failed, view.suspended), (1, 2, true));
        assert_eq!(view.ran_for().map(|time| time.as_secs()), Some(60));
        let ended = view.ended.expect("it ended");
        assert_eq!(
            (ended.succeeded, ended.reason.as_str()),
            (false, "BackoffLimitExceeded")
        );
    }

    #[test]
    fn a_job_without_an_item_is_known_by_its_name() {
        let annotations = json!({"kubectl-batch/item": ""});
        let metadata = json!({"name": "pi", "uid": "u", "annotations": annotations});
        let view = JobView::from_value(&json!({"metadata": metadata})).expect("a Job");
        assert_eq!(view.item, "pi");
        let view =
            JobView::from_value(&json!({"metadata": {"name": "pi", "uid": "u"}})).expect("a Job");
        assert_eq!((view.item.as_str(), view.ended), ("pi", None));
        assert_eq!(JobView::from_value(&json!({"metadata": {}})), None);
    }
}
