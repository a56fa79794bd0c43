//! What the loop knows and decides: takes in what the watches saw and what passes report, and starts passes that are due.
//!
//! It never waits, and reads no clock but the one it is given: `now` is the time since the loop began.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use serde_json::Value;
use tokio::task::{JoinError, JoinSet};

use super::announce::Announcer;
use super::expectations::Expectations;
use super::expiry::expire;
use super::freeing::free_all;
use super::look::{Look, look};
use super::naming::names;
use super::options::{Options, Owner, Ran};
use super::pass::{Pass, PassReport, Reread};
use super::queue::{Key, Queue};
use super::world::{Orphan, World, version};
use crate::cluster::watching::Seen;
use crate::job::{Gate, Job, Pod, PodRef, Scale, TtlAction, after_finished, reconcile};

/// The state of the loop.
pub(super) struct Engine {
    client: Client,
    options: Options,
    announcer: Announcer,
    world: World,
    queue: Queue,
    /// What is under way.
    pub(super) passes: JoinSet<Done>,
    /// What a list in progress has not named yet, for Jobs and for Pods.
    unnamed_jobs: BTreeSet<Key>,
    unnamed_pods: BTreeSet<String>,
    listed: (bool, bool),
    freeing: BTreeSet<String>,
    /// With [`Options::once`], the Jobs that still want their pass, once all are known.
    left: Option<BTreeSet<Key>>,
    ran: Ran,
}

/// What a task of the loop ends with.
pub(super) enum Done {
    Pass(Box<PassReport>),
    /// The Pods of a Job were listed anew.
    Looked(Box<Look>),
    /// A finished Job was deleted, or is to be looked at again.
    Expired(Key, kube::Result<Option<Duration>>),
    /// The finalizers of orphans are gone, or were tried.
    Freed(BTreeSet<String>),
}

/// What became of a key whose turn it was.
enum Turn {
    /// A task is under way.
    Started,
    /// There is nothing to do for now; maybe after this time.
    Over(Option<Duration>),
    /// Something is wrong; it will be tried again.
    Retry,
}

impl Engine {
    pub(super) fn new(client: Client, options: Options, announcer: Announcer) -> Self {
        Self {
            client,
            options,
            announcer,
            world: World::default(),
            queue: Queue::default(),
            passes: JoinSet::new(),
            unnamed_jobs: BTreeSet::new(),
            unnamed_pods: BTreeSet::new(),
            listed: (false, false),
            freeing: BTreeSet::new(),
            left: None,
            ran: Ran::default(),
        }
    }

    /// Whether every Job had its one pass, if that is all that is wanted.
    pub(super) fn is_done(&self) -> bool {
        self.left.as_ref().is_some_and(BTreeSet::is_empty) && self.passes.is_empty()
    }

    pub(super) fn end(self) -> Ran {
        self.ran
    }

