//! The loop of `run`, `watch` and `wait`: takes in what is observed, shows what changes, ends with a verdict.

#![expect(clippy::disallowed_methods, reason = "the loop has a clock")]

mod creating;
mod drain;
mod events;
mod expiry;
mod outputs;
mod parts;
mod recorded;
mod turns;

use std::time::Duration;

use futures::stream::StreamExt;
use jiff::Timestamp;
use tokio::time::Instant;

use super::error::{INTERRUPTED, TIMED_OUT};
use super::screen::Screen;
use super::{CliResult, Failure};
use crate::cluster::observe::Observed;
use crate::group::{HeldBack, Observation, Phase, Stopped, What};
use crate::render;
use crate::terminal::{Pause, Pauses, Signals};
use creating::next_outcome;
use events::Events;
use expiry::Expiry;
use outputs::Outputs;
pub(super) use outputs::{LogMode, Reading};
pub(super) use parts::{Ending, Follow, Submission};
use recorded::next_news;

/// A frame is drawn at most this often.
const FRAME: Duration = Duration::from_millis(100);
/// And at least this often, for the clock in it.
const CLOCK: Duration = Duration::from_secs(1);
/// Times to live that are still being set then are waited for so long.
const EXPIRY_GRACE: Duration = Duration::from_secs(30);

#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one fact; they come in any combination"
)]
struct Loop<'a, 's> {
    follow: Follow<'a>,
    screen: &'s mut Screen,
    outputs: Outputs,
    expiry: Expiry,
    events: Events,
    unreachable: Option<String>,
    refused: bool,
    halted: Option<Stopped>,
    dirty: bool,
    /// It stopped by itself, and the signal to go on was not seen yet.
    stopped_itself: bool,
    /// Nothing more may be created now, and nothing is under way.
    is_full: bool,
    /// Which members have waited for too long.
    given_up: Option<String>,
    held_back: HeldBack,
}

/// Follows a group to its end, a signal, or the timeout.
pub(super) async fn follow(follow: Follow<'_>, screen: &mut Screen) -> CliResult<Ending> {
    let outputs = Outputs::new(follow.client.clone(), follow.logs, follow.reading.clone());
    let events = Events::new(follow.client.clone());
    let expiry = Expiry::new(follow.client.clone(), follow.ttl);
    let mut state = Loop {
        follow,
        screen,
        outputs,
        expiry,
        events,
        unreachable: None,
        refused: false,
        halted: None,
        dirty: true,
        stopped_itself: false,
        is_full: false,
        given_up: None,
        held_back: HeldBack::default(),
    };
    let code = Box::pin(state.run()).await;
    let is_recorded = state.follow.ledger.is_some();
    if let Some(ledger) = state.follow.ledger.take() {
        ledger.finish(&state.follow.group).await;
    }
    let code = code?;
    let ending = Ending {
        code,
        stopped: state.unreachable.take(),
        left: state.follow.group.tally().of(Phase::Waiting),
        is_recorded,
        gave_up: state.given_up.is_some(),
    };
    if state.follow.detach && code == 0 {
        state.outputs.stop();
        return Ok(ending);
    }
    state.drain().await?;
    if let Some(problem) = state.expiry.finish(Instant::now() + EXPIRY_GRACE).await {
        super::screen::warn(&format!(
            "the time to live of Jobs cannot be set: {problem}"
        ));
    }
    let now = Timestamp::now();
    state.screen.finish(&state.follow.group, now, code)?;
    Ok(ending)
}

impl Loop<'_, '_> {
    async fn run(&mut self) -> CliResult<u8> {
        let mut signals = Signals::new()
            .map_err(|error| Failure::tool(format!("cannot take signals: {error}")))?;
        // Without a table, Ctrl-Z is none of the tool's business.
        let mut pauses = self.screen.is_drawn().then(Pauses::new).transpose();
        let pauses = pauses
            .as_mut()
            .map_err(|error| Failure::tool(format!("cannot take signals: {error}")))?;
        let end = self
            .follow
            .timeout
            .and_then(|timeout| Instant::now().checked_add(timeout));
        let mut frame = Instant::now();
        self.known_members()?;
        loop {
            self.admit().await?;
            if self.is_over() {
                return Ok(self.code());
            }
            if self.is_detached() {
                return Ok(self.detached_code());
            }
            self.events.look(&self.follow.group, Timestamp::now());
            if self.waits_in_vain()? {
                return self.give_up(&mut signals).await;
            }
            self.tell_crowd()?;
            if let Some(ledger) = &mut self.follow.ledger {
                ledger.tell(&self.follow.group, self.follow.submission.is_some());
            }
            if self.follow.must_exist
                && self.follow.group.is_listed()
                && self.follow.group.tally().total() == 0
            {
                return Err(Failure::nothing("no Job matches the selector"));
            }
            if frame.elapsed() >= FRAME && self.dirty {
                self.follow.group.hold_back(self.held_back);
                if self.is_known() {
                    self.screen.draw(&self.follow.group, Timestamp::now())?;
                }
                (frame, self.dirty) = (Instant::now(), false);
            }
            self.screen
                .heartbeat(&self.follow.group, Timestamp::now())?;
            let next_frame = frame
                + if self.dirty && self.screen.is_drawn() {
                    FRAME
                } else {
                    CLOCK
                };
            tokio::select! {
                // In this order, so that a run can be repeated; what may be ready all the time comes last.
                biased;
                () = signals.next() => return self.interrupted(&mut signals).await,
                pause = next_pause(pauses) => self.paused(pause)?,
                () = sleep_until(end), if end.is_some() => {
                    return Ok(TIMED_OUT);
                }
                () = tokio::time::sleep_until(next_frame) => self.dirty = true,
                news = next_news(&mut self.follow.ledger) => self.heard(news)?,
                outcome = next_outcome(&mut self.follow.submission) => self.outcome(outcome)?,
                Some(seen) = self.follow.observed.next() => self.observed(seen)?,
                found = self.events.next() => if let Some(found) = found {
                    self.take_in(found)?;
                },
                Some(line) = self.outputs.next() => self.output(line)?,
            }
        }
    }

