//! The members that do not start or that the Job controller is behind with, in an order that makes the oldest one cheap to find.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::group::phase::{Assessment, Phase};
use crate::group::wait::Obstacle;

/// Causes that are remembered as told.
const TOLD_MAX: usize = 1000;

/// Since when, and which member.
type Row = (Timestamp, usize);

#[derive(Clone, Debug, Default)]
pub(super) struct Obstacles {
    counts: [usize; Obstacle::ALL.len()],
    /// Their obstacle has nothing to do with the other members.
    own: BTreeSet<Row>,
    /// Other members may be their obstacle.
    shared: BTreeSet<Row>,
    /// The Job controller has something to do for them, since or from then on.
    owed: BTreeSet<Row>,
    /// Pending, and nobody knows why.
    unexplained: BTreeSet<Row>,
    /// When a member was last seen at work.
    worked: Option<Timestamp>,
    told: BTreeSet<String>,
}

impl Obstacles {
    /// A member is in this state from now on.
    pub(super) fn enter(&mut self, id: usize, state: &Assessment) {
        if let Some(obstacle) = state.obstacle {
            self.counts[obstacle as usize] += 1;
        }
        for (rows, row) in self.rows_of(id, state) {
            rows.insert(row);
        }
    }

    /// A member is in this state no longer.
    pub(super) fn leave(&mut self, id: usize, state: &Assessment, now: Timestamp) {
        if let Some(obstacle) = state.obstacle {
            self.counts[obstacle as usize] -= 1;
        }
        if matches!(state.phase, Phase::Running | Phase::BackingOff) {
            self.worked = Some(now);
        }
        for (rows, row) in self.rows_of(id, state) {
            rows.remove(&row);
        }
    }

    fn rows_of(
        &mut self,
        id: usize,
        state: &Assessment,
    ) -> impl Iterator<Item = (&mut BTreeSet<Row>, Row)> {
        let is_shared = state.obstacle.is_some_and(Obstacle::passes_with_others);
        let (own, shared) = if is_shared {
            (None, state.blocked_since)
        } else {
            (state.blocked_since, None)
        };
        let is_unexplained = state.phase == Phase::Pending && state.reason.is_none();
        let rows = [
            (&mut self.own, own),
            (&mut self.shared, shared),
            (&mut self.owed, state.owed_since),
            (
                &mut self.unexplained,
                state.since.filter(|_| is_unexplained),
            ),
        ];
        rows.into_iter()
            .filter_map(move |(rows, since)| Some((rows, (since?, id))))
    }

    /// How many members wait because of it.
    pub(super) fn of(&self, obstacle: Obstacle) -> usize {
        self.counts[obstacle as usize]
    }

    /// How long the controller has owed something to the member that has waited longest for it.
    pub(super) fn lag(&self, now: Timestamp) -> Option<SignedDuration> {
        let (since, _) = self.owed.first()?;
        Some(now.duration_since(*since)).filter(SignedDuration::is_positive)
    }

    /// Members of which nobody knows why they do not start, the oldest first.
    pub(super) fn unexplained(&self) -> impl Iterator<Item = &Row> {
        self.unexplained.iter()
    }

    /// Members that have not started for longer than a limit, the oldest first.
    ///
    /// What other members may be in the way of counts only from when the last of them was at work, and not while one is.
    pub(super) fn overdue(
        &self,
        now: Timestamp,
        limit: SignedDuration,
        is_at_work: bool,
    ) -> impl Iterator<Item = usize> {
        let is_over = move |since: Timestamp| now.duration_since(since) >= limit;
        let others_over = !is_at_work && self.worked.is_none_or(is_over);
        let own = self.own.iter();
        let shared = self.shared.iter().filter(move |_| others_over);
        own.take_while(move |(since, _)| is_over(*since))
            .chain(shared.take_while(move |(since, _)| is_over(*since)))
            .map(|(_, id)| *id)
    }

    /// Whether a cause is seen for the first time.
    pub(super) fn is_new(&mut self, cause: &str) -> bool {
        self.told.len() < TOLD_MAX && self.told.insert(cause.to_owned())
    }
}
