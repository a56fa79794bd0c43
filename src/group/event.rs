//! Why a member does not start, as Events of its Job or of its Pod say.

use serde_json::Value;

use super::cause::{is_quota, of_unscheduled, with_message};
use super::wait::{Obstacle, Wait};
use crate::job::kube_value::{instant, text};

/// What the last warning among these Events of one object says; `None` if there is no warning.
pub fn explanation(events: &[Value]) -> Option<Wait> {
    let warnings = events
        .iter()
        .filter(|event| text(event, "/type") == Some("Warning"));
    let when = |event: &&Value| {
        ["/series/lastObservedTime", "/lastTimestamp", "/eventTime"]
            .iter()
            .find_map(|pointer| instant(event, pointer))
    };
    let last = warnings.max_by_key(when)?;
    let (reason, message) = (text(last, "/reason")?, text(last, "/message"));
    let (reason, obstacle) = match reason {
        "FailedScheduling" => (of_unscheduled(message), Obstacle::Room),
        _ if message.is_some_and(is_quota) => (quota(message), Obstacle::Quota),
        _ => (with_message(reason, message), Obstacle::Other),
    };
    Some(Wait {
        reason,
        for_good: false,
        obstacle: Some(obstacle),
        since: None,
    })
}

/// Without the name of the Pod, which is another one each time: `exceeded quota: q, requested: pods=1, ...`.
fn quota(message: Option<&str>) -> String {
    let message = message.unwrap_or_default();
    let from = message.find("exceeded quota").unwrap_or(0);
    with_message("FailedCreate", Some(&message[from..]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_warning_explains() {
        let event = |kind: &str, reason: &str, message: &str, at: &str| json!({"type": kind, "reason": reason, "message": message, "lastTimestamp": at});
        let quota = "Error creating: pods \"a-x1\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0";
        let hook = "Error creating: admission webhook \"no.example\" denied the request: no";
        let events = [
            event("Warning", "FailedCreate", quota, "2026-01-01T00:00:09Z"),
            event("Warning", "FailedCreate", hook, "2026-01-01T00:00:02Z"),
            event("Normal", "SuccessfulCreate", "", "2026-01-01T00:00:12Z"),
        ];
        let told = |events: &[Value]| {
            let wait = explanation(events)?;
            Some((wait.reason, wait.obstacle?))
        };
        let expected =
            "FailedCreate: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0";
        assert_eq!(told(&events), Some((expected.into(), Obstacle::Quota)));
        assert_eq!(
            told(&events[1..]),
            Some((format!("FailedCreate: {hook}"), Obstacle::Other))
        );
        assert_eq!(told(&events[2..]), None);
        let new = json!({"type": "Warning", "reason": "FailedScheduling", "eventTime": "2026-01-01T00:00:02.000001Z",
            "message": "0/1 nodes are available: 1 Insufficient cpu."});
        let expected = "unschedulable: Insufficient cpu";
        assert_eq!(told(&[new]), Some((expected.into(), Obstacle::Room)));
    }
}
