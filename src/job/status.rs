//! `status` of a Job: counters, conditions, and the Pods that are about to be counted.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kube_value::{instant, list, number, text};

/// One entry of `status.conditions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `Complete`, `Failed`, `Suspended`, `FailureTarget`, `SuccessCriteriaMet` or a foreign type.
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// A word for programs.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
    /// When `status` last changed.
    pub since: Option<Timestamp>,
    /// When the condition was last looked at; only repeated.
    pub probed: Option<Timestamp>,
}

/// Pods whose uid is on record, so that they can be counted once their finalizer is gone (KEP-2307).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uncounted {
    /// Uids of succeeded Pods.
    pub succeeded: BTreeSet<String>,
    /// Uids of failed Pods.
    pub failed: BTreeSet<String>,
}

/// What is written to a Job's status subresource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobStatus {
    /// Pods that are neither finished nor being deleted.
    pub active: i32,
    /// Active Pods that are ready; unset before the first pass.
    pub ready: Option<i32>,
    /// Pods that are being deleted and have not finished; unset before the first pass.
    pub terminating: Option<i32>,
    /// Counted successes.
    pub succeeded: i32,
    /// Counted failures.
    pub failed: i32,
    /// Completed indexes as text, such as `1,2,4-6`; empty for `NonIndexed` Jobs.
    pub completed_indexes: String,
    /// Failed indexes as text; set, and perhaps empty, only with `backoffLimitPerIndex`.
    pub failed_indexes: Option<String>,
    /// Pods on their way into the counters.
    pub uncounted: Uncounted,
    /// When the Job was first worked on, or last resumed.
    pub start_time: Option<Timestamp>,
    /// When it completed; only with `Complete`.
    pub completion_time: Option<Timestamp>,
    /// In the order in which they came.
    pub conditions: Vec<Condition>,
}

impl JobStatus {
    /// Reads a `status` value; what is absent is empty.
    pub fn from_value(status: &Value) -> Self {
        let uids = |pointer| {
            list(status, pointer)
                .iter()
                .filter_map(|uid| uid.as_str().map(str::to_owned))
                .collect()
        };
        Self {
            active: number(status, "/active").unwrap_or(0),
            ready: number(status, "/ready"),
            terminating: number(status, "/terminating"),
            succeeded: number(status, "/succeeded").unwrap_or(0),
            failed: number(status, "/failed").unwrap_or(0),
            completed_indexes: text(status, "/completedIndexes")
                .unwrap_or_default()
                .to_owned(),
            failed_indexes: text(status, "/failedIndexes").map(str::to_owned),
            uncounted: Uncounted {
                succeeded: uids("/uncountedTerminatedPods/succeeded"),
                failed: uids("/uncountedTerminatedPods/failed"),
            },
            start_time: instant(status, "/startTime"),
            completion_time: instant(status, "/completionTime"),
            conditions: list(status, "/conditions")
                .iter()
                .map(Condition::from_value)
                .collect(),
        }
    }

    /// The `status` value to write; what is unset is left out, as the API server does.
    pub fn to_value(&self) -> Value {
        let mut status = json!({
            "ready": self.ready,
            "terminating": self.terminating,
            "uncountedTerminatedPods": {},
        });
        for (field, number) in [
            ("active", self.active),
            ("succeeded", self.succeeded),
            ("failed", self.failed),
        ] {
            if number != 0 {
                status[field] = number.into();
            }
        }
        if !self.completed_indexes.is_empty() {
            status["completedIndexes"] = self.completed_indexes.as_str().into();
        }
        if let Some(indexes) = &self.failed_indexes {
            status["failedIndexes"] = indexes.as_str().into();
        }
        for (field, uids) in [
            ("succeeded", &self.uncounted.succeeded),
            ("failed", &self.uncounted.failed),
        ] {
            if !uids.is_empty() {
                status["uncountedTerminatedPods"][field] = json!(uids);
            }
        }
        for (field, time) in [
            ("startTime", self.start_time),
            ("completionTime", self.completion_time),
        ] {
            if let Some(time) = time {
                status[field] = seconds(time).into();
            }
        }
        if !self.conditions.is_empty() {
            status["conditions"] = self.conditions.iter().map(Condition::to_value).collect();
        }
        status
    }

    /// Whether a condition of this type has status `True`.
    pub fn is_true(&self, kind: &str) -> bool {
        self.true_condition(kind).is_some()
    }

    /// The condition of this type, if it is true.
    pub fn true_condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions
            .iter()
            .find(|condition| condition.kind == kind && condition.status == "True")
    }

    /// Sets a condition in place, or appends it.
    pub(super) fn set_condition(&mut self, new: Condition) {
        match self
            .conditions
            .iter_mut()
            .find(|condition| condition.kind == new.kind)
        {
            Some(old) => *old = new,
            None => self.conditions.push(new),
        }
    }
}

impl Condition {
    /// A condition that changes at `now`.
    pub(super) fn at(
        kind: &str,
        status: &str,
        reason: &str,
        message: &str,
        now: Timestamp,
    ) -> Self {
        Self {
            kind: kind.into(),
            status: status.into(),
            reason: reason.into(),
            message: message.into(),
            since: Some(now),
            probed: Some(now),
        }
    }

    fn from_value(value: &Value) -> Self {
        let field = |pointer| text(value, pointer).unwrap_or_default().to_owned();
        Self {
            kind: field("/type"),
            status: field("/status"),
            reason: field("/reason"),
            message: field("/message"),
            since: instant(value, "/lastTransitionTime"),
            probed: instant(value, "/lastProbeTime"),
        }
    }

    fn to_value(&self) -> Value {
        json!({
            "type": self.kind,
            "status": self.status,
            "lastProbeTime": self.probed.map(seconds),
            "lastTransitionTime": self.since.map(seconds),
            "reason": self.reason,
            "message": self.message,
        })
    }
}

/// Kubernetes' `metav1.Time` has whole seconds.
fn seconds(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second())
        .expect("a second of a valid instant is valid")
        .to_string()
}
