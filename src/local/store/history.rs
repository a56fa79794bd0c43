//! The last changes, for watches that resume; what is older is gone (`410 Gone`).

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;

use super::ApiError;
use crate::local::kind::Kind;

/// How many changes are kept: enough for two per member of a group of 10,000.
const KEPT: usize = 20_000;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was created.
    Added,
    /// It has a new version.
    Modified,
    /// It is gone.
    Deleted,
}

/// One change.
#[derive(Clone, Debug)]
pub struct Change {
    /// The version of the store after it.
    pub revision: u64,
    /// Which kind.
    pub kind: &'static Kind,
    /// What happened.
    pub change: ChangeKind,
    /// The object after it, or its last state.
    pub object: Arc<Value>,
    /// The object before it.
    pub before: Option<Arc<Value>>,
}

/// The changes that are kept, oldest first.
#[derive(Default)]
pub(super) struct History {
    changes: VecDeque<Change>,
    /// Changes up to this revision are forgotten.
    forgotten: u64,
}

impl History {
    pub(super) fn push(&mut self, change: Change) {
        if self.changes.len() == KEPT
            && let Some(oldest) = self.changes.pop_front()
        {
            self.forgotten = oldest.revision;
        }
        self.changes.push_back(change);
    }

    /// The changes of a kind after a revision, or an error if some of them may be forgotten.
    pub(super) fn after(&self, kind: &Kind, revision: u64) -> Result<Vec<Change>, ApiError> {
        if revision < self.forgotten {
            return Err(ApiError::gone(revision, self.forgotten));
        }
        let from = self
            .changes
            .partition_point(|change| change.revision <= revision);
        let later = self.changes.range(from..);
        Ok(later
            .filter(|change| change.kind == kind)
            .cloned()
            .collect())
    }
}
