//! What the loop has observed: Jobs, their Pods, and what it remembers of each; plain data, fed by watches.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::expectations::Expectations;
use super::gone::Gone;
use super::queue::Key;
use crate::job::{Job, Memory, Pod, PodRef};

/// Names of Pods that are remembered of one Job when they are gone.
const NAMES_MAX: usize = 1000;

/// One Job with what is remembered of it; a new uid under the same name starts afresh.
#[derive(Clone, Debug)]
pub(super) struct JobEntry {
    /// The object, as last observed or answered.
    pub(super) object: Value,
    /// The same, parsed.
    pub(super) job: Job,
    /// What the rules remember.
    pub(super) memory: Memory,
    /// What was asked and not yet seen.
    pub(super) expectations: Expectations,
    /// How many names of its Pods are used up, see [`super::naming`].
    pub(super) names_taken: u32,
    /// Names of its Pods that are gone, the latest [`NAMES_MAX`]: a second process may not have seen them go, and would ask for other
    /// names if they were used again.
    pub(super) names_gone: VecDeque<String>,
    /// The last status of which it is known that the observed Pods are no older: our own, or one that a look followed.
    pub(super) trusted: Value,
}

impl JobEntry {
    fn new(object: Value, job: Job) -> Self {
        Self {
            object,
            job,
            memory: Memory::default(),
            expectations: Expectations::default(),
            names_taken: 0,
            names_gone: VecDeque::new(),
            trusted: Value::Null,
        }
    }

    /// Whether the observed Pods are as new as the status; not if somebody else wrote it.
    pub(super) fn is_trusted(&self) -> bool {
        let status = &self.object["status"];
        let empty = |status: &Value| status.as_object().is_none_or(serde_json::Map::is_empty);
        *status == self.trusted || empty(status)
    }
}

/// A Pod that still has the tracking finalizer although no unfinished Job of ours will ever count it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Orphan {
    /// Its namespace.
    pub(super) namespace: String,
    /// The Pod.
    pub(super) pod: PodRef,
}

impl Orphan {
    fn of(pod: &Pod) -> Option<Self> {
        pod.tracking_finalizer_at.map(|at| Self {
            namespace: pod.namespace.clone(),
            pod: pod.reference(Some(at)),
        })
    }
}

/// Who controls a Pod: the Job with this uid, or nobody in this namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    Job(String),
    Nobody(String),
}

/// Everything observed.
#[derive(Debug, Default)]
pub(super) struct World {
    jobs: BTreeMap<Key, JobEntry>,
    keys_by_uid: BTreeMap<String, Key>,
    holders: BTreeMap<String, Holder>,
    pods: BTreeMap<Holder, BTreeMap<String, Arc<Pod>>>,
    gone: Gone,
}

impl World {
    /// Takes in a Job from a watch or from the answer to a write; an older version than the one known is ignored.
    pub(super) fn job_seen(&mut self, object: Value) -> Option<Key> {
        let job = Job::from_value(&object).ok()?;
        if self.gone.is_old(&job.uid, version(&object)) {
            return None;
        }
        let key = Key::of(&object);
        match self.jobs.get_mut(&key) {
            // Versions grow over all Jobs, so that an older one may be the former owner of the name, too.
            Some(entry) if version(&object) < version(&entry.object) => return None,
            Some(entry) if entry.job.uid == job.uid => {
                entry.object = object;
                entry.job = job;
            }
            _ => {
                self.job_gone(&key);
                self.keys_by_uid.insert(job.uid.clone(), key.clone());
                self.jobs.insert(key.clone(), JobEntry::new(object, job));
            }
        }
        Some(key)
    }

    /// Whether a Job is new, or somebody wants something else of it, and not only its status differs.
    pub(super) fn is_news(&self, object: &Value) -> bool {
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let known = self
            .keys_by_uid
            .get(text("/metadata/uid"))
            .and_then(|key| self.jobs.get(key));
        known.is_none_or(|known| {
            let same = |field: &str| known.object["metadata"][field] == object["metadata"][field];
            !same("generation") || !same("deletionTimestamp")
        })
    }

    /// A Job is gone, and nothing up to this version is news of it any more.
    pub(super) fn job_ends(&mut self, uid: &str, version: u64) {
        self.gone.note(uid, version);
    }

