//! The model of a group: fed with observations, it keeps every member's phase and says what changed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::change::{Change, Observation, Recorded, What};
use super::job_view::JobView;
use super::member::{Member, Place};
use super::phase::{Assessment, Phase};
use super::pod_view::PodView;
use super::tally::Tally;
use super::verdict::Verdict;

/// Finished members before an estimate is made.
const ETA_AFTER: u32 = 3;

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
    durations: (SignedDuration, u32),
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
            Observation::Pod(pod) => self.pod_seen(*pod, now, false),
            Observation::PodGone(pod) => self.pod_seen(*pod, now, true),
            Observation::LastLine(place, line) => {
                if let Some(id) = self.by_place.get(&place) {
                    self.members[*id].last_line = Some(line);
                }
                Vec::new()
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
        self.in_phase(Phase::Failed)
            .filter(|member| member.disrupted)
            .count()
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

    /// How long the rest will take: the mean duration so far, times what is left, over the members that run at once.
    ///
    /// `None` before three have finished.
    pub fn eta(&self) -> Option<SignedDuration> {
        let (sum, count) = self.durations;
        let left = self.tally.total() - self.tally.done();
        if count < ETA_AFTER || left == 0 {
            return None;
        }
        let at_once = self.tally.of(Phase::Running).max(1);
        let mean = sum.as_secs_f64() / f64::from(count);
        SignedDuration::try_from_secs_f64(mean * left as f64 / at_once as f64).ok()
    }

    fn add(&mut self, member: Member) -> usize {
        let id = self.members.len();
        self.by_place.insert(member.place.clone(), id);
        self.tally.add(member.state.phase);
        let rows = self.rows.entry(member.state.phase).or_default();
        rows.insert((member.order(), id));
        self.members.push(member);
        id
    }

    fn id_of(&mut self, place: &Place) -> usize {
        match self.by_place.get(place) {
            Some(id) => *id,
            None => self.add(Member::new(place.clone(), place.name.clone(), None)),
        }
    }

    fn job_seen(&mut self, job: JobView, now: Timestamp) -> Vec<Change> {
        let id = self.id_of(&job.place);
        let member = &mut self.members[id];
        if member.superseded.as_ref() == Some(&job.uid) {
            return Vec::new();
        }
        member.listed = self.lists_begun;
        let replaced = member
            .job
            .as_ref()
            .is_some_and(|known| known.uid != job.uid);
        if replaced {
            member.pods.clear();
        }
        if replaced || std::mem::take(&mut member.is_recalled) {
            member.last_cause = None;
            member.state.failures = 0;
        }
        member.attempt = (job.attempt, job.created);
        member.item.clone_from(&job.item);
        member.index = job.index.or(member.index);
        member.uid = Some(job.uid.clone());
        for pod in self.early_pods.remove(&job.place).unwrap_or_default() {
            member.pods.insert(pod.uid.clone(), pod);
        }
        member.job = Some(job);
        self.reassess(id, now)
    }

    /// What the record knows stands for members whose Job is not seen.
    fn recalled(&mut self, recorded: Recorded, now: Timestamp) -> Vec<Change> {
        let Recorded {
            place,
            item,
            index,
            last,
        } = recorded;
        let known = self.by_place.get(&place).copied();
        let id = known.unwrap_or_else(|| self.add(Member::new(place, item, Some(index))));
        let member = &mut self.members[id];
        let Some(last) = last.filter(|_| {
            member.job.is_none() && (member.is_recalled || !member.state.phase.is_final())
        }) else {
            return Vec::new();
        };
        member.is_recalled = true;
        if last.phase.is_final() {
            member.ran_for = last.ran_for;
        }
        let found = Assessment {
            reason: last.reason,
            cause: last.cause,
            failures: last.failures,
            ..Assessment::plain(last.phase)
        };
        self.settle(id, now, found)
    }

    fn job_gone(&mut self, job: JobView, now: Timestamp) -> Vec<Change> {
        let known = self.by_place.get(&job.place).copied();
        let Some(id) = known.filter(|id| self.members[*id].uid.as_ref() == Some(&job.uid)) else {
            // Of a Job that was replaced, or that was never ours to see.
            return Vec::new();
        };
        let mut changes = self.job_seen(job, now);
        changes.extend(self.lose(id, now));
        changes
    }

    fn jobs_listed(&mut self, now: Timestamp) -> Vec<Change> {
        self.listed = true;
        let current = self.lists_begun;
        let unnamed: Vec<usize> = (0..self.members.len())
            .filter(|id| {
                let member = &self.members[*id];
                (member.job.is_some() || member.is_recalled) && member.listed < current
            })
            .collect();
        unnamed
            .into_iter()
            .flat_map(|id| self.lose(id, now))
            .collect()
    }

    /// The Job is gone: what it had come to stands, else nobody knows how it ended.
    fn lose(&mut self, id: usize, now: Timestamp) -> Vec<Change> {
        let member = &mut self.members[id];
        let ended = member.state.phase.is_final();
        member.job = None;
        member.pods.clear();
        if ended {
            return Vec::new();
        }
        let gone = Assessment {
            since: member.state.since,
            ..Assessment::plain(Phase::Gone)
        };
        self.settle(id, now, gone)
    }

    fn pod_seen(&mut self, pod: PodView, now: Timestamp, gone: bool) -> Vec<Change> {
        let Some(id) = self.by_place.get(&pod.job).copied() else {
            if !gone {
                self.early_pods
                    .entry(pod.job.clone())
                    .or_default()
                    .push(pod);
            }
            return Vec::new();
        };
        let member = &mut self.members[id];
        let uid = pod.uid.clone();
        self.unnamed_pods.remove(&uid);
        member.pods.insert(uid.clone(), pod);
        let changes = self.reassess(id, now);
        if gone {
            self.members[id].pods.remove(&uid);
        }
        changes
    }

    fn known_pods(&self) -> BTreeMap<String, usize> {
        let members = self.members.iter().enumerate();
        members
            .flat_map(|(id, member)| member.pods.keys().map(move |uid| (uid.clone(), id)))
            .collect()
    }

    fn pods_listed(&mut self, now: Timestamp) -> Vec<Change> {
        self.pods_looked_for = true;
        let mut changes = Vec::new();
        for (uid, id) in std::mem::take(&mut self.unnamed_pods) {
            self.members[id].pods.remove(&uid);
            changes.extend(self.reassess(id, now));
        }
        changes
    }

    fn reassess(&mut self, id: usize, now: Timestamp) -> Vec<Change> {
        let found = self.members[id].reassess();
        self.settle(id, now, found)
    }

    /// Puts a member into its new state, and says what is new about it.
    fn settle(&mut self, id: usize, now: Timestamp, new: Assessment) -> Vec<Change> {
        let member = &self.members[id];
        // A create's answer may come after what the watch has seen.
        let late = member.job.is_some() && new == Assessment::plain(Phase::Pending);
        if member.state == new || late {
            return Vec::new();
        }
        let row = (member.order(), id);
        let phase = new.phase;
        let old = std::mem::replace(&mut self.members[id].state, new);
        self.rows.entry(old.phase).or_default().remove(&row);
        self.tally.remove(old.phase);
        let row = (self.members[id].order(), id);
        self.rows.entry(phase).or_default().insert(row);
        self.tally.add(phase);
        self.learn_duration(id, old.phase);
        let member = &self.members[id];
        news(&old, &member.state, member)
            .into_iter()
            .map(|what| self.change(id, now, what))
            .collect()
    }

    fn learn_duration(&mut self, id: usize, before: Phase) {
        let member = &self.members[id];
        if let Some(ran) = member.ran_for.filter(|_| !before.is_final()) {
            self.durations.0 += ran;
            self.durations.1 += 1;
        }
    }

    fn change(&self, id: usize, at: Timestamp, what: What) -> Change {
        let member = &self.members[id];
        Change {
            at,
            item: member.item.clone(),
            place: member.place.clone(),
            what,
        }
    }
}

/// What is worth telling of a member's new state.
fn news(old: &Assessment, new: &Assessment, member: &Member) -> Vec<What> {
    let mut news = Vec::new();
    // The last try that may fail is told with the end of the member.
    let another = !new.phase.is_final() && new.failures < new.tries_max;
    if new.failures > old.failures && another {
        let last = member.last_cause.clone().or_else(|| new.reason.clone());
        news.push(What::TryFailed {
            failures: new.failures,
            tries_max: new.tries_max,
            reason: last.unwrap_or_else(|| "failed".into()),
            next_try: new.next_try,
        });
    }
    if new.phase != old.phase {
        news.push(What::Phase {
            from: old.phase,
            to: new.phase,
            reason: new.reason.clone(),
            ran_for: member.ran_for.filter(|_| new.phase.is_final()),
        });
    } else if new.phase == Phase::Pending
        && new.reason != old.reason
        && let Some(reason) = &new.reason
    {
        news.push(What::Waits {
            reason: reason.clone(),
            stuck: new.stuck,
        });
    }
    news
}

#[cfg(test)]
#[path = "model/tests.rs"]
mod tests;
