//! The model of a group: fed with observations, it keeps every member's phase and says what changed.

mod causes;
mod fold;
mod obstacles;
mod settle;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::change::{Change, Observation, What};
use super::estimate::{Durations, Facts, HeldBack, Limit, limit};
use super::member::Member;
use super::phase::{Assessment, Phase};
use super::place::Place;
use super::pod_view::PodView;
use super::tally::Tally;
use super::verdict::Verdict;
use super::wait::Obstacle;
use causes::ByCause;
pub use causes::{Cause, Causes};
use obstacles::Obstacles;

/// Key of a member in a phase: since when, and which.
type Row = (Option<Timestamp>, usize);

/// A group of members. Calls cost the same whatever the group's size.
#[derive(Clone, Debug, Default)]
pub struct Group {
    members: Vec<Member>,
    by_place: BTreeMap<Place, usize>,
    rows: BTreeMap<Phase, BTreeSet<Row>>,
    tally: Tally,
    /// Pods of Jobs that were not seen yet.
    early_pods: BTreeMap<Place, Vec<PodView>>,
    lists_begun: u64,
    listed: bool,
    /// The Pods were listed, or cannot be.
    pods_looked_for: bool,
    /// Pods that the list in progress has not named yet, and whose they are.
    unnamed_pods: BTreeMap<String, usize>,
    submitting: bool,
    obstacles: Obstacles,
    by_cause: ByCause,
    /// Members that failed through no fault of their own.
    excused: BTreeSet<usize>,
    durations: Durations,
    held_back: HeldBack,
}

impl Group {
    /// Adds a member of which nothing was seen yet; it will be submitted.
    pub fn expect(&mut self, place: Place, item: String, index: usize) {
        self.submitting = true;
        self.add(Member::new(place, item, Some(index)));
    }

    /// A Job of this uid is about to be deleted, and another one takes its place.
    pub fn supersede(&mut self, place: &Place, uid: String) {
        let id = self.id_of(place);
        self.members[id].superseded = Some(uid);
    }

    /// Takes in one observation; says what changed.
    pub fn handle(&mut self, now: Timestamp, seen: Observation) -> Vec<Change> {
        match seen {
            Observation::Created(place, uid) => {
                let id = self.id_of(&place);
                self.members[id].created(uid);
                let mut changes = vec![self.change(id, now, What::Created)];
                changes.extend(self.settle(id, now, Assessment::plain(Phase::Pending)));
                changes
            }
            Observation::Unchanged(place) => {
                let id = self.id_of(&place);
                let mut changes = vec![self.change(id, now, What::Unchanged)];
                changes.extend(self.settle(id, now, Assessment::plain(Phase::Pending)));
                changes
            }
            Observation::Refused(place, reason) => {
                let id = self.id_of(&place);
                let refused = Assessment {
                    reason: Some(reason),
                    ..Assessment::plain(Phase::Refused)
                };
                self.settle(id, now, refused)
            }
            Observation::SubmissionEnded => {
                self.submitting = false;
                Vec::new()
            }
            Observation::Recorded(recorded) => self.recalled(*recorded, now),
            Observation::Job(job) => self.job_seen(*job, now),
            Observation::JobGone(job) => self.job_gone(*job, now),
            Observation::JobsListing => {
                self.lists_begun += 1;
                Vec::new()
            }
            Observation::JobsListed => self.jobs_listed(now),
            Observation::Pod(pod) => self.pod_seen(pod, now, false),
            Observation::PodGone(pod) => self.pod_seen(pod, now, true),
            Observation::LastLine(place, line) => {
                self.line_seen(&place, line);
                Vec::new()
            }
            Observation::Explained(place, event) => {
                let Some(id) = self.by_place.get(&place).copied() else {
                    return Vec::new();
                };
                self.members[id].event = Some(event);
                self.reassess(id, now)
            }
            Observation::PodsListing => {
                self.unnamed_pods = self.known_pods();
                Vec::new()
            }
            Observation::PodsListed => self.pods_listed(now),
            Observation::PodsUnseen => {
                self.pods_looked_for = true;
                Vec::new()
            }
        }
    }

    /// How many members do what.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// The members in a phase, the one that is in it longest first.
    pub fn in_phase(&self, phase: Phase) -> impl Iterator<Item = &Member> {
        let rows = self.rows.get(&phase).into_iter().flatten();
        rows.map(|(_, id)| &self.members[*id])
    }

    /// All members, in the order of the list.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member at a place.
    pub fn member(&self, place: &Place) -> Option<&Member> {
        self.by_place.get(place).map(|id| &self.members[*id])
    }

    /// Whether a full list of the group's Jobs was seen, and one of its Pods if they can be seen.
    pub fn is_listed(&self) -> bool {
        self.listed && self.pods_looked_for
    }

    /// Whether nothing more will become of the group: no member is on its way, and none will be created.
    pub fn is_over(&self) -> bool {
        let left = self.tally.total() - self.tally.done();
        !self.submitting && self.tally.total() > 0 && left == self.tally.of(Phase::Waiting)
    }

    /// How many members failed through no fault of their own.
    pub fn excused(&self) -> usize {
        self.excused.len()
    }

    /// Whether nothing happens before somebody does something: all that is not over is suspended or was not created.
    pub fn is_idle(&self) -> bool {
        let left = self.tally.total() - self.tally.done();
        left == self.tally.of(Phase::Waiting) + self.tally.of(Phase::Suspended)
    }

    /// Where the members stand that have a Job and are not over.
    pub fn unfinished(&self) -> impl Iterator<Item = &Place> {
        [
            Phase::BackingOff,
            Phase::Running,
            Phase::Pending,
            Phase::Suspended,
        ]
        .into_iter()
        .flat_map(|phase| self.in_phase(phase))
        .map(|member| &member.place)
    }

    /// What became of it so far.
    pub fn verdict(&self) -> Verdict {
        Verdict { tally: self.tally }
    }

    /// Says what the creation of members is held back by.
    pub fn hold_back(&mut self, by: HeldBack) {
        self.held_back = by;
    }

    /// How long the rest will take; `None` before three have finished, and when nothing is left.
    pub fn eta(&self) -> Option<SignedDuration> {
        let left = self.tally.total() - self.tally.done();
        self.durations.eta(left, self.tally.of(Phase::Running))
    }

    /// What keeps the group from being quicker.
    pub fn limit(&self, now: Timestamp) -> Option<Limit> {
        limit(Facts {
            tally: self.tally,
            waits: Obstacle::ALL.map(|obstacle| (obstacle, self.obstacles.of(obstacle))),
            lag: self.obstacles.lag(now),
            held_back: self.held_back,
        })
    }

    /// The members that have not started for longer than a limit, the one that waits longest first.
    ///
    /// Where no node has room or quota is used up, the group's own members may be in the way: that counts from when the last
    /// of them was at work.
    pub fn overdue(&self, now: Timestamp, limit: SignedDuration) -> impl Iterator<Item = &Member> {
        let at_work = self.tally.of(Phase::Running) + self.tally.of(Phase::BackingOff) > 0;
        let overdue = self.obstacles.overdue(now, limit, at_work);
        overdue.map(|id| &self.members[id])
    }

    /// Members of which neither the Job nor a Pod says why they do not start, the oldest first.
    pub fn unexplained(&self) -> impl Iterator<Item = (Timestamp, &Member)> {
        let rows = self.obstacles.unexplained();
        rows.map(|(since, id)| (*since, &self.members[*id]))
    }
}

#[cfg(test)]
#[path = "model/tests.rs"]
mod tests;