    /// Forgets a Job; its Pods stay until they are seen gone.
    pub(super) fn job_gone(&mut self, key: &Key) -> Vec<Orphan> {
        let Some(entry) = self.jobs.remove(key) else {
            return Vec::new();
        };
        self.keys_by_uid.remove(&entry.job.uid);
        self.gone.note(&entry.job.uid, version(&entry.object));
        self.orphans_of(&entry.job.uid)
    }

    /// Takes in a Pod; says whose Jobs want a look: its owner, or those that may adopt it.
    pub(super) fn pod_seen(&mut self, pod: Pod) -> Vec<Key> {
        let holder = match &pod.controller_uid {
            Some(uid) => Holder::Job(uid.clone()),
            None => Holder::Nobody(pod.namespace.clone()),
        };
        if self.is_old(&pod) {
            return Vec::new();
        }
        let before = self.holders.get(&pod.uid).cloned();
        let mut keys = Vec::new();
        if let Some(before) = before.as_ref().filter(|before| **before != holder) {
            keys.extend(self.pod_leaves(before, &pod.uid));
        }
        match &holder {
            Holder::Job(uid) => keys.extend(self.pod_of_job(uid, &pod)),
            Holder::Nobody(_) if !pod.deleting => keys.extend(self.adopters(&pod)),
            Holder::Nobody(_) => {}
        }
        self.holders.insert(pod.uid.clone(), holder.clone());
        let pods = self.pods.entry(holder).or_default();
        pods.insert(pod.uid.clone(), Arc::new(pod));
        keys
    }

    /// Whether a newer version of this Pod is known, or that it is gone.
    fn is_old(&self, pod: &Pod) -> bool {
        let version = pod.version();
        let known = self
            .holders
            .get(&pod.uid)
            .and_then(|holder| self.pods.get(holder)?.get(&pod.uid));
        known.is_some_and(|known| version < known.version()) || self.gone.is_old(&pod.uid, version)
    }

    fn pod_of_job(&mut self, job_uid: &str, pod: &Pod) -> Option<Key> {
        let key = self.keys_by_uid.get(job_uid)?.clone();
        if let Some(entry) = self.jobs.get_mut(&key) {
            entry.expectations.creation_settled(&pod.name);
            if pod.deleting {
                entry.expectations.deletion_settled(&pod.uid);
            }
            if pod.tracking_finalizer_at.is_none() {
                entry.memory.removals_in_flight.remove(&pod.uid);
            }
        }
        Some(key)
    }

    /// The unfinished Jobs whose selector wants a Pod that nobody controls.
    fn adopters(&self, pod: &Pod) -> Vec<Key> {
        let wants = |entry: &JobEntry| {
            let selector = entry.job.selector.as_ref();
            !entry.job.is_finished()
                && entry.job.namespace == pod.namespace
                && selector.is_some_and(|selector| selector.matches(&pod.labels))
        };
        let jobs = self.jobs.iter().filter(|(_, entry)| wants(entry));
        jobs.map(|(key, _)| key.clone()).collect()
    }

    /// Forgets a Pod of which nothing up to a version is news any more; says whose Job wants a look.
    pub(super) fn pod_gone(&mut self, uid: &str, version: u64) -> Option<Key> {
        let holder = self.holders.get(uid)?.clone();
        let known = self
            .pods
            .get(&holder)
            .and_then(|pods| pods.get(uid))
            .cloned();
        let last = known.as_ref().map_or(0, |pod| pod.version());
        self.gone.note(uid, version.max(last));
        if let (Holder::Job(job), Some(pod)) = (&holder, known) {
            self.name_gone(job, &pod.name);
        }
        self.holders.remove(uid);
        self.pod_leaves(&holder, uid)
    }

    fn name_gone(&mut self, job: &str, pod: &str) {
        let key = self.keys_by_uid.get(job);
        let Some(entry) = key.and_then(|key| self.jobs.get_mut(key)) else {
            return;
        };
        if entry.names_gone.len() == NAMES_MAX {
            entry.names_gone.pop_front();
        }
        entry.names_gone.push_back(pod.to_owned());
    }

    /// Takes in a full list of the Pods that a Job's selector matches; what is missing there is gone.
    pub(super) fn pods_listed(&mut self, job: &Job, pods: Vec<Pod>, version: u64) {
        let listed: BTreeSet<String> = pods.iter().map(|pod| pod.uid.clone()).collect();
        for pod in pods {
            self.pod_seen(pod);
        }
        let selected = |pod: &&Arc<Pod>| {
            job.selector
                .as_ref()
                .is_none_or(|selector| selector.matches(&pod.labels))
        };
        let missing = |pod: &&Arc<Pod>| !listed.contains(&pod.uid) && pod.version() <= version;
        let own = self.held(&Holder::Job(job.uid.clone()));
        let lost: Vec<String> = own
            .filter(selected)
            .filter(missing)
            .map(|pod| pod.uid.clone())
            .collect();
        for uid in lost {
            self.pod_gone(&uid, version);
        }
    }

