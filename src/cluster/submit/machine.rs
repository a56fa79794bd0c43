//! Which request is next, and what is to be told: all of a submission but the sending. Pure: time is an argument.

use std::collections::{BTreeMap, VecDeque};
use std::iter::Peekable;
use std::time::Duration;

use super::answer::Answer;
use super::member::{Member, Turn};
use super::pace::{Admission, Pace, Pacer, Signal};
use super::{Event, Outcome, Prepared};
use crate::cluster::problem::Problem;

/// Members that have begun and not ended; further ones wait in the list.
const OPEN_MAX: usize = 256;
/// A server that has not answered well for this long is given up.
const PATIENCE: Duration = Duration::from_secs(300);
/// A standstill that is longer than this is told.
const TOLD: Duration = Duration::from_secs(2);

/// What to do now.
#[derive(Debug)]
pub(super) enum Next {
    /// Send this member's request.
    Send(Box<Member>),
    /// Ask again at this time, or when an answer has come.
    Wait(Duration),
    /// Ask again when an answer has come, or the way is another one.
    Answer,
    /// Nothing: all has ended.
    Over,
}

/// Whether members may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// They may.
    Open,
    /// Not now; those that have begun go on.
    Closed,
    /// Never again, and what is not under way ends.
    Shut,
}

/// A submission.
pub(super) struct Machine<I: Iterator<Item = Prepared>> {
    members: Peekable<I>,
    pacer: Pacer,
    /// Members that can go on.
    ready: VecDeque<Box<Member>>,
    /// Members that can go on at a time; a number keeps those of the same time apart.
    later: BTreeMap<(Duration, u64), Box<Member>>,
    numbers: u64,
    begun: usize,
    in_flight: usize,
    events: VecDeque<Event>,
    /// Since when no answer was a good one.
    troubled_since: Option<Duration>,
    /// Whether the server has ever answered.
    was_reached: bool,
    is_given_up: bool,
    is_waiting_told: bool,
}

impl<I: Iterator<Item = Prepared>> Machine<I> {
    pub(super) fn new(members: I, pace: Pace) -> Self {
        Self {
            members: members.peekable(),
            pacer: Pacer::new(pace),
            ready: VecDeque::new(),
            later: BTreeMap::new(),
            numbers: 0,
            begun: 0,
            in_flight: 0,
            events: VecDeque::new(),
            troubled_since: None,
            was_reached: false,
            is_given_up: false,
            is_waiting_told: false,
        }
    }

    /// How many members have begun.
    pub(super) fn begun(&self) -> usize {
        self.begun
    }

    /// What has happened, oldest first.
    pub(super) fn event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// What to do now. A submission that is shut begins nothing, and waits for what is under way.
    pub(super) fn next(&mut self, now: Duration, way: Way) -> Next {
        if way == Way::Shut || self.is_given_up {
            self.ready.clear();
            self.later.clear();
            return self.idle();
        }
        while let Some(entry) = self.later.first_entry()
            && entry.key().0 <= now
        {
            self.ready.push_back(entry.remove());
        }
        if !self.has_work(way) {
            return match self.later.first_key_value() {
                Some(((at, _), _)) => Next::Wait(*at),
                None if way == Way::Closed && self.members.peek().is_some() => Next::Answer,
                None => self.idle(),
            };
        }
        match self.pacer.admit(now) {
            Admission::Now => self.send(),
            Admission::At(at) => Next::Wait(at),
            Admission::WhenAnswered => Next::Answer,
        }
    }

    /// A member's request that went out at `sent` was answered.
    pub(super) fn answered(
        &mut self,
        now: Duration,
        sent: Duration,
        mut member: Box<Member>,
        answer: Answer,
    ) {
        self.in_flight -= 1;
        self.pacer.answered(now, sent, signal(&answer));
        self.judge(now, &member, &answer);
        if self.is_given_up {
            return;
        }
        match member.answered(now, answer) {
            Turn::Next => self.ready.push_back(member),
            Turn::After(wait, why) => {
                if let Some(why) = why {
                    self.tell_waiting(why);
                }
                self.numbers += 1;
                self.later.insert((now + wait, self.numbers), member);
            }
            Turn::Done(outcome) => {
                self.is_given_up |= matches!(outcome, Outcome::Unreachable(_));
                let place = member.place().clone();
                self.events.push_back(Event::Member(place, outcome));
            }
        }
    }

    fn idle(&self) -> Next {
        if self.in_flight == 0 {
            Next::Over
        } else {
            Next::Answer
        }
    }

    fn has_work(&mut self, way: Way) -> bool {
        let open = self.in_flight + self.ready.len() + self.later.len();
        !self.ready.is_empty()
            || (way == Way::Open && open < OPEN_MAX && self.members.peek().is_some())
    }

    /// The next request of a member that has begun, else the first one of the next in the list.
    fn send(&mut self) -> Next {
        let member = self.ready.pop_front().or_else(|| {
            self.begun += 1;
            let next = self.members.find_map(Member::new);
            next.map(Box::new)
        });
        let Some(member) = member else {
            return self.idle();
        };
        self.in_flight += 1;
        Next::Send(member)
    }

    /// What an answer says about the server as a whole.
    fn judge(&mut self, now: Duration, member: &Member, answer: &Answer) {
        match answer {
            Answer::Again(trouble) if !trouble.is_own => {
                self.was_reached |= !trouble.is_unsent;
                let since = *self.troubled_since.get_or_insert(now);
                if !self.was_reached || now.saturating_sub(since) > PATIENCE {
                    self.give_up(member, &trouble.problem);
                } else if self.pacer.pause_left(now) > TOLD {
                    self.tell_waiting(trouble.problem.message.clone());
                }
                return;
            }
            Answer::QuotaUsed(problem) => self.tell_waiting(problem.message.clone()),
            Answer::Created(_) if std::mem::take(&mut self.is_waiting_told) => {
                self.events.push_back(Event::GoesOn);
            }
            _ => {}
        }
        self.was_reached = true;
        self.troubled_since = None;
    }

    fn give_up(&mut self, member: &Member, problem: &Problem) {
        if !std::mem::replace(&mut self.is_given_up, true) {
            let outcome = Outcome::Unreachable(problem.message.clone());
            let place = member.place().clone();
            self.events.push_back(Event::Member(place, outcome));
        }
    }

    fn tell_waiting(&mut self, why: String) {
        if !std::mem::replace(&mut self.is_waiting_told, true) {
            self.events.push_back(Event::Waiting(why));
        }
    }
}

fn signal(answer: &Answer) -> Signal {
    match answer {
        Answer::Created(_) => Signal::Good,
        Answer::Again(trouble) if !trouble.is_own => Signal::Busy(trouble.after),
        Answer::QuotaUsed(_) => Signal::QuotaUsed,
        // Quicker than a creation, so no measure for one.
        _ => Signal::Nothing,
    }
}

#[cfg(test)]
mod tests;
