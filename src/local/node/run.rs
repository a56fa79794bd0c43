//! One Pod as a machine without effects: what happened goes in, what to do comes out.
//!
//! The rules are the kubelet's. Every input is followed by the same look at the whole state, so that no order of inputs
//! can lose a step.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::container::{ContainerRun, Signalled, State, Terminated};
use super::plan::{PodPlan, Role};
use super::status::{Conditions, pod_status};

/// How long a container that cannot be set up waits for the next try.
const CONFIG_RETRY: SignedDuration = SignedDuration::from_secs(10);
/// Between TERM and KILL when nobody is left to ask for more: the Pod's object is gone, or the node stops.
const GONE_GRACE: SignedDuration = SignedDuration::from_secs(2);

/// What happened.
#[derive(Clone, Debug)]
pub(super) enum Input {
    /// A time that was asked for has come, or the node took the Pod.
    Tick,
    /// The process of a container runs.
    Started { container: usize, pid: u32 },
    /// A container cannot be set up yet: something that it refers to is missing.
    NotConfigured { container: usize, message: String },
    /// A container ended, or could not be started at all.
    Ended { container: usize, end: Terminated },
    /// The Pod is being deleted, with this long to go.
    Delete { grace: SignedDuration },
    /// The Pod's object is gone, or the node stops: nothing is to be written any more.
    Gone,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Effect {
    /// Start a container; answered by `Started`, `NotConfigured` or `Ended`.
    Start { container: usize, attempt: i32 },
    /// Signal a container's process group: KILL, or else TERM.
    Signal { container: usize, kill: bool },
    /// Write this status.
    WriteStatus(Value),
    /// Send `Tick` at this time.
    WakeAt(Timestamp),
    /// Remove the Pod's object.
    Delete,
    /// Nothing more comes.
    Done,
}

/// Why containers are being ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The regular containers are over, or an init container failed.
    Over,
    /// The Pod is being deleted.
    Deleted,
    /// `activeDeadlineSeconds` has passed.
    Deadline,
    /// Nobody wants to know.
    Gone,
}

#[derive(Clone, Copy, Debug)]
struct Stop {
    why: Why,
    kill_at: Timestamp,
}

/// The machine.
#[derive(Debug)]
pub(super) struct PodRun {
    pub(super) plan: Arc<PodPlan>,
    pub(super) containers: Vec<ContainerRun>,
    pub(super) started: Timestamp,
    pub(super) conditions: Conditions,
    stop: Option<Stop>,
    done: bool,
    published: Value,
}

impl PodRun {
    /// A Pod that the node takes at `now`.
    pub(super) fn new(plan: Arc<PodPlan>, now: Timestamp) -> Self {
        let has_init = plan.containers.iter().any(|c| c.role != Role::Main);
        let reason = if has_init {
            "PodInitializing"
        } else {
            "ContainerCreating"
        };
        Self {
            containers: plan
                .containers
                .iter()
                .map(|container| ContainerRun::new(container.role, now, reason))
                .collect(),
            plan,
            started: now,
            conditions: Conditions::default(),
            stop: None,
            done: false,
            published: Value::Null,
        }
    }

    /// Takes in what happened and says what to do.
    pub(super) fn handle(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.done {
            return effects;
        }
        self.take(now, input);
        self.check_end(now);
        match self.stop {
            Some(stop) => self.wind_down(now, stop, &mut effects),
            None => self.start_due(now, &mut effects),
        }
        self.done = self.stop.is_some() && !self.containers.iter().any(ContainerRun::is_alive);
        self.publish(now, &mut effects);
        if !self.done {
            effects.extend(self.next_wake().map(Effect::WakeAt));
            return effects;
        }
        if self.why() == Some(Why::Deleted) {
            effects.push(Effect::Delete);
        }
        effects.push(Effect::Done);
        effects
    }

    /// Why the containers are being ended, if they are.
    pub(super) fn why(&self) -> Option<Why> {
        self.stop.map(|stop| stop.why)
    }

