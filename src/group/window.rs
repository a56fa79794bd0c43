//! How many members may be created now: the cap on unfinished ones, the canaries, and what stops it all.

use super::halt::{Halt, HaltWhen};
use super::phase::Phase;
use super::tally::Tally;

/// What limits the creation of members.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Policy {
    /// At most so many members are unfinished at a time.
    pub max_active: Option<usize>,
    /// So many members come first, and the rest only when all of them have succeeded.
    pub canary: Option<usize>,
    /// When to stop early.
    pub halt: Halt,
}

/// What may be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// So many more members may be created.
    Create(usize),
    /// Nothing more is created, and why.
    Stop(HaltWhen, Stopped),
}

/// Why nothing more is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The halt rule is reached.
    Halt,
    /// A canary did not succeed.
    Canary,
}

impl Policy {
    /// What may be done when `begun` creations of this command were begun, `in_flight` of which have no answer yet.
    ///
    /// Unfinished members are counted whoever created them. Those that run already are never touched to keep the cap:
    /// suspending them would end their Pods.
    pub fn room(&self, tally: Tally, excused: usize, begun: usize, in_flight: usize) -> Room {
        if let Some(when) = self.halt.reached(tally, excused) {
            return Room::Stop(when, Stopped::Halt);
        }
        let mut room = usize::MAX;
        if let Some(canary) = self.canary
            && tally.of(Phase::Succeeded) < canary.min(tally.total())
        {
            if tally.bad() > 0 {
                return Room::Stop(HaltWhen::Soon, Stopped::Canary);
            }
            // Those that others created before are canaries too.
            let created = tally.total() - tally.of(Phase::Waiting);
            room = canary.saturating_sub(begun.max(created));
        }
        if let Some(most) = self.max_active {
            let unfinished = tally.total() - tally.done() - tally.of(Phase::Waiting);
            room = room.min(most.saturating_sub(unfinished + in_flight));
        }
        Room::Create(room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(counts: &[(Phase, usize)]) -> Tally {
        let mut tally = Tally::default();
        for (phase, count) in counts {
            (0..*count).for_each(|_| tally.add(*phase));
        }
        tally
    }

    #[test]
    fn the_cap_counts_what_is_unfinished_and_what_is_being_created() {
        use Phase::{Failed, Pending, Running, Suspended, Waiting};
        let policy = Policy {
            max_active: Some(4),
            ..Policy::default()
        };
        for (counts, in_flight, room) in [
            (vec![(Waiting, 9)], 0, 4),
            (vec![(Waiting, 9)], 3, 1),
            (
                vec![(Waiting, 9), (Running, 1), (Pending, 1), (Suspended, 1)],
                1,
                0,
            ),
            (vec![(Waiting, 9), (Failed, 7), (Running, 3)], 0, 1),
            (vec![(Waiting, 9), (Running, 8)], 0, 0),
        ] {
            assert_eq!(
                policy.room(tally(&counts), 0, 0, in_flight),
                Room::Create(room),
                "{counts:?}"
            );
        }
        assert_eq!(
            Policy::default().room(tally(&[(Running, 99)]), 0, 0, 0),
            Room::Create(usize::MAX)
        );
    }

    #[test]
    fn the_rest_waits_for_all_canaries_and_a_bad_one_stops_it() {
        use Phase::{Failed, Running, Succeeded, Waiting};
        let policy = Policy {
            canary: Some(2),
            ..Policy::default()
        };
        for (counts, begun, room) in [
            (vec![(Waiting, 9)], 0, Room::Create(2)),
            (vec![(Waiting, 7), (Running, 2)], 2, Room::Create(0)),
            (vec![(Waiting, 7), (Running, 2)], 0, Room::Create(0)),
            (
                vec![(Waiting, 7), (Succeeded, 1), (Running, 1)],
                2,
                Room::Create(0),
            ),
            (
                vec![(Waiting, 7), (Succeeded, 2)],
                2,
                Room::Create(usize::MAX),
            ),
            (
                vec![(Waiting, 7), (Succeeded, 1), (Failed, 1)],
                2,
                Room::Stop(HaltWhen::Soon, Stopped::Canary),
            ),
            (
                vec![(Waiting, 5), (Succeeded, 2), (Failed, 2)],
                4,
                Room::Create(usize::MAX),
            ),
            (vec![(Succeeded, 1)], 1, Room::Create(usize::MAX)),
        ] {
            assert_eq!(policy.room(tally(&counts), 0, begun, 0), room, "{counts:?}");
        }
    }
}
