//! How long to wait after failed Pods (`pkg/controller/job/backoff_utils.go`).

use jiff::{SignedDuration, Timestamp};

use super::{Phase, Pod};

/// The wait after the first failure; it doubles with each further one.
const BASE_SECS: i64 = 10;
/// The longest wait.
const CAP_SECS: i64 = 600;

/// Failures since the last success; kept in memory by the controller, one a Job uid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BackoffRecord {
    /// How many Pods failed after the last success.
    pub failures: u32,
    /// When the last of them ended.
    pub last_failure: Option<Timestamp>,
}

impl BackoffRecord {
    /// The record after these Pods, none of which was in it yet.
    #[must_use]
    pub fn after(self, succeeded: &[&Pod], failed: &[&Pod]) -> Self {
        let ends = |pods: &[&Pod]| {
            pods.iter()
                .filter_map(|pod| finish_time(pod))
                .collect::<Vec<_>>()
        };
        if let Some(success) = ends(succeeded).into_iter().max() {
            let later: Vec<_> = ends(failed)
                .into_iter()
                .filter(|end| *end > success)
                .collect();
            return Self {
                failures: later.len() as u32,
                last_failure: later.into_iter().max(),
            };
        }
        if failed.is_empty() {
            return self;
        }
        Self {
            failures: self.failures.saturating_add(failed.len() as u32),
            last_failure: ends(failed).into_iter().max(),
        }
    }

    /// What is left of the wait at `now`; zero when a Pod may be created.
    pub fn remaining(self, now: Timestamp) -> SignedDuration {
        let Some(last) = self.last_failure.filter(|_| self.failures > 0) else {
            return SignedDuration::ZERO;
        };
        // 2^6 is past the cap already.
        let delay = (BASE_SECS << (self.failures - 1).min(6)).min(CAP_SECS);
        (SignedDuration::from_secs(delay) - now.duration_since(last)).max(SignedDuration::ZERO)
    }
}

/// When a Pod ended, as well as it can be told: its containers, its `Ready` condition, its deletion, its creation.
pub fn finish_time(pod: &Pod) -> Option<Timestamp> {
    let not_ready = pod
        .ready_changed
        .filter(|_| !pod.ready && pod.phase != Phase::Pending);
    pod.containers_finished
        .or(not_ready)
        .or(pod.deletion_asked)
        .or(pod.created)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn the_wait_doubles_from_10_to_600_seconds() {
        let waits: Vec<i64> = (0..10)
            .map(|failures| {
                BackoffRecord {
                    failures,
                    last_failure: Some(at(1000)),
                }
                .remaining(at(1000))
                .as_secs()
            })
            .collect();
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
    }

    #[test]
    fn time_that_has_passed_since_the_failure_counts() {
        let record = BackoffRecord {
            failures: 2,
            last_failure: Some(at(1000)),
        };
        for (now, left) in [(1000, 20), (1019, 1), (1020, 0), (9999, 0), (990, 30)] {
            assert_eq!(record.remaining(at(now)).as_secs(), left, "at {now}");
        }
    }
}
