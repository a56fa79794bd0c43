//! Takes in what the watches saw: Jobs and Pods that are there, that are gone, and that a full list does not name any more.

use std::time::Duration;

use super::Engine;
use crate::cluster::watching::Seen;
use crate::controller::queue::Key;
use crate::controller::world::version;
use crate::job::Pod;

impl Engine {
    pub(in crate::controller) fn job_seen(&mut self, seen: Seen, now: Duration) {
        match seen {
            Seen::Present(object) => {
                // A list is older than what passes have answered since; what it names is there all the same.
                self.unnamed_jobs.remove(&Key::of(&object));
                let news = self.world.is_news(&object);
                if let Some(key) = self.world.job_seen(object) {
                    // A status that was written says little: what it came from was seen before.
                    let pause = if news {
                        Duration::ZERO
                    } else {
                        self.options.gather
                    };
                    self.queue.add(key, now + pause);
                }
            }
            Seen::Gone(object) => {
                let key = Key::of(&object);
                let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
                if self.world.job_mut(&key, uid).is_some() {
                    self.world.job_ends(uid, version(&object));
                    self.job_gone(&key);
                }
            }
            Seen::Listing => self.unnamed_jobs = self.world.known().0,
            Seen::Complete => {
                for key in std::mem::take(&mut self.unnamed_jobs) {
                    self.job_gone(&key);
                }
                self.listed.0 = true;
                self.all_listed(now);
            }
            Seen::Trouble(error) => tracing::warn!(error, "watching Jobs"),
        }
    }

    /// Both kinds are known as they are: every Job has its turn, and, if that is wanted, its only one.
    fn all_listed(&mut self, now: Duration) {
        if !self.ready() {
            return;
        }
        let keys = self.world.known().0;
        if self.options.once && self.left.is_none() {
            self.left = Some(keys.clone());
        }
        for key in keys {
            self.queue.add(key, now);
        }
    }

    pub(super) fn job_gone(&mut self, key: &Key) {
        let owned = self
            .world
            .job(key)
            .is_some_and(|entry| self.options.owner.owns(&entry.job));
        let orphans = self.world.job_gone(key);
        self.queue.forget(key);
        if let Some(left) = &mut self.left {
            left.remove(key);
        }
        if owned {
            self.free(orphans);
        }
    }

    pub(in crate::controller) fn pod_seen(&mut self, seen: Seen, now: Duration) {
        match seen {
            Seen::Present(object) => {
                if let Ok(pod) = Pod::from_value(&object) {
                    self.pod_present(pod, now);
                }
            }
            Seen::Gone(object) => {
                if let Ok(pod) = Pod::from_value(&object) {
                    let key = self.world.pod_gone(&pod.uid, pod.version());
                    self.pods_changed(key, now);
                }
            }
            Seen::Listing => self.unnamed_pods = self.world.known().1,
            Seen::Complete => {
                for uid in std::mem::take(&mut self.unnamed_pods) {
                    let key = self.world.pod_gone(&uid, 0);
                    self.pods_changed(key, now);
                }
                self.listed.1 = true;
                self.all_listed(now);
            }
            Seen::Trouble(error) => tracing::warn!(error, "watching Pods"),
        }
    }

    fn pod_present(&mut self, pod: Pod, now: Duration) {
        self.unnamed_pods.remove(&pod.uid);
        let (uid, owner) = (pod.uid.clone(), pod.controller_uid.clone());
        let keys = self.world.pod_seen(pod);
        if keys.is_empty() {
            self.pod_without_job(&uid, owner.as_deref());
        }
        self.pods_changed(keys, now);
    }

    fn pods_changed(&mut self, keys: impl IntoIterator<Item = Key>, now: Duration) {
        let at = now + self.options.gather;
        for key in keys {
            self.queue.add(key, at);
        }
    }

    /// Only the sole controller may take an unknown owner for a Job that is gone, and no owner for nobody's Pod.
    fn pod_without_job(&mut self, uid: &str, owner: Option<&str>) {
        if !self.options.owner.is_the_clusters() || !self.ready() {
            return;
        }
        let orphans = match owner {
            Some(owner) => self.world.orphans_of(owner),
            None => self.world.abandoned(uid).into_iter().collect(),
        };
        self.free(orphans);
    }
}
