//! How observations of Jobs and Pods become what members do.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Group;
use crate::group::change::{Change, Recorded};
use crate::group::job_view::JobView;
use crate::group::member::Member;
use crate::group::phase::{Assessment, Phase};
use crate::group::place::Place;
use crate::group::pod_view::PodView;
use crate::group::record::Attempt;

impl Group {
    pub(super) fn add(&mut self, member: Member) -> usize {
        let id = self.members.len();
        self.by_place.insert(member.place.clone(), id);
        self.members.push(member);
        self.enter(id);
        id
    }

    pub(super) fn id_of(&mut self, place: &Place) -> usize {
        match self.by_place.get(place) {
            Some(id) => *id,
            None => self.add(Member::new(place.clone(), place.name.clone(), None)),
        }
    }

    pub(super) fn job_seen(&mut self, job: JobView, now: Timestamp) -> Vec<Change> {
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
            member.pods.insert(pod.uid.clone(), Box::new(pod));
        }
        member.job = Some(job);
        self.reassess(id, now)
    }

    /// What the record knows stands for members whose Job is not seen. It may be behind: before the group's Jobs were listed,
    /// it only says who there is.
    pub(super) fn recalled(&mut self, recorded: Recorded, now: Timestamp) -> Vec<Change> {
        let Recorded {
            place,
            item,
            index,
            last,
        } = recorded;
        let known = self.by_place.get(&place).copied();
        let id = known.unwrap_or_else(|| self.add(Member::new(place, item, Some(index))));
        if self.listed {
            return self.recall(id, last, now);
        }
        self.members[id].recorded = last;
        Vec::new()
    }

    fn recall(&mut self, id: usize, last: Option<Attempt>, now: Timestamp) -> Vec<Change> {
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

    pub(super) fn job_gone(&mut self, job: JobView, now: Timestamp) -> Vec<Change> {
        let known = self.by_place.get(&job.place).copied();
        let Some(id) = known.filter(|id| self.members[*id].uid.as_ref() == Some(&job.uid)) else {
            // Of a Job that was replaced, or that was never ours to see.
            return Vec::new();
        };
        let mut changes = self.job_seen(job, now);
        changes.extend(self.lose(id, now));
        changes
    }

    pub(super) fn jobs_listed(&mut self, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        if !std::mem::replace(&mut self.listed, true) {
            changes.extend(self.recall_all(now));
        }
        let current = self.lists_begun;
        let unnamed: Vec<usize> = (0..self.members.len())
            .filter(|id| {
                let member = &self.members[*id];
                (member.job.is_some() || member.is_recalled) && member.listed < current
            })
            .collect();
        changes.extend(unnamed.into_iter().flat_map(|id| self.lose(id, now)));
        changes
    }

    /// The first list is complete: the record has the word on members that it did not name.
    fn recall_all(&mut self, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        for id in 0..self.members.len() {
            match self.members[id].recorded.take() {
                // Its Job is gone, and the list says so below.
                Some(last) if !last.phase.is_final() => {
                    let member = &mut self.members[id];
                    member.is_recalled = member.job.is_none();
                }
                last => changes.extend(self.recall(id, last, now)),
            }
        }
        changes
    }

    /// The Job is gone: what it had come to stands, else nobody knows how it ended.
    pub(super) fn lose(&mut self, id: usize, now: Timestamp) -> Vec<Change> {
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

    pub(super) fn pod_seen(
        &mut self,
        pod: Box<PodView>,
        now: Timestamp,
        gone: bool,
    ) -> Vec<Change> {
        let Some(id) = self.by_place.get(&pod.job).copied() else {
            let early = self.early_pods.entry(pod.job.clone()).or_default();
            early.retain(|known| known.uid != pod.uid);
            if gone && early.is_empty() {
                self.early_pods.remove(&pod.job);
            } else if !gone {
                early.push(*pod);
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

    /// A failed container of a member wrote a line.
    pub(super) fn line_seen(&mut self, place: &Place, line: String) {
        let Some(id) = self.by_place.get(place).copied() else {
            return;
        };
        if self.members[id].last_line.replace(line).is_none() {
            self.by_cause.enter(id, &self.members[id]);
        }
    }

    pub(super) fn known_pods(&self) -> BTreeMap<String, usize> {
        let members = self.members.iter().enumerate();
        members
            .flat_map(|(id, member)| member.pods.keys().map(move |uid| (uid.clone(), id)))
            .collect()
    }

    pub(super) fn pods_listed(&mut self, now: Timestamp) -> Vec<Change> {
        self.pods_looked_for = true;
        let mut changes = Vec::new();
        for (uid, id) in std::mem::take(&mut self.unnamed_pods) {
            self.members[id].pods.remove(&uid);
            changes.extend(self.reassess(id, now));
        }
        changes
    }
}
