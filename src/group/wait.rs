//! Why a member does not start.

use jiff::Timestamp;

/// What is in the way of a member that does not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// The namespace's quota is used up, so no Pod can be made.
    Quota,
    /// No node takes its Pod.
    Room,
    /// Its image cannot be had.
    Image,
    /// Anything else: a missing ConfigMap, a webhook that says no.
    Other,
}

impl Obstacle {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Quota, Self::Room, Self::Image, Self::Other];

    /// Whether others of the same group may be in the way, so that it passes as they end.
    pub fn passes_with_others(self) -> bool {
        matches!(self, Self::Quota | Self::Room)
    }
}

/// Why a Pod waits, or why a Job has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// In the user's words: `ImagePullBackOff busyboxx:1`.
    pub reason: String,
    /// It will not pass by itself.
    pub for_good: bool,
    /// What is in the way; nothing for a Pod that is held back on purpose, by a scheduling gate.
    pub obstacle: Option<Obstacle>,
    /// Since when, if the cluster says so.
    pub since: Option<Timestamp>,
}
