//! Why a container ended badly or does not start, in the words that a user would use.

use serde_json::Value;

use super::wait::{Obstacle, Wait};
use crate::job::kube_value::{number, text};

/// Waiting reasons of a container that will not start before somebody changes something.
const FOR_GOOD: &[&str] = &[
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
];
/// The longest message that is kept, in characters.
const MESSAGE_MAX: usize = 200;

/// Why a terminated container failed: `OOMKilled`, `exit 3`, `signal 9`.
pub(super) fn of_terminated(state: &Value) -> String {
    let reason = text(state, "/reason").unwrap_or_default();
    let code = number(state, "/exitCode").unwrap_or(0);
    let signal = number(state, "/signal").filter(|signal| *signal > 0);
    match (reason, signal) {
        ("" | "Error" | "Completed", Some(signal)) => format!("signal {signal}"),
        ("" | "Error" | "Completed", None) => exit(code),
        // The node could not even start it; its message says why.
        ("StartError" | "ContainerCannotRun" | "ContainerStatusUnknown", _) => {
            with_message(reason, text(state, "/message"))
        }
        _ => reason.to_owned(),
    }
}

/// An exit code; shells and container runtimes report a signal as 128 and its number.
fn exit(code: i32) -> String {
    match code {
        137 => "exit 137 (killed)".into(),
        143 => "exit 143 (terminated)".into(),
        _ => format!("exit {code}"),
    }
}

/// Why a container waits, and whether that is for good: `ImagePullBackOff busyboxx:1`.
pub(super) fn of_waiting(state: &Value, image: &str) -> Option<Wait> {
    let reason = text(state, "/reason")?;
    let (words, obstacle) = match reason {
        // These pass by themselves within moments.
        "ContainerCreating" | "PodInitializing" => return None,
        _ if reason.contains("Image") => (format!("{reason} {image}"), Obstacle::Image),
        _ => (
            with_message(reason, text(state, "/message")),
            Obstacle::Other,
        ),
    };
    Some(Wait {
        reason: words,
        for_good: FOR_GOOD.contains(&reason),
        obstacle: Some(obstacle),
        since: None,
    })
}

/// The same cause in the words that stand for all its members and moments: the node says `ErrImagePull` and
/// `ImagePullBackOff` by turns.
pub(super) fn lasting(reason: &str) -> String {
    match reason.strip_prefix("ErrImagePull ") {
        Some(image) => format!("ImagePullBackOff {image}"),
        None => reason.to_owned(),
    }
}

/// Why no node takes a Pod, without the counts of nodes: `Insufficient cpu, untolerated taint {x: y}`.
///
/// The scheduler says `0/3 nodes are available: 1 node(s) had untolerated taint {x: y}, 2 Insufficient cpu. preemption: ...`.
pub(super) fn of_unscheduled(message: Option<&str>) -> String {
    let message = message.unwrap_or_default();
    let Some((_, reasons)) = message.split_once("nodes are available: ") else {
        return with_message("Unschedulable", Some(message));
    };
    let reasons = reasons.split(". ").next().unwrap_or(reasons);
    let mut names: Vec<&str> = reasons
        .split(", ")
        .map(|reason| {
            let reason = reason
                .trim_start_matches(|c: char| c.is_ascii_digit())
                .trim_start();
            reason
                .trim_start_matches("node(s) ")
                .trim_start_matches("had ")
                .trim_end_matches('.')
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    format!("unschedulable: {}", names.join(", "))
}

/// Whether the API server says no because quota is used up.
pub fn is_quota(message: &str) -> bool {
    message.contains("exceeded quota")
}

/// A reason with the front of its message.
pub(super) fn with_message(reason: &str, message: Option<&str>) -> String {
    let message = message.unwrap_or_default().trim();
    if message.is_empty() {
        return reason.to_owned();
    }
    let front: String = message.chars().take(MESSAGE_MAX).collect();
    format!("{reason}: {front}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_failed_container_is_named_by_reason_signal_or_code() {
        for (state, words) in [
            (json!({"exitCode": 3, "reason": "Error"}), "exit 3"),
            (json!({"exitCode": 137, "reason": "OOMKilled"}), "OOMKilled"),
            (
                json!({"exitCode": 0, "signal": 9, "reason": "Error"}),
                "signal 9",
            ),
            (
                json!({"exitCode": 143, "reason": "Error"}),
                "exit 143 (terminated)",
            ),
            (
                json!({"exitCode": 128, "reason": "StartError", "message": "no such file: foo"}),
                "StartError: no such file: foo",
            ),
        ] {
            assert_eq!(of_terminated(&state), words, "{state}");
        }
    }

    #[test]
    fn why_no_node_takes_a_pod_is_told_without_counts() {
        for (message, words) in [
            (
                "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes",
                "unschedulable: Insufficient cpu",
            ),
            (
                "0/5 nodes are available: 1 node(s) had untolerated taint {a: b}, 4 Insufficient memory.",
                "unschedulable: Insufficient memory, untolerated taint {a: b}",
            ),
            ("no nodes", "Unschedulable: no nodes"),
        ] {
            assert_eq!(of_unscheduled(Some(message)), words, "{message}");
        }
    }

    #[test]
    fn an_image_that_cannot_be_had_is_named_and_creating_is_no_news() {
        let back_off = json!({"reason": "ImagePullBackOff", "message": "Back-off pulling image"});
        let wait = of_waiting(&back_off, "busyboxx:1").expect("it waits");
        assert_eq!(
            (wait.reason.as_str(), wait.for_good, wait.obstacle),
            ("ImagePullBackOff busyboxx:1", true, Some(Obstacle::Image))
        );
        assert_eq!(lasting("ErrImagePull busyboxx:1"), wait.reason);
        assert_eq!(
            of_waiting(&json!({"reason": "ContainerCreating"}), "a"),
            None
        );
        assert_eq!(of_waiting(&json!({}), "a"), None);
    }
}
