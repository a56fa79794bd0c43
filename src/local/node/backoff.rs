//! The delay between restarts of a container in place (`CrashLoopBackOff`), by the kubelet's rule.

use jiff::{SignedDuration, Timestamp};

/// The delay before the second restart; the first one is immediate.
const BASE: SignedDuration = SignedDuration::from_secs(10);
/// The longest delay.
const CAP: SignedDuration = SignedDuration::from_secs(300);
/// A run that ends this long after its start clears the record.
const RESET: SignedDuration = SignedDuration::from_secs(600);

/// The record of one container's restarts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    last: Option<(SignedDuration, Timestamp)>,
}

impl Backoff {
    /// When a container that ended at `finished` may start again.
    pub(super) fn due(self, finished: Timestamp) -> Timestamp {
        finished + self.delay(finished)
    }

    /// The delay that holds after an end at `finished`.
    pub(super) fn delay(self, finished: Timestamp) -> SignedDuration {
        self.fresh(finished).unwrap_or(SignedDuration::ZERO)
    }

    /// Records the restart at `now` of a container that ended at `finished`.
    pub(super) fn restarted(&mut self, finished: Timestamp, now: Timestamp) {
        let next = self
            .fresh(finished)
            .map_or(BASE, |delay| (delay * 2).min(CAP));
        self.last = Some((next, now));
    }

    fn fresh(self, finished: Timestamp) -> Option<SignedDuration> {
        let (delay, restarted) = self.last?;
        (finished.duration_since(restarted) <= RESET).then_some(delay)
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::Backoff;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("in range")
    }

    #[test]
    fn the_delay_doubles_from_ten_seconds_to_five_minutes() {
        let (mut backoff, mut now, mut delays) = (Backoff::default(), at(0), Vec::new());
        for _ in 0..8 {
            delays.push(backoff.delay(now).as_secs());
            let due = backoff.due(now);
            backoff.restarted(now, due);
            now = due + SignedDuration::from_secs(1);
        }
        assert_eq!(delays, [0, 10, 20, 40, 80, 160, 300, 300]);
    }

    #[test]
    fn ten_good_minutes_clear_the_record() {
        let mut backoff = Backoff::default();
        backoff.restarted(at(0), at(0));
        assert_eq!(backoff.due(at(600)), at(610));
        assert_eq!(backoff.due(at(601)), at(601));
        backoff.restarted(at(601), at(601));
        assert_eq!(backoff.due(at(602)), at(612));
    }
}
