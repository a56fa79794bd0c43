//! The status that the node writes for a Pod: phase, conditions, one entry a container.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Container;
use serde_json::{Value, json};

use super::container::{ContainerRun, State, Terminated};
use super::plan::{PodPlan, RestartPolicy, Role};
use super::run::{PodRun, Why};

/// The only address that a local Pod has.
pub(super) const ADDRESS: &str = "127.0.0.1";

/// A time as `metav1.Time` writes it: to the second.
pub(super) fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The conditions of a Pod; each keeps the time of its last change.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions(Vec<Condition>);

#[derive(Clone, Debug)]
struct Condition {
    kind: &'static str,
    holds: bool,
    reason: Option<&'static str>,
    message: Option<String>,
    changed: Timestamp,
}

impl Conditions {
    fn set(
        &mut self,
        kind: &'static str,
        unmet: Option<(&'static str, Option<String>)>,
        now: Timestamp,
    ) {
        let holds = unmet.is_none();
        self.put(kind, holds, unmet, now);
    }

    fn put(
        &mut self,
        kind: &'static str,
        holds: bool,
        why: Option<(&'static str, Option<String>)>,
        now: Timestamp,
    ) {
        let old = self.0.iter().find(|condition| condition.kind == kind);
        let changed = old
            .filter(|old| old.holds == holds)
            .map_or(now, |old| old.changed);
        let (reason, message) =
            why.map_or((None, None), |(reason, message)| (Some(reason), message));
        let condition = Condition {
            kind,
            holds,
            reason,
            message,
            changed,
        };
        match self.0.iter_mut().find(|condition| condition.kind == kind) {
            Some(slot) => *slot = condition,
            None => self.0.push(condition),
        }
    }

    fn to_value(&self) -> Value {
        let entry = |condition: &Condition| {
            let mut value = json!({
                "type": condition.kind,
                "status": if condition.holds { "True" } else { "False" },
                "lastProbeTime": null,
                "lastTransitionTime": seconds(condition.changed),
            });
            if let Some(reason) = condition.reason {
                value["reason"] = reason.into();
            }
            if let Some(message) = &condition.message {
                value["message"] = message.as_str().into();
            }
            value
        };
        self.0.iter().map(entry).collect()
    }
}

/// The whole status at `now`.
pub(super) fn pod_status(run: &mut PodRun, now: Timestamp) -> Value {
    let phase = phase(run);
    set_conditions(run, phase, now);
    let mut status = json!({
        "phase": phase,
        "conditions": run.conditions.to_value(),
        "hostIP": ADDRESS,
        "podIP": ADDRESS,
        "podIPs": [{"ip": ADDRESS}],
        "startTime": seconds(run.started),
    });
    if run.is_done() && run.why() == Some(Why::Deadline) {
        status["reason"] = "DeadlineExceeded".into();
        status["message"] = "Pod was active on the node longer than the specified deadline".into();
    }
    let entries = |init: bool| -> Vec<Value> {
        let pairs = run.plan.containers.iter().zip(&run.containers);
        pairs
            .filter(|(_, container)| (container.role != Role::Main) == init)
            .map(|(plan, container)| container_status(&run.plan, &plan.spec, container))
            .collect()
    };
    let init = entries(true);
    if !init.is_empty() {
        status["initContainerStatuses"] = init.into();
    }
    status["containerStatuses"] = entries(false).into();
    status
}

/// The kubelet's rule for `status.phase`.
fn phase(run: &PodRun) -> &'static str {
    let main = || run.containers.iter().filter(|c| c.role == Role::Main);
    if run.is_done() {
        let good = run.why() != Some(Why::Deadline) && main().all(ContainerRun::has_succeeded);
        return if good { "Succeeded" } else { "Failed" };
    }
    let initialized = run.containers.iter().all(ContainerRun::lets_next_start);
    let never_ran = |c: &ContainerRun| {
        matches!(c.state, State::Waiting { .. } | State::Starting) && c.last.is_none()
    };
    if !initialized || main().any(never_ran) {
        return "Pending";
    }
    let policy = run.plan.restart;
    let ended = main().all(|c| c.has_succeeded() || c.has_failed());
    match ended && policy != RestartPolicy::Always {
        false => "Running",
        true if main().all(ContainerRun::has_succeeded) => "Succeeded",
        true => "Failed",
    }
}

fn set_conditions(run: &mut PodRun, phase: &str, now: Timestamp) {
    let names = |unmet: &dyn Fn(&ContainerRun) -> bool| -> Vec<&str> {
        let pairs = run.plan.containers.iter().zip(&run.containers);
        pairs
            .filter(|(_, container)| unmet(container))
            .map(|(plan, _)| plan.spec.name.as_str())
            .collect()
    };
    let waiting_init = names(&|c| !c.lets_next_start());
    let unready = names(&|c| c.role != Role::Init && !c.is_running());
    let initialized = (!waiting_init.is_empty()).then(|| {
        let message = format!(
            "containers with incomplete status: [{}]",
            waiting_init.join(" ")
        );
        ("ContainersNotInitialized", Some(message))
    });
    let ready = match phase {
        "Succeeded" => Some(("PodCompleted", None)),
        "Failed" => Some(("PodFailed", None)),
        _ if unready.is_empty() => None,
        _ => {
            let message = format!("containers with unready status: [{}]", unready.join(" "));
            Some(("ContainersNotReady", Some(message)))
        }
    };
    let conditions = &mut run.conditions;
    conditions.set("PodScheduled", None, now);
    if phase == "Succeeded" {
        conditions.put("Initialized", true, Some(("PodCompleted", None)), now);
    } else {
        conditions.set("Initialized", initialized, now);
    }
    conditions.set("ContainersReady", ready.clone(), now);
    conditions.set("Ready", ready, now);
}

fn container_status(plan: &PodPlan, spec: &Container, run: &ContainerRun) -> Value {
    let pid = match &run.state {
        State::Running { pid, .. } => Some(*pid),
        State::Terminated(end) => end.pid,
        _ => None,
    };
    let in_backoff = match &run.state {
        State::Terminated(end) if run.due.is_some() => Some(end),
        _ => None,
    };
    let state = match (&run.state, in_backoff) {
        (_, Some(end)) => json!({"waiting": {
            "reason": "CrashLoopBackOff",
            "message": format!(
                "back-off {} restarting failed container={} pod={}_{}({})",
                go_duration(run.backoff.delay(end.finished).as_secs()), spec.name, plan.name, plan.namespace, plan.uid
            ),
        }}),
        (State::Waiting { reason, message }, _) => match message {
            Some(message) => json!({"waiting": {"reason": reason, "message": message}}),
            None => json!({"waiting": {"reason": reason}}),
        },
        (State::Starting, _) => json!({"waiting": {"reason": "ContainerCreating"}}),
        (State::Running { since, .. }, _) => json!({"running": {"startedAt": seconds(*since)}}),
        (State::Terminated(end), _) => json!({"terminated": terminated(end)}),
    };
    let last = in_backoff.or(run.last.as_ref());
    let ready = match run.role {
        Role::Init => run.has_succeeded(),
        Role::Sidecar | Role::Main => run.is_running(),
    };
    let mut status = json!({
        "name": spec.name,
        "state": state,
        "lastState": last.map_or_else(|| json!({}), |end| json!({"terminated": terminated(end)})),
        "ready": ready,
        "restartCount": run.restarts,
        "image": spec.image.as_deref().unwrap_or_default(),
        "imageID": "",
        "started": run.is_running(),
    });
    if let Some(pid) = pid {
        status["containerID"] = container_id(pid).into();
    }
    status
}

fn terminated(end: &Terminated) -> Value {
    let mut value = json!({
        "exitCode": end.exit_code,
        "reason": end.reason,
        "startedAt": seconds(end.started),
        "finishedAt": seconds(end.finished),
    });
    if let Some(signal) = end.signal {
        value["signal"] = signal.into();
    }
    if let Some(message) = &end.message {
        value["message"] = message.as_str().into();
    }
    if let Some(pid) = end.pid {
        value["containerID"] = container_id(pid).into();
    }
    value
}

fn container_id(pid: u32) -> String {
    format!("process://{pid}")
}

/// Whole seconds as the kubelet writes them in this message: `10s`, `1m20s`, `5m0s`.
fn go_duration(seconds: i64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, rest) => format!("{rest}s"),
        (minutes, rest) => format!("{minutes}m{rest}s"),
    }
}
