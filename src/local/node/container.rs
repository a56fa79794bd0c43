//! What became of one container so far.

use jiff::Timestamp;

use super::backoff::Backoff;
use super::plan::{RestartPolicy, Role};

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terminated {
    /// 128 + the signal's number if a signal ended it.
    pub(super) exit_code: i32,
    pub(super) signal: Option<i32>,
    pub(super) reason: &'static str,
    pub(super) message: Option<String>,
    pub(super) started: Timestamp,
    pub(super) finished: Timestamp,
    pub(super) pid: Option<u32>,
}

/// `state` of a container status, with the moment between decision and process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting {
        reason: &'static str,
        message: Option<String>,
    },
    /// The start was asked for and is not answered yet.
    Starting,
    Running {
        pid: u32,
        since: Timestamp,
    },
    Terminated(Terminated),
}

/// The last signal sent to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Signalled {
    No,
    Term,
    Kill,
}

/// One container of a Pod that runs.
#[derive(Clone, Debug)]
pub(super) struct ContainerRun {
    pub(super) role: Role,
    pub(super) state: State,
    pub(super) last: Option<Terminated>,
    pub(super) restarts: i32,
    /// When to start it (again); nothing means that no start is to come.
    pub(super) due: Option<Timestamp>,
    pub(super) ever_started: bool,
    pub(super) signalled: Signalled,
    pub(super) backoff: Backoff,
}

impl ContainerRun {
    pub(super) fn new(role: Role, now: Timestamp, reason: &'static str) -> Self {
        Self {
            role,
            state: State::Waiting {
                reason,
                message: None,
            },
            last: None,
            restarts: 0,
            due: Some(now),
            ever_started: false,
            signalled: Signalled::No,
            backoff: Backoff::default(),
        }
    }

    /// A process of it exists or is about to.
    pub(super) fn is_alive(&self) -> bool {
        matches!(self.state, State::Starting | State::Running { .. })
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    /// It ended with code 0 and stays ended.
    pub(super) fn has_succeeded(&self) -> bool {
        self.due.is_none() && matches!(&self.state, State::Terminated(end) if end.exit_code == 0)
    }

    /// It ended with another code and stays ended.
    pub(super) fn has_failed(&self) -> bool {
        self.due.is_none() && matches!(&self.state, State::Terminated(end) if end.exit_code != 0)
    }

    /// Whether the container behind it in the order of init containers may start.
    pub(super) fn lets_next_start(&self) -> bool {
        match self.role {
            Role::Init => self.has_succeeded(),
            Role::Sidecar => self.ever_started,
            Role::Main => true,
        }
    }

    /// Marks the start, and says which try it is, if one is due.
    pub(super) fn start_if_due(&mut self, now: Timestamp) -> Option<i32> {
        if self.is_alive() || self.due.is_none_or(|due| due > now) {
            return None;
        }
        if let State::Terminated(end) = &self.state {
            self.restarts += 1;
            self.backoff.restarted(end.finished, now);
            self.last = Some(end.clone());
        }
        (self.state, self.due, self.signalled) = (State::Starting, None, Signalled::No);
        Some(self.restarts)
    }

    /// Marks the end, and when to start again by `policy`, or never when the Pod is `stopping`.
    pub(super) fn end(&mut self, end: Terminated, policy: RestartPolicy, stopping: bool) {
        let again = match (self.role, policy) {
            _ if stopping => false,
            (Role::Sidecar, _) | (Role::Main, RestartPolicy::Always) => true,
            (_, RestartPolicy::Never) => false,
            (Role::Main | Role::Init, _) => end.exit_code != 0,
        };
        self.due = again.then(|| self.backoff.due(end.finished));
        self.state = State::Terminated(end);
    }
}
