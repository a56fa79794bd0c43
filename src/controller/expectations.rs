//! What was asked of the API server and is not yet seen in a watch: plain data with a time-out
//! (`pkg/controller/controller_utils.go`, `ControllerExpectations`).

use std::collections::BTreeSet;
use std::time::Duration;

/// How long an unseen answer holds a Job back (`ExpectationsTimeout`).
const TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// The Pods that one Job waits to see created or deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Expectations {
    /// By name: it is chosen before the Pod is asked for.
    creations: BTreeSet<String>,
    /// By uid.
    deletions: BTreeSet<String>,
    since: Duration,
}

impl Expectations {
    /// Pods of these names were asked for.
    pub(super) fn expect_creations<'a>(
        &mut self,
        names: impl Iterator<Item = &'a str>,
        now: Duration,
    ) {
        self.creations.extend(names.map(str::to_owned));
        self.since = now;
    }

    /// Deletions of these Pods were asked for.
    pub(super) fn expect_deletions<'a>(
        &mut self,
        uids: impl Iterator<Item = &'a str>,
        now: Duration,
    ) {
        self.deletions.extend(uids.map(str::to_owned));
        self.since = now;
    }

    /// A Pod of this name was seen, or its creation failed.
    pub(super) fn creation_settled(&mut self, name: &str) {
        self.creations.remove(name);
    }

    /// A Pod was seen gone or going, or its deletion failed.
    pub(super) fn deletion_settled(&mut self, uid: &str) {
        self.deletions.remove(uid);
    }

    /// Whether something asked for is still unseen, and not for too long.
    pub(super) fn pending(&self, now: Duration) -> bool {
        (!self.creations.is_empty() || !self.deletions.is_empty())
            && now.saturating_sub(self.since) < TIMEOUT
    }

    /// When [`Expectations::pending`] ends by itself.
    pub(super) fn until(&self) -> Duration {
        self.since + TIMEOUT
    }

    /// Forgets what was asked, as after the time-out.
    pub(super) fn clear_if_late(&mut self, now: Duration) {
        if !self.pending(now) {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn creations_are_waited_for_until_seen_failed_or_late() {
        let now = Duration::from_secs(10);
        let mut asked = Expectations::default();
        assert!(!asked.pending(now));
        asked.expect_creations(["a", "b"].into_iter(), now);
        asked.creation_settled("a");
        asked.creation_settled("c");
        assert!(asked.pending(now));
        assert!(!asked.pending(now + TIMEOUT));
        asked.creation_settled("b");
        assert!(!asked.pending(now));
    }

    #[test]
    fn deletions_are_known_by_uid() {
        let now = Duration::ZERO;
        let mut asked = Expectations::default();
        asked.expect_deletions(["a", "b"].into_iter(), now);
        asked.deletion_settled("c");
        asked.deletion_settled("a");
        assert!(asked.pending(now));
        asked.deletion_settled("b");
        assert!(!asked.pending(now));
    }
}
