//! What the loop has observed: Jobs, their Pods, and what it remembers of each; plain data, fed by watches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::expectations::Expectations;
use super::queue::Key;
use crate::job::{Job, Memory, Pod, PodRef};

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
            pod: PodRef {
                name: pod.name.clone(),
                uid: pod.uid.clone(),
                finalizer_at: Some(at),
            },
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
}

impl World {
    /// Takes in a Job from a watch or from the answer to a write; an older version than the one known is ignored.
    pub(super) fn job_seen(&mut self, object: Value) -> Option<Key> {
        let job = Job::from_value(&object).ok()?;
        let key = Key {
            namespace: job.namespace.clone(),
            name: job.name.clone(),
        };
        match self.jobs.get_mut(&key) {
            Some(entry) if entry.job.uid == job.uid => {
                if version(&object) < version(&entry.object) {
                    return None;
                }
                entry.object = object;
                entry.job = job;
            }
            _ => {
                self.job_gone(&key);
                self.keys_by_uid.insert(job.uid.clone(), key.clone());
                let entry = JobEntry {
                    object,
                    job,
                    memory: Memory::default(),
                    expectations: Expectations::default(),
                };
                self.jobs.insert(key.clone(), entry);
            }
        }
        Some(key)
    }

    /// Forgets a Job; its Pods stay until they are seen gone.
    pub(super) fn job_gone(&mut self, key: &Key) -> Vec<Orphan> {
        let Some(entry) = self.jobs.remove(key) else {
            return Vec::new();
        };
        self.keys_by_uid.remove(&entry.job.uid);
        self.orphans_of(&entry.job.uid)
    }

    /// Takes in a Pod; says whose Jobs want a look: its owner, or those that may adopt it.
    pub(super) fn pod_seen(&mut self, pod: Pod) -> Vec<Key> {
        let holder = match &pod.controller_uid {
            Some(uid) => Holder::Job(uid.clone()),
            None => Holder::Nobody(pod.namespace.clone()),
        };
        let before = self.holders.get(&pod.uid).cloned();
        let mut keys = Vec::new();
        if let Some(before) = before.as_ref().filter(|before| **before != holder) {
            keys.extend(self.pod_leaves(before, &pod.uid));
        }
        match &holder {
            Holder::Job(uid) => keys.extend(self.pod_of_job(uid, &pod, before.is_none())),
            Holder::Nobody(_) if !pod.deleting => keys.extend(self.adopters(&pod)),
            Holder::Nobody(_) => {}
        }
        self.holders.insert(pod.uid.clone(), holder.clone());
        let pods = self.pods.entry(holder).or_default();
        pods.insert(pod.uid.clone(), Arc::new(pod));
        keys
    }

    fn pod_of_job(&mut self, job_uid: &str, pod: &Pod, new: bool) -> Option<Key> {
        let key = self.keys_by_uid.get(job_uid)?.clone();
        if let Some(entry) = self.jobs.get_mut(&key) {
            if new {
                entry.expectations.creation_settled(1);
            }
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

    /// Forgets a Pod; says whose Job wants a look.
    pub(super) fn pod_gone(&mut self, uid: &str) -> Option<Key> {
        let holder = self.holders.remove(uid)?;
        self.pod_leaves(&holder, uid)
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
fn version(object: &Value) -> u64 {
    object
        .pointer("/metadata/resourceVersion")
        .and_then(Value::as_str)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
#[path = "world/tests.rs"]
mod tests;
