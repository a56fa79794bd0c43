//! How long to wait after failed Pods (`pkg/controller/job/backoff_utils.go`).

use jiff::{SignedDuration, Timestamp};

use super::Pod;

/// The wait after the first failure; it doubles with each further one.
const BASE_SECS: i64 = 10;
/// The longest wait.
const CAP_SECS: i64 = 600;

/// Failures since the last success; kept in memory by the controller, one for each uid of a Job.
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
        let mut failed: Vec<_> = failed.iter().map(|pod| finish_time(pod)).collect();
        let success = succeeded.iter().map(|pod| finish_time(pod)).max();
        let before = match success {
            // A success forgives what was before it.
            Some(success) => {
                failed.retain(|end| *end > success);
                Self::default()
            }
            None => self,
        };
        if failed.is_empty() {
            return before;
        }
        Self {
            failures: before.failures.saturating_add(failed.len() as u32),
            last_failure: failed.into_iter().max().flatten(),
        }
    }

    /// The record of one index, given the Pod that holds its failure count: that Pod's own failure is the last.
    pub(super) fn of_index(held: &Pod) -> Self {
        let failures = [held.failures, held.ignored_failures, 1]
            .iter()
            .fold(0_u32, |sum, count| sum.saturating_add(count.unsigned_abs()));
        Self {
            failures,
            last_failure: finish_time(held),
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
    pod.containers_finished
        .or_else(|| pod.unready_since())
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

    fn pod(end: Option<i64>, metadata: &str) -> Pod {
        let mut object: serde_json::Value = serde_json::from_str(metadata).expect("JSON");
        object["metadata"]["uid"] = "u".into();
        Pod {
            containers_finished: end.map(at),
            ..Pod::from_value(&object).expect("a Pod")
        }
    }

    #[test]
    fn only_failures_after_the_last_success_count() {
        let ended = |ends: &[i64]| {
            ends.iter()
                .map(|end| pod(Some(*end), "{}"))
                .collect::<Vec<_>>()
        };
        let before = BackoffRecord {
            failures: 3,
            last_failure: Some(at(5)),
        };
        for (succeeded, failed, failures, last) in [
            (vec![], vec![], 3, Some(5)),
            (vec![], vec![8, 7], 5, Some(8)),
            (vec![9], vec![], 0, None),
            (vec![9], vec![8, 9], 0, None),
            (vec![6, 9], vec![8, 10, 12], 2, Some(12)),
        ] {
            let (s, f) = (ended(&succeeded), ended(&failed));
            let after = before.after(&s.iter().collect::<Vec<_>>(), &f.iter().collect::<Vec<_>>());
            let found = (after.failures, after.last_failure.map(Timestamp::as_second));
            assert_eq!(found, (failures, last), "{succeeded:?} {failed:?}");
        }
    }

    #[test]
    fn the_end_of_a_pod_is_told_by_what_is_best_known() {
        let created = r#""creationTimestamp": "1970-01-01T00:00:01Z""#;
        let deleted =
            r#""deletionTimestamp": "1970-01-01T00:00:40Z", "deletionGracePeriodSeconds": 30"#;
        let ready = |status| {
            format!(
                r#"{{"conditions": [{{"type": "Ready", "status": "{status}", "lastTransitionTime": "1970-01-01T00:00:20Z"}}]}}"#
            )
        };
        for (end, object, second) in [
            (
                Some(30),
                format!(
                    r#"{{"metadata": {{{created}, {deleted}}}, "status": {}}}"#,
                    ready("False")
                ),
                Some(30),
            ),
            (
                None,
                format!(
                    r#"{{"metadata": {{{created}, {deleted}}}, "status": {}}}"#,
                    ready("False")
                ),
                Some(20),
            ),
            (
                None,
                format!(
                    r#"{{"metadata": {{{created}, {deleted}}}, "status": {}}}"#,
                    ready("Unknown")
                ),
                Some(10),
            ),
            (None, format!(r#"{{"metadata": {{{created}}}}}"#), Some(1)),
            (None, "{}".to_owned(), None),
        ] {
            let found = finish_time(&pod(end, &object)).map(Timestamp::as_second);
            assert_eq!(found, second, "{object}");
        }
    }

    #[test]
    fn an_index_waits_for_its_own_failures_ignored_ones_included() {
        let held = Pod {
            failures: 1,
            ignored_failures: 1,
            ..pod(Some(100), "{}")
        };
        assert_eq!(
            BackoffRecord::of_index(&held).remaining(at(100)).as_secs(),
            40
        );
    }
}
