//! What following does about members that are created meanwhile: lets them through, takes in outcomes, stops early.

use futures::stream::StreamExt;

use super::{Loop, Submission};
use crate::cli::CliResult;
use crate::cluster::act::suspend_jobs;
use crate::cluster::submit::{Event, Outcome};
use crate::group::{HaltWhen, Observation, Room, Stopped, is_quota};

impl Loop<'_, '_> {
    pub(super) fn outcome(&mut self, event: Option<Event>) -> CliResult<()> {
        let (place, outcome) = match event {
            Some(Event::Member(place, outcome)) => (place, outcome),
            Some(Event::Waiting(why)) => {
                self.held_back.by_quota = is_quota(&why);
                return Ok(self.screen.note(&format!("waiting: {why}"))?);
            }
            Some(Event::GoesOn) => {
                self.held_back.by_quota = false;
                return Ok(self.screen.note("creating goes on")?);
            }
            None => {
                self.held_back.by_quota = false;
                self.follow.submission = None;
                return self.take_in(Observation::SubmissionEnded);
            }
        };
        if let Some(submission) = &mut self.follow.submission {
            submission.answered += 1;
        }
        let seen = match outcome {
            Outcome::Created(uid) => Observation::Created(place, uid),
            Outcome::Unchanged => Observation::Unchanged(place),
            Outcome::Refused(why) => {
                // More of the same would be refused too.
                self.shut_gate();
                self.refused = true;
                Observation::Refused(place, why)
            }
            Outcome::Unreachable(why) => {
                self.shut_gate();
                self.unreachable.get_or_insert(why);
                return Ok(());
            }
        };
        self.take_in(seen)
    }

    pub(super) fn shut_gate(&self) {
        if let Some(submission) = &self.follow.submission {
            submission.gate.shut();
        }
    }

    /// Lets through as many members as the policy allows now, or stops creating.
    pub(super) async fn admit(&mut self) -> CliResult<()> {
        let Some(submission) = &self.follow.submission else {
            return Ok(());
        };
        self.held_back.max_active = submission.policy.max_active;
        let (tally, counts) = (
            self.follow.group.tally(),
            submission.policy.halt.counts_failures(),
        );
        let excused = if counts {
            self.follow.group.excused()
        } else {
            0
        };
        let begun = submission.gate.begun();
        let in_flight = begun.saturating_sub(submission.answered);
        // Those that are there count as begun: they may be the canaries of an earlier run.
        let begun = begun + submission.there.len();
        match submission.policy.room(tally, excused, begun, in_flight) {
            Room::Create(room) => {
                self.is_full = room == 0 && in_flight == 0;
                submission.gate.allow(room);
            }
            Room::Stop(when, why) => {
                submission.gate.shut();
                self.halted(when, why).await?;
            }
        }
        Ok(())
    }

    async fn halted(&mut self, when: HaltWhen, why: Stopped) -> CliResult<()> {
        if self.halted.replace(why).is_some() {
            return Ok(());
        }
        let why = match why {
            Stopped::Halt => "the --halt rule is reached",
            Stopped::Canary => "a canary did not succeed",
        };
        self.screen
            .note(&format!("{why}: nothing more is created"))?;
        if when == HaltWhen::Now {
            let unfinished = self.follow.group.unfinished().cloned().collect();
            suspend_jobs(&self.follow.client, unfinished, true).await?;
        }
        Ok(())
    }
}

/// The next outcome; `None` at the end of the submission.
pub(super) async fn next_outcome(submission: &mut Option<Submission<'_>>) -> Option<Event> {
    match submission {
        Some(submission) => submission.outcomes.next().await,
        None => std::future::pending().await,
    }
}
