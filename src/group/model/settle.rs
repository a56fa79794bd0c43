//! Puts members into their states, and says what is new about them.

use jiff::Timestamp;

use super::Group;
use crate::group::change::{Change, What};
use crate::group::member::Member;
use crate::group::phase::{Assessment, Phase};

impl Group {
    pub(super) fn reassess(&mut self, id: usize, now: Timestamp) -> Vec<Change> {
        let found = self.members[id].reassess();
        self.settle(id, now, found)
    }

    /// Puts a member into its new state, and says what is new about it.
    pub(super) fn settle(&mut self, id: usize, now: Timestamp, mut new: Assessment) -> Vec<Change> {
        let member = &self.members[id];
        // A create's answer may come after what the watch has seen.
        let late = member.job.is_some() && new == Assessment::plain(Phase::Pending);
        if new.obstacle.is_some() {
            new.blocked_since = member
                .state
                .blocked_since
                .or(new.blocked_since)
                .or(Some(now));
        } else {
            new.blocked_since = None;
        }
        let is_same = member.state == new || late;
        let changes = if is_same {
            Vec::new()
        } else {
            self.replace_state(id, now, new)
        };
        // What a failure was due to may become known after it.
        let member = &self.members[id];
        if member.state.phase == Phase::Failed && member.disrupted {
            self.excused.insert(id);
        } else {
            self.excused.remove(&id);
        }
        changes
    }

    fn replace_state(&mut self, id: usize, now: Timestamp, new: Assessment) -> Vec<Change> {
        self.leave(id, now);
        let old = std::mem::replace(&mut self.members[id].state, new);
        self.enter(id);
        self.learn_duration(id, old.phase);
        let mut news = told_of(&old, &self.members[id]);
        news.extend(self.wait_of(&old, id));
        news.into_iter()
            .map(|what| self.change(id, now, what))
            .collect()
    }

    /// Counts a member in, in its state.
    pub(super) fn enter(&mut self, id: usize) {
        let member = &self.members[id];
        self.tally.add(member.state.phase);
        self.obstacles.enter(id, &member.state);
        self.by_cause.enter(id, member);
        let rows = self.rows.entry(member.state.phase).or_default();
        rows.insert((member.order(), id));
    }

    /// Counts a member out, before its state changes.
    fn leave(&mut self, id: usize, now: Timestamp) {
        let member = &self.members[id];
        self.tally.remove(member.state.phase);
        self.obstacles.leave(id, &member.state, now);
        self.by_cause.leave(id, member);
        let rows = self.rows.entry(member.state.phase).or_default();
        rows.remove(&(member.order(), id));
    }

    /// What a member waits for, if that is something new.
    fn wait_of(&mut self, old: &Assessment, id: usize) -> Option<What> {
        let state = &self.members[id].state;
        let (cause, reason) = (state.cause.as_ref()?, state.reason.as_ref()?);
        if state.phase != Phase::Pending {
            return None;
        }
        let is_new = state.obstacle.is_some() && self.obstacles.is_new(cause);
        // With another phase, the reason is told anyway.
        let is_told = old.phase != Phase::Pending || old.cause.as_ref() == Some(cause);
        (is_new || !is_told).then(|| What::Waits {
            reason: reason.clone(),
            stuck: state.stuck,
            is_new,
        })
    }

    fn learn_duration(&mut self, id: usize, before: Phase) {
        let member = &self.members[id];
        if let Some(ran) = member.ran_for.filter(|_| !before.is_final()) {
            let started = member.job.as_ref().and_then(|job| job.started);
            self.durations.learn(started, ran);
        }
    }

    pub(super) fn change(&self, id: usize, at: Timestamp, what: What) -> Change {
        let member = &self.members[id];
        Change {
            at,
            item: member.item.clone(),
            place: member.place.clone(),
            what,
        }
    }
}

/// What is worth telling of a member's new state.
fn told_of(old: &Assessment, member: &Member) -> Vec<What> {
    let new = &member.state;
    let mut news = Vec::new();
    // The last try that may fail is told with the end of the member.
    let another = !new.phase.is_final() && new.failures < new.tries_max;
    if new.failures > old.failures && another {
        let last = member.last_cause.clone().or_else(|| new.reason.clone());
        news.push(What::TryFailed {
            failures: new.failures,
            tries_max: new.tries_max,
            reason: last.unwrap_or_else(|| "failed".into()),
            next_try: new.next_try,
        });
    }
    if new.phase != old.phase {
        news.push(What::Phase {
            from: old.phase,
            to: new.phase,
            reason: new.reason.clone(),
            ran_for: member.ran_for.filter(|_| new.phase.is_final()),
        });
    }
    news
}