    /// Whether a Pod is known to have its tracking finalizer.
    pub(super) fn is_tracked(&self, uid: &str) -> bool {
        let pod = self
            .holders
            .get(uid)
            .and_then(|holder| self.pods.get(holder)?.get(uid));
        pod.is_some_and(|pod| pod.tracking_finalizer_at.is_some())
    }

    fn pod_leaves(&mut self, holder: &Holder, uid: &str) -> Option<Key> {
        if let Some(pods) = self.pods.get_mut(holder) {
            pods.remove(uid);
            if pods.is_empty() {
                self.pods.remove(holder);
            }
        }
        let Holder::Job(job_uid) = holder else {
            return None;
        };
        let key = self.keys_by_uid.get(job_uid)?.clone();
        if let Some(entry) = self.jobs.get_mut(&key) {
            entry.expectations.deletion_settled(uid);
            entry.memory.removals_in_flight.remove(uid);
        }
        Some(key)
    }

    /// The Job under a key.
    pub(super) fn job(&self, key: &Key) -> Option<&JobEntry> {
        self.jobs.get(key)
    }

    /// The Job under a key, to remember something of it.
    pub(super) fn job_mut(&mut self, key: &Key, uid: &str) -> Option<&mut JobEntry> {
        self.jobs.get_mut(key).filter(|entry| entry.job.uid == uid)
    }

    /// The Pods that a Job controls, and those of its namespace that nobody controls.
    pub(super) fn pods_for(&self, job: &Job) -> Vec<Arc<Pod>> {
        let own = self.held(&Holder::Job(job.uid.clone()));
        let free = self.held(&Holder::Nobody(job.namespace.clone()));
        own.chain(free).cloned().collect()
    }

    fn held<'a>(&'a self, holder: &Holder) -> impl Iterator<Item = &'a Arc<Pod>> + use<'a> {
        self.pods.get(holder).into_iter().flat_map(BTreeMap::values)
    }

    /// What the rules need to remember of a Job right now.
    pub(super) fn memory_of(&self, key: &Key, now: Duration) -> Memory {
        self.jobs
            .get(key)
            .map_or_else(Memory::default, |entry| Memory {
                expecting: entry.expectations.pending(now),
                ..entry.memory.clone()
            })
    }

    /// The Pods of a Job that is gone or finished and that still have the tracking finalizer.
    pub(super) fn orphans_of(&self, job_uid: &str) -> Vec<Orphan> {
        let alive = self
            .keys_by_uid
            .get(job_uid)
            .and_then(|key| self.jobs.get(key))
            .is_some_and(|entry| !entry.job.is_finished());
        if alive {
            return Vec::new();
        }
        let pods = self.held(&Holder::Job(job_uid.to_owned()));
        pods.filter(|pod| pod.controller_is_job)
            .filter_map(|pod| Orphan::of(pod))
            .collect()
    }

    /// This Pod, if nobody controls it, nobody will adopt it, and it still has the tracking finalizer.
    pub(super) fn abandoned(&self, uid: &str) -> Option<Orphan> {
        let holder = self.holders.get(uid)?;
        let pod = self.pods.get(holder)?.get(uid)?;
        let adoptable = || !pod.deleting && !self.adopters(pod).is_empty();
        if matches!(holder, Holder::Job(_)) || adoptable() {
            return None;
        }
        Orphan::of(pod)
    }

    /// The keys of all Jobs, and the uids of all Pods: what a relist is compared with.
    pub(super) fn known(&self) -> (BTreeSet<Key>, BTreeSet<String>) {
        (
            self.jobs.keys().cloned().collect(),
            self.holders.keys().cloned().collect(),
        )
    }
}

/// `metadata.resourceVersion` as a number; comparable since Kubernetes 1.35 (KEP-5504), growing on every server before it.
pub(super) fn version(object: &Value) -> u64 {
    object
        .pointer("/metadata/resourceVersion")
        .and_then(Value::as_str)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
#[path = "world/tests.rs"]
mod tests;
