//! How long the rest of a group will take, and what keeps it from being quicker.

use jiff::{SignedDuration, Timestamp};

use super::phase::Phase;
use super::tally::Tally;
use super::wait::Obstacle;

/// Finished members before an estimate is made.
const AFTER: u32 = 3;
/// The Job controller is slow if it takes longer than this; a healthy one takes less than a second.
pub(super) const LAG_MIN: SignedDuration = SignedDuration::from_secs(3);

/// What the members that have finished took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Durations {
    sum: SignedDuration,
    count: u32,
    first_start: Option<Timestamp>,
    last_end: Option<Timestamp>,
}

impl Durations {
    /// A member has finished.
    pub(super) fn learn(&mut self, started: Option<Timestamp>, took: SignedDuration) {
        self.sum = self.sum.saturating_add(took);
        self.count += 1;
        let Some(started) = started else {
            return;
        };
        self.first_start = Some(self.first_start.map_or(started, |first| first.min(started)));
        self.last_end = started.checked_add(took).ok().max(self.last_end);
    }

    /// The mean duration, times what is left, over how many run at once: now, or on average so far, whatever is more.
    pub(super) fn eta(&self, left: usize, running: usize) -> Option<SignedDuration> {
        if self.count < AFTER || left == 0 {
            return None;
        }
        let sum = self.sum.as_secs_f64();
        let span = self.first_start.zip(self.last_end);
        let span = span.map_or(0.0, |(first, last)| {
            last.duration_since(first).as_secs_f64()
        });
        // Job times have whole seconds: less than one says nothing.
        let so_far = if span < 1.0 { 1.0 } else { sum / span };
        let at_once = (running as f64).max(so_far).max(1.0).min(left as f64);
        let mean = sum / f64::from(self.count);
        SignedDuration::try_from_secs_f64(mean * left as f64 / at_once).ok()
    }
}

/// What the creation of members is held back by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldBack {
    /// `--max-active`.
    pub max_active: Option<usize>,
    /// The server takes no more for now, because quota is used up.
    pub by_quota: bool,
}

/// What keeps a group from being quicker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// `--max-active`.
    MaxActive(usize),
    /// Quota is used up.
    Quota,
    /// No node takes Pods.
    Unschedulable,
    /// Images cannot be had.
    ImagePulls,
    /// The cluster's Job controller is behind by so much.
    Controller(SignedDuration),
}

/// What a limit follows from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub(super) tally: Tally,
    /// How many members have what in their way.
    pub(super) waits: [(Obstacle, usize); Obstacle::ALL.len()],
    /// How long the controller has owed something to some member.
    pub(super) lag: Option<SignedDuration>,
    pub(super) held_back: HeldBack,
}

/// What most members that could start wait for; else the controller, if it is slow; else the cap, if it is reached.
pub(super) fn limit(facts: Facts) -> Option<Limit> {
    let tally = facts.tally;
    if facts.held_back.by_quota {
        return Some(Limit::Quota);
    }
    // The first of equals.
    let waits = facts.waits.into_iter().rev();
    let most = waits
        .filter(|(obstacle, count)| *obstacle != Obstacle::Other && *count > 0)
        .max_by_key(|(_, count)| *count);
    match most {
        Some((Obstacle::Quota, _)) => return Some(Limit::Quota),
        Some((Obstacle::Room, _)) => return Some(Limit::Unschedulable),
        Some((Obstacle::Image, _)) => return Some(Limit::ImagePulls),
        Some((Obstacle::Other, _)) | None => {}
    }
    if let Some(lag) = facts.lag.filter(|lag| *lag >= LAG_MIN) {
        return Some(Limit::Controller(lag));
    }
    let waiting = tally.of(Phase::Waiting);
    let unfinished = tally.total() - tally.done() - waiting;
    let cap = facts.held_back.max_active?;
    (waiting > 0 && unfinished >= cap).then_some(Limit::MaxActive(cap))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: i64) -> SignedDuration {
        SignedDuration::from_secs(seconds)
    }

    #[test]
    fn the_estimate_waits_for_three_and_divides_by_those_that_run() {
        let mut durations = Durations::default();
        let start = |second| Timestamp::from_second(second).ok();
        durations.learn(start(0), secs(4));
        durations.learn(start(4), secs(4));
        assert_eq!(durations.eta(3, 1), None);
        durations.learn(start(8), secs(4));
        for (left, running, seconds) in [(3, 1, 12), (3, 3, 4), (3, 9, 4), (0, 0, -1)] {
            let eta = durations.eta(left, running).map_or(-1, |eta| eta.as_secs());
            assert_eq!(eta, seconds, "{left} left, {running} running");
        }
        // Six in 12 seconds: two at a time, also when nothing runs for a moment.
        for second in [0, 4, 8] {
            durations.learn(start(second), secs(4));
        }
        assert_eq!(durations.eta(6, 0), Some(secs(12)));
    }

    #[test]
    fn what_most_members_wait_for_limits_then_a_slow_controller_then_the_cap() {
        let held_back = HeldBack {
            max_active: Some(2),
            by_quota: false,
        };
        let waits = |counts: [usize; 4]| {
            let mut at = 0;
            Obstacle::ALL.map(|obstacle| {
                at += 1;
                (obstacle, counts[at - 1])
            })
        };
        let mut tally = Tally::default();
        for phase in [Phase::Running, Phase::Running, Phase::Waiting] {
            tally.add(phase);
        }
        let facts = Facts {
            tally,
            waits: waits([0; 4]),
            lag: Some(secs(2)),
            held_back,
        };
        assert_eq!(limit(facts), Some(Limit::MaxActive(2)));
        let slow = Facts {
            lag: Some(secs(4)),
            ..facts
        };
        assert_eq!(limit(slow), Some(Limit::Controller(secs(4))));
        for (counts, expected) in [
            ([1, 0, 0, 9], Limit::Quota),
            ([1, 1, 1, 0], Limit::Quota),
            ([1, 5, 3, 0], Limit::Unschedulable),
            ([1, 2, 3, 0], Limit::ImagePulls),
        ] {
            let facts = Facts {
                waits: waits(counts),
                ..slow
            };
            assert_eq!(limit(facts), Some(expected), "{counts:?}");
        }
        let by_quota = HeldBack {
            by_quota: true,
            ..held_back
        };
        let facts = Facts {
            held_back: by_quota,
            ..slow
        };
        assert_eq!(limit(facts), Some(Limit::Quota));
        // With none left to create, the cap holds nothing back.
        tally.remove(Phase::Waiting);
        let free = Facts {
            tally,
            waits: waits([0, 0, 0, 1]),
            lag: None,
            held_back,
        };
        assert_eq!(limit(free), None);
    }
}
