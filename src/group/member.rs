//! One member: what was asked for, what was seen, what is known.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::estimate::LAG_MIN;
use super::explained::Explained;
use super::job_view::JobView;
use super::phase::{Assessment, Failures, Phase, assess, last_cause, last_failed};
use super::place::Place;
use super::pod_view::PodView;
use super::record::Attempt;

/// The Job of one item.
#[derive(Clone, Debug)]
pub struct Member {
    /// The item, or the Job's name.
    pub item: String,
    /// Position in the list.
    pub index: Option<usize>,
    /// Namespace and name.
    pub place: Place,
    /// What it does.
    pub state: Assessment,
    /// How long it ran, once it has ended.
    pub ran_for: Option<SignedDuration>,
    /// The last line that a failed container wrote.
    pub last_line: Option<String>,
    /// Its last Pod was evicted, preempted or lost with its node: no failure of its own.
    pub disrupted: bool,
    /// The node of its last Pod.
    pub node: Option<String>,
    /// What its last Pod ended with, as far as a container said so.
    pub exit_code: Option<i32>,
    pub(super) uid: Option<String>,
    /// The uid of a Job that this one takes the place of: what is still seen of that one counts for nothing.
    pub(super) superseded: Option<String>,
    pub(super) job: Option<JobView>,
    /// In boxes, since a map makes room for eleven at once, and most members have one.
    pub(super) pods: BTreeMap<String, Box<PodView>>,
    pub(super) last_cause: Option<String>,
    /// What Events say of why it does not start.
    pub(super) event: Option<Explained>,
    /// What its record said, until the cluster was looked at.
    pub(super) recorded: Option<Attempt>,
    /// The list of Jobs that named it last.
    pub(super) listed: u64,
    /// Which attempt its Job is, and when that was created.
    pub(super) attempt: (u32, Option<Timestamp>),
    /// What it does comes from the group's record, which says that it had a Job.
    pub(super) is_recalled: bool,
}

impl Member {
    pub(super) fn new(place: Place, item: String, index: Option<usize>) -> Self {
        Self {
            item,
            index,
            place,
            state: Assessment::plain(Phase::Waiting),
            ran_for: None,
            last_line: None,
            disrupted: false,
            node: None,
            exit_code: None,
            uid: None,
            superseded: None,
            job: None,
            pods: BTreeMap::new(),
            last_cause: None,
            event: None,
            recorded: None,
            listed: 0,
            attempt: (1, None),
            is_recalled: false,
        }
    }

    /// The server has created its Job: one with another uid that was seen before is gone, or about to be.
    pub(super) fn created(&mut self, uid: String) {
        if let Some(old) = self.uid.replace(uid)
            && self.uid.as_ref() != Some(&old)
        {
            self.superseded = Some(old);
            self.attempt = (1, None);
            self.job = None;
            self.pods.clear();
            self.last_cause = None;
        }
    }

    /// What it does, from what was seen of it. A Job that was replaced starts afresh; one that ended stays ended.
    pub(super) fn reassess(&mut self) -> Assessment {
        let Some(job) = &self.job else {
            return self.state.clone();
        };
        let pods: Vec<_> = self
            .pods
            .values()
            .map(Box::as_ref)
            .filter(|pod| pod.job_uid.as_ref().is_none_or(|uid| *uid == job.uid))
            .collect();
        let earlier = Failures {
            count: self.state.failures,
            cause: self.last_cause.clone(),
            event: self.event.clone(),
        };
        let found = assess(job, &pods, &earlier);
        if let Some(pod) = last_failed(&pods) {
            self.disrupted = pod.disrupted;
        }
        if let Some(pod) = pods.iter().max_by_key(|pod| (pod.created, &pod.name)) {
            self.node = pod.node.clone().or(self.node.take());
            self.exit_code = pod.exit_code;
        }
        self.last_cause = last_cause(&pods).or(earlier.cause);
        self.ran_for = job.ran_for();
        found
    }

    /// What a record keeps of it; nothing if it has no Job, or if all that is known of it comes from the record.
    pub fn attempt(&self) -> Option<Attempt> {
        let (number, began) = self.attempt;
        let Some(uid) = self.uid.as_deref() else {
            let is_there = self.state.phase == Phase::Pending && !self.is_recalled;
            return is_there.then(|| Attempt::created(None, number));
        };
        let created = Attempt {
            began,
            ..Attempt::created(Some(uid), number)
        };
        Some(match self.state.phase {
            Phase::Succeeded | Phase::Failed | Phase::Gone => Attempt {
                phase: self.state.phase,
                reason: self.state.reason.clone(),
                cause: self.state.cause.clone(),
                failures: self.state.failures,
                ran_for: self.ran_for,
                ..created
            },
            _ => created,
        })
    }

    /// The names of its Pods, with their containers, oldest first.
    pub fn pods(&self) -> Vec<&PodView> {
        let mut pods: Vec<_> = self.pods.values().map(Box::as_ref).collect();
        pods.sort_by_key(|pod| (pod.created, &pod.name));
        pods
    }

    /// Why it is what it is, as other members may be too.
    pub fn cause(&self) -> Option<&str> {
        self.state.cause.as_deref().or(self.state.reason.as_deref())
    }

    /// What was last seen of its Job.
    pub fn job(&self) -> Option<&JobView> {
        self.job.as_ref()
    }

    /// By how much its Job's status is behind its Pods, or its controller behind what is due; nothing if that is no news.
    pub fn lag(&self, now: Timestamp) -> Option<SignedDuration> {
        let lag = now.duration_since(self.state.owed_since?);
        Some(lag).filter(|lag| *lag >= LAG_MIN)
    }

    /// Since when it does what it does, for the order of the table.
    pub(super) fn order(&self) -> Option<Timestamp> {
        self.state.since
    }
}
