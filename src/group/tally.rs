//! How many members do what.

use super::phase::Phase;

/// Counts of members by phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    counts: [usize; Phase::ALL.len()],
}

impl Tally {
    /// How many members are in a phase.
    pub fn of(&self, phase: Phase) -> usize {
        self.counts[phase as usize]
    }

    /// How many members there are.
    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    /// How many have come to an end.
    pub fn done(&self) -> usize {
        let ended = Phase::ALL.iter().filter(|phase| phase.is_final());
        ended.map(|phase| self.of(*phase)).sum()
    }

    /// How many have come to an end that is no success.
    pub fn bad(&self) -> usize {
        self.done() - self.of(Phase::Succeeded)
    }

    pub(super) fn add(&mut self, phase: Phase) {
        self.counts[phase as usize] += 1;
    }

    pub(super) fn remove(&mut self, phase: Phase) {
        self.counts[phase as usize] -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up() {
        let mut tally = Tally::default();
        for phase in Phase::ALL {
            tally.add(phase);
        }
        tally.remove(Phase::Waiting);
        tally.add(Phase::Succeeded);
        assert_eq!((tally.total(), tally.done(), tally.bad()), (9, 5, 3));
        assert_eq!(tally.of(Phase::Succeeded), 2);
    }
}
