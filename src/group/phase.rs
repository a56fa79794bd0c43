//! What a member does right now, from its Job and its Pods.

use jiff::Timestamp;

use super::cause;
use super::due::{deadline, next_try, owed_since};
use super::explained::Explained;
use super::job_view::{JobEnd, JobView};
use super::pod_view::{PodState, PodView};
use super::wait::{Obstacle, Wait};

/// What a member does; in the order in which the table shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It ended badly.
    Failed,
    /// The server did not take it.
    Refused,
    /// Its Job is gone, and nobody saw how it ended.
    Gone,
    /// A try failed; the next one is due later.
    BackingOff,
    /// At least one Pod runs.
    Running,
    /// It has a Job, and no Pod that runs.
    Pending,
    /// Its Job is suspended.
    Suspended,
    /// It has no Job yet.
    Waiting,
    /// It ended well.
    Succeeded,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 9] = [
        Self::Failed,
        Self::Refused,
        Self::Gone,
        Self::BackingOff,
        Self::Running,
        Self::Pending,
        Self::Suspended,
        Self::Waiting,
        Self::Succeeded,
    ];

    /// The word that people and the JSON events see.
    pub fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Gone => "gone",
            Self::BackingOff => "backing off",
            Self::Running => "running",
            Self::Pending => "pending",
            Self::Suspended => "suspended",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
        }
    }

    /// The name of a field that counts members in it.
    pub fn field(self) -> &'static str {
        match self {
            Self::BackingOff => "backingOff",
            other => other.word(),
        }
    }

    /// Whether nothing more will become of it.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Failed | Self::Refused | Self::Gone | Self::Succeeded
        )
    }
}

/// What is known of a member at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// What it does.
    pub phase: Phase,
    /// Why, in the user's words.
    pub reason: Option<String>,
    /// The same without what differs from member to member, such as the number of tries.
    pub cause: Option<String>,
    /// Nothing will change before somebody does something.
    pub stuck: bool,
    /// What is in the way of a start.
    pub obstacle: Option<Obstacle>,
    /// Since when something is in the way; the model keeps it while anything is.
    pub blocked_since: Option<Timestamp>,
    /// Since when, or from when on, its Job's controller has something to do for it.
    pub owed_since: Option<Timestamp>,
    /// When its Job's deadline ends it.
    pub deadline: Option<Timestamp>,
    /// Since when it runs, or waits.
    pub since: Option<Timestamp>,
    /// When the next try is due.
    pub next_try: Option<Timestamp>,
    /// Tries that failed: Pods, and restarts in place.
    pub failures: u32,
    /// Of how many tries the last one may fail (`backoffLimit` and one).
    pub tries_max: u32,
}

impl Assessment {
    /// A phase and nothing else.
    pub(super) fn plain(phase: Phase) -> Self {
        Self {
            phase,
            reason: None,
            cause: None,
            stuck: false,
            obstacle: None,
            blocked_since: None,
            owed_since: None,
            deadline: None,
            since: None,
            next_try: None,
            failures: 0,
            tries_max: 0,
        }
    }

    fn wait_for(&mut self, wait: Option<&Wait>) {
        let Some(wait) = wait else {
            return;
        };
        self.reason = Some(wait.reason.clone());
        self.cause = Some(cause::lasting(&wait.reason));
        self.stuck = wait.for_good;
        self.obstacle = wait.obstacle;
        self.blocked_since = wait.since;
    }
}

/// What was known of a member's failures before; its Pods may be gone since.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many tries failed.
    pub count: u32,
    /// Why the last one did.
    pub cause: Option<String>,
    /// What Events say of why it does not start.
    pub event: Option<Explained>,
}