    /// Ctrl-Z, or `fg` after it.
    fn paused(&mut self, pause: Pause) -> CliResult<()> {
        // The signal to go on comes after our own stop too, maybe when a frame was drawn again already.
        if pause == Pause::Stop || !std::mem::take(&mut self.stopped_itself) {
            self.screen.let_go()?;
        }
        if pause == Pause::Stop {
            Pauses::stop()?;
            self.stopped_itself = true;
        }
        self.dirty = true;
        Ok(())
    }

    /// Whether there is something to show: before the first look at the cluster, only what this command creates itself.
    fn is_known(&self) -> bool {
        self.follow.group.is_listed() || self.follow.submission.is_some()
    }

    /// Members that are not sent, because they are there as they should be.
    fn known_members(&mut self) -> CliResult<()> {
        let there = self
            .follow
            .submission
            .as_ref()
            .map(|submission| submission.there.clone());
        for place in there.unwrap_or_default() {
            self.take_in(Observation::Unchanged(place))?;
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        let created = self.follow.submission.is_none() && !self.others_create();
        let group = &self.follow.group;
        let known = group.is_listed() || self.refused;
        // What was suspended by a halt goes on only when somebody resumes it.
        let over = group.is_over() || (self.halted.is_some() && group.is_idle());
        created && (self.unreachable.is_some() || (known && over))
    }

    /// Whether a member has waited for longer than it may; says which and why.
    fn waits_in_vain(&mut self) -> CliResult<bool> {
        let Some(limit) = self.follow.pending_timeout else {
            return Ok(false);
        };
        self.given_up = render::overdue_line(&self.follow.group, Timestamp::now(), limit);
        if let Some(line) = &self.given_up {
            self.screen.note(line)?;
        }
        Ok(self.given_up.is_some())
    }

    /// Ends as one that not all members are good for; what is under way is created, and the Jobs stay.
    async fn give_up(&mut self, signals: &mut Signals) -> CliResult<u8> {
        self.stop_creating(signals).await?;
        Ok(self.follow.group.verdict().exit_code())
    }

    fn code(&self) -> u8 {
        if self.unreachable.is_some() {
            5
        } else {
            self.follow.group.verdict().exit_code()
        }
    }

    fn observed(&mut self, seen: Observed) -> CliResult<()> {
        match seen {
            Ok(seen) => self.take_in(seen),
            Err(trouble) => {
                tracing::debug!(trouble, "a watch broke and goes on");
                Ok(())
            }
        }
    }

    fn take_in(&mut self, seen: Observation) -> CliResult<()> {
        let place = match &seen {
            Observation::Pod(pod) => Some(pod.job.clone()),
            Observation::Job(job) => Some(job.place.clone()),
            _ => None,
        };
        for change in self.follow.group.handle(Timestamp::now(), seen) {
            self.dirty = true;
            self.screen.change(&change, &self.follow.group)?;
            let ended = matches!(change.what, What::Phase { to, .. } if to.is_final());
            if let Some(member) = self.follow.group.member(&change.place).filter(|_| ended) {
                self.expiry.settled(member);
            }
        }
        if let Some(member) = place.and_then(|place| self.follow.group.member(&place)) {
            self.outputs.member_seen(member);
        }
        Ok(())
    }

    /// The first signal stops creating and watching; what is under way is finished. A second one ends the command at once.
    async fn interrupted(&mut self, signals: &mut Signals) -> CliResult<u8> {
        self.stop_creating(signals).await?;
        self.outputs.stop();
        Ok(INTERRUPTED)
    }

    async fn stop_creating(&mut self, signals: &mut Signals) -> CliResult<()> {
        self.shut_gate();
        while self.follow.submission.is_some() {
            tokio::select! {
                () = signals.next() => break,
                outcome = next_outcome(&mut self.follow.submission) => self.outcome(outcome)?,
            }
        }
        Ok(())
    }

    /// Says that outputs wait for a place; before all members are known, the number would be too small.
    fn tell_crowd(&mut self) -> CliResult<()> {
        if self.follow.group.is_listed()
            && let Some(crowd) = self.outputs.crowd(Instant::now())
        {
            self.screen.note(&crowd)?;
        }
        Ok(())
    }

    fn output(&mut self, line: outputs::Line) -> CliResult<()> {
        let item = (!self.follow.reading.is_bare).then_some(line.item.as_str());
        self.screen.output(item, &line.pod, &line.text)?;
        if !line.text.trim().is_empty() {
            self.take_in(Observation::LastLine(line.place, line.text))?;
        }
        Ok(())
    }
}

async fn next_pause(pauses: &mut Option<Pauses>) -> Pause {
    match pauses {
        Some(pauses) => pauses.next().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}
