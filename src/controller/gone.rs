//! Objects that are known to be gone, so that old news does not bring them back.

use std::collections::{BTreeMap, VecDeque};

/// Uids kept; what is older has long left every queue of events.
const KEPT: usize = 20_000;

/// Uids with the version up to which the object is known to be gone.
#[derive(Debug, Default)]
pub(super) struct Gone {
    versions: BTreeMap<String, u64>,
    order: VecDeque<String>,
}

impl Gone {
    /// The object is gone; whatever is seen of it up to this version is old.
    pub(super) fn note(&mut self, uid: &str, version: u64) {
        if let Some(known) = self.versions.get_mut(uid) {
            *known = version.max(*known);
            return;
        }
        self.versions.insert(uid.to_owned(), version);
        self.order.push_back(uid.to_owned());
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.versions.remove(&oldest);
        }
    }

    /// Whether this version of the object is old news.
    pub(super) fn is_old(&self, uid: &str, version: u64) -> bool {
        self.versions.get(uid).is_some_and(|gone| version <= *gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_stays_gone_up_to_its_last_version() {
        let mut gone = Gone::default();
        gone.note("a", 7);
        for (uid, version, old) in [
            ("a", 6, true),
            ("a", 7, true),
            ("a", 8, false),
            ("b", 1, false),
        ] {
            assert_eq!(gone.is_old(uid, version), old, "{uid} {version}");
        }
    }

    #[test]
    fn only_so_many_are_kept() {
        let mut gone = Gone::default();
        for number in 0..=KEPT {
            gone.note(&number.to_string(), 1);
        }
        assert!(!gone.is_old("0", 1));
        assert!(gone.is_old("1", 1));
        assert_eq!(gone.versions.len(), KEPT);
    }
}
