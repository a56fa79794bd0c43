//! `ttlSecondsAfterFinished`: when a finished Job is deleted (`pkg/controller/ttlafterfinished`).

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::kube_value::{instant, list, text};

/// What the time to live of a Job asks for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TtlAction {
    /// Nothing: no limit is set, it is not finished, or it is being deleted already.
    None,
    /// Look again after this time.
    Wait(SignedDuration),
    /// It is over: read the Job live, ask again, then delete with propagation `Foreground` and its uid as precondition.
    Delete,
    /// The condition does not say since when; try again later.
    Unknown,
}

/// What becomes of a Job at `now`; the clock starts with the first condition that says `Complete` or `Failed`.
pub fn after_finished(job: &Value, now: Timestamp) -> TtlAction {
    let ttl = job
        .pointer("/spec/ttlSecondsAfterFinished")
        .and_then(Value::as_i64);
    let ended = list(job, "/status/conditions").iter().find(|condition| {
        matches!(text(condition, "/type"), Some("Complete" | "Failed"))
            && text(condition, "/status") == Some("True")
    });
    let (Some(ttl), Some(ended), None) = (ttl, ended, text(job, "/metadata/deletionTimestamp"))
    else {
        return TtlAction::None;
    };
    let Some(since) = instant(ended, "/lastTransitionTime") else {
        return TtlAction::Unknown;
    };
    let left = SignedDuration::from_secs(ttl) - now.duration_since(since);
    if left > SignedDuration::ZERO {
        TtlAction::Wait(left)
    } else {
        TtlAction::Delete
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_clock_starts_with_the_final_condition() {
        for (kind, status, action) in [
            ("Complete", "True", TtlAction::Delete),
            ("Failed", "True", TtlAction::Delete),
            ("Complete", "False", TtlAction::None),
            ("FailureTarget", "True", TtlAction::None),
        ] {
            let job = json!({
                "spec": {"ttlSecondsAfterFinished": 1},
                "status": {"conditions": [{"type": kind, "status": status, "lastTransitionTime": "1970-01-01T00:00:00Z"}]},
            });
            let now = Timestamp::from_second(1).expect("in range");
            assert_eq!(after_finished(&job, now), action, "{kind} {status}");
        }
    }
}