/// What a member with a Job does.
///
/// Pods are ahead of the Job's status, and the final condition has the last word.
pub fn assess(job: &JobView, pods: &[&PodView], earlier: &Failures) -> Assessment {
    let last = last_failed(pods);
    let cause = last_cause(pods).or_else(|| earlier.cause.clone());
    let failures = failures(job, pods).max(earlier.count);
    let mut found = Assessment {
        since: job.started.or(job.created),
        failures,
        tries_max: u32::try_from(job.backoff_limit.saturating_add(1)).unwrap_or(u32::MAX),
        ..Assessment::plain(Phase::Pending)
    };
    if let Some(end) = &job.ended {
        found.phase = if end.succeeded {
            Phase::Succeeded
        } else {
            Phase::Failed
        };
        found.cause = (!end.succeeded).then(|| cause_of(end, cause.as_deref()));
        found.reason =
            (!end.succeeded).then(|| failed_because(end, job, failures, cause.as_deref()));
        return found;
    }
    let live = || pods.iter().filter(|pod| !pod.deleting);
    let restarting = live().find_map(|pod| match &pod.state {
        PodState::Restarting(cause, due) => Some((cause.clone(), *due)),
        _ => None,
    });
    let waiting = live().any(|pod| matches!(pod.state, PodState::Pending(_)));
    if live().any(|pod| pod.state == PodState::Running) {
        found.phase = Phase::Running;
        found.reason = progress(job);
    } else if let Some((cause, due)) = restarting {
        found.phase = Phase::BackingOff;
        found.reason = Some(cause);
        found.next_try = due;
    } else if waiting {
        let waits = live().filter_map(|pod| match &pod.state {
            PodState::Pending(wait) => wait.as_ref(),
            _ => None,
        });
        // What will not pass comes before what may.
        found.wait_for(waits.min_by_key(|wait| !wait.for_good));
    } else if job.suspended {
        found.phase = Phase::Suspended;
    } else if all_done(job, pods) {
        found.phase = Phase::Running;
        found.reason = Some("finishing".into());
    } else if failures > 0 {
        found.phase = Phase::BackingOff;
        found.reason = cause;
        found.next_try = next_try(failures, found.tries_max, last.and_then(|pod| pod.finished));
    }
    if found.phase == Phase::Pending && found.reason.is_none() {
        found.wait_for(earlier.event.as_ref().and_then(|event| event.of(job, pods)));
    }
    found.deadline = deadline(job);
    found.owed_since = owed_since(&found, job, pods);
    found
}

/// Why the last of these Pods to fail did.
pub(super) fn last_cause(pods: &[&PodView]) -> Option<String> {
    last_failed(pods)?.last_cause.clone()
}

/// The last of these Pods to fail.
pub(super) fn last_failed<'a>(pods: &[&'a PodView]) -> Option<&'a PodView> {
    let failed = pods.iter().filter(|pod| pod.last_cause.is_some());
    failed.max_by_key(|pod| pod.finished).copied()
}

/// Failed Pods as the Job or the Pods themselves know them, whoever knows more; and restarts in place.
fn failures(job: &JobView, pods: &[&PodView]) -> u32 {
    let failed = pods
        .iter()
        .filter(|pod| matches!(pod.state, PodState::Failed(_)))
        .count() as i32;
    // A Pod that waits for its restart has failed once more than it was restarted.
    let in_place: i32 = pods
        .iter()
        .map(|pod| match pod.state {
            PodState::Restarting(..) => pod.restarts.saturating_add(1),
            PodState::Failed(_) => 0,
            _ => pod.restarts,
        })
        .fold(0, i32::saturating_add);
    job.failed.max(failed).saturating_add(in_place).max(0) as u32
}

fn all_done(job: &JobView, pods: &[&PodView]) -> bool {
    let succeeded = pods
        .iter()
        .filter(|pod| pod.state == PodState::Succeeded)
        .count() as i32;
    job.succeeded.max(succeeded) >= job.completions.unwrap_or(1)
}

/// `2/4 done` for a Job of several Pods.
fn progress(job: &JobView) -> Option<String> {
    let completions = job.completions.filter(|completions| *completions > 1)?;
    Some(format!("{}/{completions} done", job.succeeded))
}

/// What a failed member has in common with others: why its last try failed, or the reason of its Job.
fn cause_of(end: &JobEnd, cause: Option<&str>) -> String {
    match (end.reason.as_str(), cause) {
        ("DeadlineExceeded", _) | (_, None) => end.reason.clone(),
        (_, Some(cause)) => cause.to_owned(),
    }
}

fn failed_because(end: &JobEnd, job: &JobView, failures: u32, cause: Option<&str>) -> String {
    let tries = if failures == 1 {
        "1 try".into()
    } else {
        format!("{failures} tries")
    };
    match (end.reason.as_str(), cause) {
        ("BackoffLimitExceeded", Some(cause)) => format!("{cause} ({tries})"),
        ("BackoffLimitExceeded", None) => format!("BackoffLimitExceeded ({tries})"),
        ("DeadlineExceeded", _) => job.deadline_secs.map_or_else(
            || "DeadlineExceeded".into(),
            |secs| format!("DeadlineExceeded ({secs}s)"),
        ),
        (reason, Some(cause)) => format!("{cause} ({reason})"),
        (reason, None) => reason.into(),
    }
}

#[cfg(test)]
#[path = "phase/tests.rs"]
mod tests;
