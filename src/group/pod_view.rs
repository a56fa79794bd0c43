//! A member's Pod, cut down to what the model needs.

use jiff::Timestamp;
use serde_json::Value;

use super::cause;
use super::place::Place;
use super::wait::{Obstacle, Wait};
use crate::job::kube_value::{instant, list, number, text};

/// What a Pod does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PodState {
    /// Not running yet.
    Pending(Option<Wait>),
    /// At least one container runs.
    Running,
    /// A container failed and will be restarted in place; its failure, and when the restart is due if that is known.
    Restarting(String, Option<Timestamp>),
    /// It ended well.
    Succeeded,
    /// It ended badly; why.
    Failed(String),
}

/// A Pod as it was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodView {
    /// Namespace and name of the Job that it belongs to.
    pub job: Place,
    /// Uid of that Job, if an owner reference names it.
    pub job_uid: Option<String>,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// What it does.
    pub state: PodState,
    /// It has a deletion timestamp.
    pub deleting: bool,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
    /// When its last container ended.
    pub finished: Option<Timestamp>,
    /// How often containers were restarted in place.
    pub restarts: i32,
    /// Why a container of it failed last, whatever became of it then.
    pub last_cause: Option<String>,
    /// Condition `DisruptionTarget`: evicted, preempted or lost with its node, so no failure of its own.
    pub disrupted: bool,
    /// The failing container, or the first.
    pub container: String,
    /// `spec.nodeName`.
    pub node: Option<String>,
    /// What the failing container ended with, or 0 once all ended well.
    pub exit_code: Option<i32>,
}

impl PodView {
    /// Reads a Pod of `v1` that belongs to a Job; `None` for one that does not.
    pub fn from_value(pod: &Value) -> Option<Self> {
        let own = Place::of(pod)?;
        let owner = list(pod, "/metadata/ownerReferences")
            .iter()
            .find(|owner| owner["controller"] == true && owner["kind"] == "Job");
        let label = |key: &str| pod.pointer("/metadata/labels")?.get(key)?.as_str();
        let job = owner
            .and_then(|owner| text(owner, "/name"))
            .or_else(|| label("batch.kubernetes.io/job-name"))
            .or_else(|| label("job-name"))?;
        let statuses = || {
            list(pod, "/status/initContainerStatuses")
                .iter()
                .chain(list(pod, "/status/containerStatuses"))
        };
        let disrupted = list(pod, "/status/conditions").iter().any(|condition| {
            text(condition, "/type") == Some("DisruptionTarget")
                && text(condition, "/status") == Some("True")
        });
        Some(Self {
            job: Place {
                namespace: own.namespace,
                name: job.to_owned(),
            },
            job_uid: owner
                .and_then(|owner| text(owner, "/uid"))
                .map(str::to_owned),
            uid: text(pod, "/metadata/uid")?.to_owned(),
            state: state(pod),
            deleting: text(pod, "/metadata/deletionTimestamp").is_some(),
            created: instant(pod, "/metadata/creationTimestamp"),
            finished: statuses()
                .filter_map(|status| instant(status, "/state/terminated/finishedAt"))
                .max(),
            restarts: statuses()
                .map(|status| number(status, "/restartCount").unwrap_or(0))
                .sum(),
            last_cause: last_cause(pod),
            disrupted,
            container: container(pod),
            node: text(pod, "/spec/nodeName").map(str::to_owned),
            exit_code: exit_code(pod),
            name: own.name,
        })
    }
}

/// The container whose output explains the Pod's state.
fn container(pod: &Value) -> String {
    let failed = failed_status(pod).and_then(|status| text(status, "/name"));
    let first = list(pod, "/spec/containers").first();
    failed
        .or_else(|| text(first?, "/name"))
        .unwrap_or_default()
        .to_owned()
}

fn exit_code(pod: &Value) -> Option<i32> {
    let failed = || {
        let status = failed_status(pod)?;
        number(status, "/state/terminated/exitCode")
    };
    match text(pod, "/status/phase") {
        Some("Succeeded") => Some(0),
        _ => failed(),
    }
}

/// The first container that ended badly, init containers first.
fn failed_status(pod: &Value) -> Option<&Value> {
    let failed = |status: &&Value| {
        let code = number(status, "/state/terminated/exitCode")
            .or_else(|| number(status, "/lastState/terminated/exitCode"));
        code.is_some_and(|code| code != 0)
    };
    list(pod, "/status/initContainerStatuses")
        .iter()
        .find(failed)
        .or_else(|| list(pod, "/status/containerStatuses").iter().find(failed))
}

fn state(pod: &Value) -> PodState {
    match text(pod, "/status/phase") {
        Some("Succeeded") => PodState::Succeeded,
        Some("Failed") => PodState::Failed(failure(pod)),
        Some("Running") => restarting(pod).unwrap_or(PodState::Running),
        _ => restarting(pod).unwrap_or_else(|| PodState::Pending(waiting(pod))),
    }
}

fn last_cause(pod: &Value) -> Option<String> {
    if text(pod, "/status/phase") == Some("Failed") {
        return Some(failure(pod));
    }
    let status = failed_status(pod)?;
    let ended = status
        .pointer("/state/terminated")
        .or_else(|| status.pointer("/lastState/terminated"))?;
    Some(cause::of_terminated(ended))
}

