//! What the loop has observed: Jobs, their Pods, and what it remembers of each; plain data, fed by watches.

use std::collections::{BTreeMap, BTreeSet};
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

/// Everything observed.
#[derive(Debug, Default)]
pub(super) struct World {
    jobs: BTreeMap<Key, JobEntry>,
    keys_by_uid: BTreeMap<String, Key>,
    pods: BTreeMap<String, Pod>,
    pods_by_job: BTreeMap<String, BTreeSet<String>>,
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

    /// Takes in a Pod; says whose Job wants a look.
    pub(super) fn pod_seen(&mut self, pod: Pod) -> Option<Key> {
        let owner = pod.controller_uid.clone()?;
        let key = self.keys_by_uid.get(&owner).cloned();
        let new = !self.pods.contains_key(&pod.uid);
        if let Some(entry) = key.as_ref().and_then(|key| self.jobs.get_mut(key)) {
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
        self.pods_by_job
            .entry(owner)
            .or_default()
            .insert(pod.uid.clone());
        self.pods.insert(pod.uid.clone(), pod);
        key
    }

    /// Forgets a Pod; says whose Job wants a look.
    pub(super) fn pod_gone(&mut self, uid: &str) -> Option<Key> {
        let pod = self.pods.remove(uid)?;
        let owner = pod.controller_uid?;
        if let Some(uids) = self.pods_by_job.get_mut(&owner) {
            uids.remove(uid);
            if uids.is_empty() {
                self.pods_by_job.remove(&owner);
            }
        }
        let key = self.keys_by_uid.get(&owner)?.clone();
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

    /// The Pods that a Job controls.
    pub(super) fn pods_of(&self, job_uid: &str) -> Vec<Pod> {
        let uids = self.pods_by_job.get(job_uid).into_iter().flatten();
        uids.filter_map(|uid| self.pods.get(uid)).cloned().collect()
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
        let orphan = |pod: &Pod| {
            pod.tracking_finalizer_at.map(|_| Orphan {
                namespace: pod.namespace.clone(),
                pod: PodRef {
                    name: pod.name.clone(),
                    uid: pod.uid.clone(),
                    finalizer_at: pod.tracking_finalizer_at,
                },
            })
        };
        let uids = self.pods_by_job.get(job_uid).into_iter().flatten();
        uids.filter_map(|uid| self.pods.get(uid))
            .filter_map(orphan)
            .collect()
    }

    /// The keys of all Jobs, and the uids of all Pods: what a relist is compared with.
    pub(super) fn known(&self) -> (BTreeSet<Key>, BTreeSet<String>) {
        (
            self.jobs.keys().cloned().collect(),
            self.pods.keys().cloned().collect(),
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