    /// No container runs any more, and none will.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    fn take(&mut self, now: Timestamp, input: Input) {
        match input {
            Input::Tick => {}
            Input::Started { container, pid } => {
                let container = &mut self.containers[container];
                container.ever_started = true;
                container.state = State::Running { pid, since: now };
            }
            Input::NotConfigured { container, message } => {
                let stopping = self.stop.is_some();
                let container = &mut self.containers[container];
                container.due = (!stopping).then(|| now + CONFIG_RETRY);
                container.state = State::Waiting {
                    reason: "CreateContainerConfigError",
                    message: Some(message),
                };
            }
            Input::Ended { container, end } => {
                let (policy, stopping) = (self.plan.restart, self.stop.is_some());
                self.containers[container].end(end, policy, stopping);
            }
            Input::Delete { grace } => self.stop_for(Why::Deleted, now + grace),
            Input::Gone => self.stop_for(Why::Gone, now + GONE_GRACE),
        }
    }

    /// Sees whether the Pod is over by itself or by its deadline.
    fn check_end(&mut self, now: Timestamp) {
        if self.stop.is_some() {
            return;
        }
        let mut main = self.containers.iter().filter(|c| c.role == Role::Main);
        let over = main.all(|c| c.has_succeeded() || c.has_failed());
        let init_failed = self
            .containers
            .iter()
            .any(|c| c.role == Role::Init && c.has_failed());
        if over || init_failed {
            self.stop_for(Why::Over, now + self.plan.grace);
        } else if self.deadline().is_some_and(|at| at <= now) {
            self.stop_for(Why::Deadline, now + self.plan.grace);
        }
    }

    /// A later reason takes over from an earlier one only if it says more; KILL only ever comes sooner.
    fn stop_for(&mut self, why: Why, kill_at: Timestamp) {
        let stop = match self.stop {
            Some(old) => Stop {
                why: if old.why == Why::Gone { old.why } else { why },
                kill_at: old.kill_at.min(kill_at),
            },
            None => Stop { why, kill_at },
        };
        self.stop = Some(stop);
        for container in &mut self.containers {
            container.due = None;
        }
    }

    fn wind_down(&mut self, now: Timestamp, stop: Stop, effects: &mut Vec<Effect>) {
        let kill = stop.kill_at <= now;
        let wanted = if kill {
            Signalled::Kill
        } else {
            Signalled::Term
        };
        for (index, container) in self.containers.iter_mut().enumerate() {
            if container.is_running() && container.signalled < wanted {
                container.signalled = wanted;
                effects.push(Effect::Signal {
                    container: index,
                    kill,
                });
            }
        }
    }

    fn start_due(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        for (container, run) in self.containers.iter_mut().enumerate() {
            if let Some(attempt) = run.start_if_due(now) {
                effects.push(Effect::Start { container, attempt });
            }
            if !run.lets_next_start() {
                break;
            }
        }
    }

    /// A start is answered within moments, so its state is not worth a write of its own.
    fn publish(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let starting = self.containers.iter().any(|c| c.state == State::Starting);
        if starting || self.why() == Some(Why::Gone) {
            return;
        }
        let status = pod_status(self, now);
        if status != self.published {
            self.published.clone_from(&status);
            effects.push(Effect::WriteStatus(status));
        }
    }

    fn deadline(&self) -> Option<Timestamp> {
        self.plan.deadline.map(|deadline| self.started + deadline)
    }

    fn next_wake(&self) -> Option<Timestamp> {
        if let Some(stop) = self.stop {
            let killed = |c: &ContainerRun| !c.is_running() || c.signalled == Signalled::Kill;
            return (!self.containers.iter().all(killed)).then_some(stop.kill_at);
        }
        let mut wake = self.deadline();
        for run in &self.containers {
            wake = wake.into_iter().chain(run.due).min();
            if !run.lets_next_start() {
                break;
            }
        }
        wake
    }
}

#[cfg(test)]
mod tests;
