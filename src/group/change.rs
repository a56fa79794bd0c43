//! What goes into the model, and what comes out of it.

use jiff::{SignedDuration, Timestamp};

use super::explained::Explained;
use super::job_view::JobView;
use super::phase::Phase;
use super::place::Place;
use super::pod_view::PodView;
use super::record::Attempt;

/// One thing that was learned about the group.
#[derive(Clone, Debug)]
pub enum Observation {
    /// The server took a member; its Job's uid.
    Created(Place, String),
    /// A member was there already, as it should be.
    Unchanged(Place),
    /// The server did not take a member; why.
    Refused(Place, String),
    /// Nothing more will be created.
    SubmissionEnded,
    /// The group's record names a member.
    Recorded(Box<Recorded>),
    /// A Job was seen.
    Job(Box<JobView>),
    /// A Job was seen going; its last state.
    JobGone(Box<JobView>),
    /// A full list of Jobs begins.
    JobsListing,
    /// The full list of Jobs is complete: what it did not name is gone.
    JobsListed,
    /// A Pod was seen.
    Pod(Box<PodView>),
    /// A Pod was seen going; its last state.
    PodGone(Box<PodView>),
    /// The last line that a failed container of a Job wrote.
    LastLine(Place, String),
    /// An Event says why a member does not start.
    Explained(Place, Explained),
    /// A full list of Pods begins.
    PodsListing,
    /// The full list of Pods is complete.
    PodsListed,
    /// Pods cannot be seen, for now or at all; what is known comes from Jobs.
    PodsUnseen,
}

/// A member as the group's record knows it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its Job.
    pub place: Place,
    /// Its item.
    pub item: String,
    /// Position in the list.
    pub index: usize,
    /// What became of it last; nothing if it was never created.
    pub last: Option<Attempt>,
}

/// One thing that changed in the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// The member's item.
    pub item: String,
    /// The member's Job.
    pub place: Place,
    /// What.
    pub what: What,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Its Job was created now.
    Created,
    /// Its Job was there already.
    Unchanged,
    /// It does something else now.
    Phase {
        /// What it did before.
        from: Phase,
        /// What it does now.
        to: Phase,
        /// Why.
        reason: Option<String>,
        /// How long it ran, if it has ended.
        ran_for: Option<SignedDuration>,
    },
    /// A try failed, and another one will follow.
    TryFailed {
        /// How many have failed now.
        failures: u32,
        /// How many there may be in all.
        tries_max: u32,
        /// Why.
        reason: String,
        /// When the next one is due, if that is known.
        next_try: Option<Timestamp>,
    },
    /// It waits for something else now.
    Waits {
        /// For what.
        reason: String,
        /// It will not pass by itself.
        stuck: bool,
        /// No other member of the group had something like this in its way before.
        is_new: bool,
    },
}