fn failure(pod: &Value) -> String {
    // The node's own reasons: Evicted, DeadlineExceeded, NodeLost, UnexpectedAdmissionError.
    if let Some(reason) = text(pod, "/status/reason").filter(|reason| !reason.is_empty()) {
        return reason.to_owned();
    }
    let ended = failed_status(pod).and_then(|status| status.pointer("/state/terminated"));
    ended.map_or_else(|| "failed".into(), cause::of_terminated)
}

/// A container that failed and waits for its restart, in a Pod in which none runs.
fn restarting(pod: &Value) -> Option<PodState> {
    let statuses = list(pod, "/status/containerStatuses");
    let runs = |status: &Value| status.pointer("/state/running").is_some();
    if statuses.iter().any(runs) {
        return None;
    }
    let status = failed_status(pod)?;
    let ended = status
        .pointer("/state/terminated")
        .or_else(|| status.pointer("/lastState/terminated"))?;
    let due = instant(ended, "/finishedAt")
        .zip(text(status, "/state/waiting/message").and_then(back_off))
        .and_then(|(end, delay)| end.checked_add(delay).ok());
    Some(PodState::Restarting(cause::of_terminated(ended), due))
}

/// The delay in the kubelet's words `back-off 20s restarting failed container=...`.
fn back_off(message: &str) -> Option<jiff::SignedDuration> {
    let words = message.strip_prefix("back-off ")?;
    let time = words.split(' ').next()?;
    let (minutes, seconds) = match time.split_once('m') {
        Some((minutes, rest)) => (minutes.parse::<i64>().ok()?, rest),
        None => (0, time),
    };
    let seconds: i64 = seconds.trim_end_matches('s').parse().ok()?;
    Some(jiff::SignedDuration::from_secs(
        minutes.checked_mul(60)?.checked_add(seconds)?,
    ))
}

/// Why nothing runs yet: a container that cannot start, or a Pod that no node takes.
fn waiting(pod: &Value) -> Option<Wait> {
    let images: Vec<_> = ["/spec/initContainers", "/spec/containers"]
        .iter()
        .flat_map(|pointer| list(pod, pointer))
        .collect();
    let image = |name: Option<&str>| {
        let container = images
            .iter()
            .find(|container| text(container, "/name") == name);
        container
            .and_then(|container| text(container, "/image"))
            .unwrap_or_default()
    };
    let container = ["/status/initContainerStatuses", "/status/containerStatuses"]
        .iter()
        .flat_map(|pointer| list(pod, pointer))
        .find_map(|status| {
            let state = status.pointer("/state/waiting")?;
            cause::of_waiting(state, image(text(status, "/name")))
        });
    if container.is_some() {
        return container;
    }
    let unscheduled = list(pod, "/status/conditions").iter().find(|condition| {
        text(condition, "/type") == Some("PodScheduled")
            && text(condition, "/status") == Some("False")
    })?;
    let message = text(unscheduled, "/message");
    let (reason, obstacle) = match text(unscheduled, "/reason") {
        None | Some("Unschedulable") => (cause::of_unscheduled(message), Some(Obstacle::Room)),
        // Held back on purpose: `SchedulingGated`.
        Some(reason) => (cause::with_message(reason, message), None),
    };
    Some(Wait {
        reason,
        for_good: false,
        obstacle,
        since: instant(unscheduled, "/lastTransitionTime"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn view(status: &Value) -> PodView {
        PodView::from_value(&json!({
            "metadata": {"name": "p-1", "uid": "u", "labels": {"job-name": "p"}},
            "spec": {"containers": [{"name": "c", "image": "busyboxx:1"}]},
            "status": status,
        }))
        .expect("a Pod of a Job")
    }

    #[test]
    fn the_state_says_what_runs_what_waits_and_what_failed() {
        let ended = json!({"exitCode": 3, "reason": "Error", "finishedAt": "2026-01-01T00:00:00Z"});
        let due = "2026-01-01T00:01:20Z".parse().ok();
        for (status, state) in [
            (json!({"phase": "Pending"}), PodState::Pending(None)),
            (
                json!({"phase": "Pending", "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "ErrImagePull"}}}]}),
                PodState::Pending(Some(Wait {
                    reason: "ErrImagePull busyboxx:1".into(),
                    for_good: true,
                    obstacle: Some(Obstacle::Image),
                    since: None,
                })),
            ),
            (
                json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available: 3 Insufficient cpu."}]}),
                PodState::Pending(Some(Wait {
                    reason: "unschedulable: Insufficient cpu".into(),
                    for_good: false,
                    obstacle: Some(Obstacle::Room),
                    since: None,
                })),
            ),
            (
                json!({"phase": "Running", "containerStatuses": [{"name": "c", "state": {"running": {}}, "lastState": {"terminated": ended}}]}),
                PodState::Running,
            ),
            (
                json!({"phase": "Running", "containerStatuses": [{"name": "c", "lastState": {"terminated": ended},
                    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 1m20s restarting failed container=c"}}}]}),
                PodState::Restarting("exit 3".into(), due),
            ),
            (
                json!({"phase": "Failed", "reason": "Evicted"}),
                PodState::Failed("Evicted".into()),
            ),
            (
                json!({"phase": "Failed", "containerStatuses": [{"name": "c", "state": {"terminated": ended}}]}),
                PodState::Failed("exit 3".into()),
            ),
        ] {
            assert_eq!(view(&status).state, state, "{status}");
        }
    }

    #[test]
    fn a_pod_without_a_job_is_none_of_ours() {
        let pod = json!({"metadata": {"name": "p", "uid": "u", "labels": {"jobgroup": "g"}}});
        assert_eq!(PodView::from_value(&pod), None);
    }
}