    /// When something is to be started next, if nothing happens before.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let full = self.queue.running() >= self.options.concurrency;
        self.queue.next_due().filter(|_| !full && self.ready())
    }

    /// No pass before both lists are in: half a view would create Pods twice.
    fn ready(&self) -> bool {
        self.listed == (true, true)
    }

    pub(super) fn job_seen(&mut self, seen: Seen, now: Duration) {
        match seen {
            Seen::Present(object) => {
                let news = self.world.is_news(&object);
                if let Some(key) = self.world.job_seen(object) {
                    self.unnamed_jobs.remove(&key);
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
                if let Ok(job) = Job::from_value(&object)
                    && self.world.job_mut(&key_of(&job), &job.uid).is_some()
                {
                    self.world.job_ends(&job.uid, version(&object));
                    self.job_gone(&key_of(&job));
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

    fn job_gone(&mut self, key: &Key) {
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

    pub(super) fn pod_seen(&mut self, seen: Seen, now: Duration) {
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
        if self.options.owner != Owner::Everything || !self.ready() {
            return;
        }
        let orphans = match owner {
            Some(owner) => self.world.orphans_of(owner),
            None => self.world.abandoned(uid).into_iter().collect(),
        };
        self.free(orphans);
    }

    /// Starts what is due, as much as may be under way at a time.
    pub(super) fn start_passes(&mut self, now: Duration) {
        while self.ready() && self.queue.running() < self.options.concurrency {
            let Some(key) = self.queue.pop(now) else {
                break;
            };
            match self.turn(&key, now) {
                Turn::Started => {}
                Turn::Over(again) => self.turn_ends(key, Ok(again), now),
                Turn::Retry => self.turn_ends(key, Err(()), now),
            }
        }
    }

    fn turn_ends(&mut self, key: Key, result: Result<Option<Duration>, ()>, now: Duration) {
        if let Some(left) = &mut self.left {
            left.remove(&key);
        }
        self.queue.done(key, result, now);
    }

    fn turn(&mut self, key: &Key, now: Duration) -> Turn {
        let Some(entry) = self.world.job(key) else {
            return Turn::Over(None);
        };
        if !self.options.owner.owns(&entry.job) {
            return Turn::Over(None);
        }
        let (object, job, trusted) = (entry.object.clone(), entry.job.clone(), entry.is_trusted());
        let memory = self.world.memory_of(key, now);
        let wall = wall((self.options.clock)(), &job);
        let plan = reconcile(&job, &self.world.pods_for(&job), &memory, wall);
        match plan.gate {
            Gate::Finished => return self.finished(key, &object, &job, plan.left_behind, wall),
            Gate::EndNotSeen => return Turn::Over(None),
            Gate::Open if !trusted => {
                let (client, key) = (self.client.clone(), key.clone());
                self.passes.spawn(async move {
                    Done::Looked(Box::new(look(&client, key, &object).await))
                });
                return Turn::Started;
            }
            Gate::Open | Gate::UnknownMode => {}
        }
        tracing::debug!("{}", plan.line);
        let names = self.expect(key, &job, &plan.scale, now);
        let pass = Pass {
            key: key.clone(),
            object,
            job,
            plan,
            names,
            recheck: self.options.owner == Owner::HandedOver,
            announcer: self.announcer.clone(),
            now: wall,
        };
        let client = self.client.clone();
        self.passes
            .spawn(async move { Done::Pass(Box::new(pass.perform(client).await)) });
        Turn::Started
    }

    /// Notes what a pass is going to ask for; gives the names of the Pods that it is going to create.
    fn expect(&mut self, key: &Key, job: &Job, scale: &Scale, now: Duration) -> Vec<String> {
        let pods = self.world.pods_for(job);
        let Some(entry) = self.world.job_mut(key, &job.uid) else {
            return Vec::new();
        };
        entry.expectations.clear_if_late(now);
        match scale {
            Scale::None => Vec::new(),
            Scale::Create(wanted) => {
                let known = pods.iter().map(|pod| pod.name.as_str()).collect();
                let names = names(job, wanted, &known, &mut entry.names_taken);
                entry
                    .expectations
                    .expect_creations(names.iter().map(String::as_str), now);
                names
            }
            Scale::Delete { pods, .. } => {
                let uids = pods.iter().map(|pod| pod.uid.as_str());
                entry.expectations.expect_deletions(uids, now);
                Vec::new()
            }
        }
    }

    fn finished(
        &mut self,
        key: &Key,
        object: &Value,
        job: &Job,
        left_behind: Vec<PodRef>,
        wall: Timestamp,
    ) -> Turn {
        if let Some(entry) = self.world.job_mut(key, &job.uid) {
            entry.memory.backoff = None;
        }
        let orphan = |pod| Orphan {
            namespace: job.namespace.clone(),
            pod,
        };
        self.free(left_behind.into_iter().map(orphan).collect());
        if self.options.owner != Owner::Everything {
            // The cluster has a controller for that, whoever manages the Job.
            return Turn::Over(None);
        }
        match after_finished(object, wall) {
            TtlAction::None => Turn::Over(None),
            TtlAction::Wait(left) => Turn::Over(Duration::try_from(left).ok()),
            TtlAction::Unknown => Turn::Retry,
            TtlAction::Delete => {
                let (client, key) = (self.client.clone(), key.clone());
                self.passes.spawn(async move {
                    let result = expire(&client, &key, wall).await;
                    Done::Expired(key, result)
                });
                Turn::Started
            }
        }
    }

    fn free(&mut self, orphans: Vec<Orphan>) {
        let orphans: Vec<_> = orphans
            .into_iter()
            .filter(|orphan| self.freeing.insert(orphan.pod.uid.clone()))
            .collect();
        if orphans.is_empty() {
            return;
        }
        let client = self.client.clone();
        self.passes
            .spawn(async move { Done::Freed(free_all(&client, orphans).await) });
    }

    pub(super) fn take_in(&mut self, done: Result<Done, JoinError>, now: Duration) {
        match done.expect("a pass does not panic and is never aborted") {
            Done::Freed(uids) => self.freeing.retain(|uid| !uids.contains(uid)),
            Done::Pass(report) => self.take_in_pass(*report, now),
            Done::Looked(look) => self.take_in_look(*look, now),
            Done::Expired(key, result) => {
                let result = result.map_err(|error| {
                    tracing::debug!(%error, job = %key, "the Job outlives its time for now");
                });
                self.turn_ends(key, result, now);
            }
        }
    }

    fn take_in_look(&mut self, look: Look, now: Duration) {
        let Look {
            key,
            uid,
            status,
            pods,
        } = look;
        let (pods, version) = match pods {
            Ok(listed) => listed,
            Err(error) => {
                tracing::debug!(%error, job = %key, "its Pods cannot be listed for now");
                self.turn_ends(key, Err(()), now);
                return;
            }
        };
        if let Some(entry) = self.world.job_mut(&key, &uid) {
            entry.trusted = status;
            let job = entry.job.clone();
            let pods = pods
                .iter()
                .filter_map(|pod| Pod::from_value(pod).ok())
                .collect();
            self.world.pods_listed(&job, pods, version);
        }
        self.queue.done(key, Ok(Some(Duration::ZERO)), now);
    }

    fn take_in_pass(&mut self, report: PassReport, now: Duration) {
        for pod in report.pods {
            self.world.pod_seen(pod);
        }
        let freed: Vec<String> = report
            .freed
            .into_iter()
            .filter(|uid| self.world.is_tracked(uid))
            .collect();
        if let Some(entry) = self.world.job_mut(&report.key, &report.uid) {
            for name in &report.not_created {
                entry.expectations.creation_settled(name);
            }
            for uid in &report.not_deleted {
                entry.expectations.deletion_settled(uid);
            }
            if let Some(backoff) = report.backoff {
                entry.memory.backoff = Some(backoff);
            }
            entry.memory.finish_written |= report.finished;
            entry.memory.removals_in_flight.extend(freed);
            if let Some(object) = &report.object {
                entry.trusted = object["status"].clone();
            }
        }
        if let Some(object) = report.object {
            self.world.job_seen(object);
        }
        match report.reread {
            Some(Reread::Found(object)) => drop(self.world.job_seen(object)),
            Some(Reread::Gone) if self.world.job_mut(&report.key, &report.uid).is_some() => {
                self.job_gone(&report.key);
            }
            Some(Reread::Gone) | None => {}
        }
        let result = report.result.map_err(|error| {
            tracing::debug!(%error, job = %report.key, "the pass will be repeated");
        });
        match result {
            Ok(_) => self.ran.good += 1,
            Err(()) => self.ran.failed += 1,
        }
        let again = result.map(|again| again.and_then(|wait| Duration::try_from(wait).ok()));
        let unseen = self.world.job(&report.key).map(|entry| &entry.expectations);
        let forgiven = unseen
            .filter(|unseen| unseen.pending(now))
            .map(Expectations::until);
        self.turn_ends(report.key.clone(), again, now);
        if let Some(at) = forgiven {
            self.queue.add(report.key, at);
        }
    }
}

/// The time of a pass: a clock that was set back must not write an end before the start.
fn wall(clock: Timestamp, job: &Job) -> Timestamp {
    job.status
        .start_time
        .map_or(clock, |start| clock.max(start))
}

fn key_of(job: &Job) -> Key {
    Key {
        namespace: job.namespace.clone(),
        name: job.name.clone(),
    }
}
