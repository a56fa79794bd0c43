//! How fast Pods may be created: a limit of the user's, and what the server's refusals teach. Plain data without a clock.

use std::time::Duration;

/// Where the pace begins after a first refusal when nobody set a limit, in Pods per second.
const FIRST_RATE: f64 = 100.0;
/// The slowest pace that refusals lead to.
const SLOWEST: f64 = 1.0;
/// A pace that has grown to this is none.
const UNLIMITED: f64 = 2000.0;
/// How long a refusal without `Retry-After` stops creations.
const PAUSE: Duration = Duration::from_secs(1);
/// Time that was not used is saved up for so long: at a limit of 20 Pods a second, 30 may follow each other at once, the burst
/// that `kube-controller-manager` has by default (`--kube-api-qps`, `--kube-api-burst`).
const SAVED: Duration = Duration::from_millis(1500);
/// The longest pause that a server may ask for.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// When the next Pod may be created.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    /// The user's limit, in Pods per second.
    limit: Option<f64>,
    /// The present pace; `None` is as fast as the server answers.
    rate: Option<f64>,
    /// When the next place in line is, after [`SAVED`].
    next: Duration,
    paused_until: Duration,
}

impl Pace {
    /// A pace of at most so many Pods per second.
    pub(super) fn new(limit: Option<f64>) -> Self {
        Self {
            limit,
            rate: limit,
            ..Self::default()
        }
    }

    /// Takes the next place in line; says how long to wait for it.
    pub(super) fn reserve(&mut self, now: Duration) -> Duration {
        let place = self.next.max(now);
        if let Some(rate) = self.rate {
            self.next = place + Duration::from_secs_f64(rate.recip());
        }
        let at = place.saturating_sub(SAVED).max(self.paused_until);
        at.saturating_sub(now)
    }

    /// The server asked for less: half the pace, after a pause.
    pub(super) fn refused(&mut self, now: Duration, retry_after: Option<Duration>) {
        let pause = retry_after.unwrap_or(PAUSE).min(PAUSE_MAX);
        if now < self.paused_until {
            // One wave of refusals is one lesson.
            self.paused_until = self.paused_until.max(now + pause);
            return;
        }
        self.paused_until = now + pause;
        // Nothing is saved up when it goes on.
        self.next = self.next.max(self.paused_until + SAVED);
        self.rate = Some((self.rate.unwrap_or(FIRST_RATE * 2.0) / 2.0).max(SLOWEST));
    }

    /// The server took a Pod: a little faster again.
    pub(super) fn accepted(&mut self) {
        let Some(rate) = self.rate else { return };
        let faster = rate * 1.01 + 0.1;
        self.rate = match self.limit {
            Some(limit) => Some(faster.min(limit)),
            None => Some(faster).filter(|rate| *rate < UNLIMITED),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn a_limit_spaces_creations_evenly_after_what_was_saved_up() {
        let mut pace = Pace::new(Some(10.0));
        for now in [millis(500), millis(90_000)] {
            let waits: Vec<_> = (0..18).map(|_| pace.reserve(now)).collect();
            assert!(waits[..=15].iter().all(Duration::is_zero), "{waits:?}");
            assert_eq!(waits[16..], [millis(100), millis(200)]);
        }
        assert_eq!(Pace::new(None).reserve(millis(1)), millis(0));
    }

    #[test]
    fn a_refusal_stops_for_as_long_as_the_server_says_and_halves_the_pace() {
        let mut pace = Pace::new(Some(10.0));
        pace.refused(millis(0), Some(millis(3000)));
        pace.refused(millis(10), None);
        assert_eq!(pace.reserve(millis(1000)), millis(2000));
        assert_eq!(pace.reserve(millis(3000)), millis(200));
    }

    #[test]
    fn success_brings_the_pace_back_to_the_limit_and_not_over_it() {
        for (limit, back) in [(Some(10.0), Some(10.0)), (None, None)] {
            let mut pace = Pace::new(limit);
            pace.refused(millis(0), None);
            assert!(pace.rate.is_some_and(|rate| rate <= 100.0));
            (0..1000).for_each(|_| pace.accepted());
            assert_eq!(pace.rate, back, "{limit:?}");
        }
    }

    #[test]
    fn no_server_stops_the_work_for_ever() {
        let mut pace = Pace::new(None);
        for second in 0..50 {
            pace.refused(
                Duration::from_secs(second * 100),
                Some(Duration::from_secs(9999)),
            );
        }
        assert_eq!(pace.rate, Some(SLOWEST));
        assert!(pace.reserve(Duration::from_secs(4900)) <= PAUSE_MAX);
    }
}
