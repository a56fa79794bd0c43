//! Which Job is due when: one entry a key, the earliest time wins, with an exponential back-off for keys whose pass failed.
//!
//! Plain data without a clock: times are durations since the loop began, so that a jump of the wall clock moves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

/// First delay after a failed pass; doubles with each further failure. As kube-controller-manager's Job controller.
const RETRY_BASE: Duration = Duration::from_secs(1);
/// The longest delay after failed passes.
const RETRY_CAP: Duration = Duration::from_secs(60);

/// Namespace and name of a Job.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The Job's namespace.
    pub namespace: String,
    /// The Job's name.
    pub name: String,
}

impl Key {
    /// The key of an object as the API has it.
    pub(super) fn of(object: &Value) -> Self {
        let text = |field: &str| {
            let text = object["metadata"][field].as_str();
            text.unwrap_or_default().to_owned()
        };
        Self {
            namespace: text("namespace"),
            name: text("name"),
        }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The keys that wait for a pass, and those under way.
///
/// A key is under way from [`Queue::pop`] until [`Queue::done`]; what is added for it meanwhile waits, so that
/// one Job never has two passes at a time.
#[derive(Debug, Default)]
pub struct Queue {
    due: BTreeSet<(Duration, Key)>,
    waiting: BTreeMap<Key, Duration>,
    running: BTreeSet<Key>,
    failures: BTreeMap<Key, u32>,
}

impl Queue {
    /// Asks for a pass over `key` at `at`, or earlier if one was asked for already.
    pub fn add(&mut self, key: Key, at: Duration) {
        match self.waiting.get(&key) {
            Some(earlier) if *earlier <= at => return,
            Some(later) => {
                self.due.remove(&(*later, key.clone()));
            }
            None => {}
        }
        if !self.running.contains(&key) {
            self.due.insert((at, key.clone()));
        }
        self.waiting.insert(key, at);
    }

    /// Takes the key that has been due longest at `now`, if any is.
    pub fn pop(&mut self, now: Duration) -> Option<Key> {
        let (at, _) = self.due.first()?;
        if *at > now {
            return None;
        }
        let (_, key) = self.due.pop_first()?;
        self.waiting.remove(&key);
        self.running.insert(key.clone());
        Some(key)
    }

    /// Ends the pass over `key`: `Ok` with the delay after which it wants another look, or `Err` for a retry with back-off.
    pub fn done(&mut self, key: Key, result: Result<Option<Duration>, ()>, now: Duration) {
        self.running.remove(&key);
        if let Some(at) = self.waiting.get(&key) {
            self.due.insert((*at, key.clone()));
        }
        if let Ok(again) = result {
            self.failures.remove(&key);
            if let Some(delay) = again {
                self.add(key, now + delay);
            }
            return;
        }
        let failures = self.failures.entry(key.clone()).or_insert(0);
        let delay = RETRY_BASE
            .saturating_mul(1 << (*failures).min(10))
            .min(RETRY_CAP);
        *failures += 1;
        self.add(key, now + delay);
    }

    /// Forgets a key that is gone; a pass under way may still end.
    pub fn forget(&mut self, key: &Key) {
        if let Some(at) = self.waiting.remove(key) {
            self.due.remove(&(at, key.clone()));
        }
        self.failures.remove(key);
    }

    /// When the next key is due, if one waits that is not under way.
    pub fn next_due(&self) -> Option<Duration> {
        self.due.first().map(|(at, _)| *at)
    }

    /// How many passes are under way.
    pub fn running(&self) -> usize {
        self.running.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn key(name: &str) -> Key {
        Key {
            namespace: "default".into(),
            name: name.into(),
        }
    }

    #[test]
    fn the_earliest_time_asked_for_wins() {
        let mut queue = Queue::default();
        queue.add(key("pi"), secs(9));
        queue.add(key("pi"), secs(3));
        queue.add(key("pi"), secs(5));
        assert_eq!(queue.next_due(), Some(secs(3)));
        assert_eq!(queue.pop(secs(2)), None);
        assert_eq!(queue.pop(secs(3)), Some(key("pi")));
        assert_eq!(queue.pop(secs(99)), None);
    }

    #[test]
    fn a_key_under_way_is_not_handed_out_twice_but_comes_again_after() {
        let mut queue = Queue::default();
        queue.add(key("pi"), secs(0));
        assert_eq!(queue.pop(secs(0)), Some(key("pi")));
        queue.add(key("pi"), secs(1));
        assert_eq!(queue.pop(secs(5)), None);
        queue.done(key("pi"), Ok(None), secs(5));
        assert_eq!(queue.pop(secs(5)), Some(key("pi")));
    }

    #[test]
    fn failed_passes_wait_1_2_4_up_to_60_seconds_and_a_good_one_resets() {
        let mut queue = Queue::default();
        let mut now = secs(0);
        let mut delays = Vec::new();
        queue.add(key("pi"), now);
        for _ in 0..8 {
            assert!(queue.pop(now).is_some());
            queue.done(key("pi"), Err(()), now);
            let next = queue.next_due().expect("a retry is due");
            delays.push(next.saturating_sub(now).as_secs());
            now = next;
        }
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(queue.pop(now).is_some());
        queue.done(key("pi"), Ok(Some(secs(7))), now);
        assert_eq!(queue.next_due(), Some(now + secs(7)));
        queue.pop(now + secs(7));
        queue.done(key("pi"), Err(()), now);
        assert_eq!(queue.next_due(), Some(now + secs(1)));
    }

    #[test]
    fn a_forgotten_key_is_not_due() {
        let mut queue = Queue::default();
        queue.add(key("pi"), secs(1));
        queue.forget(&key("pi"));
        assert_eq!(queue.next_due(), None);
    }
}
