//! What the loop knows and decides: takes in what the watches saw and what passes report, and starts passes that are due.
//!
//! It never waits, and reads no clock but the one it is given: `now` is the time since the loop began.

mod done;
mod seen;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use serde_json::Value;
use tokio::task::JoinSet;

use super::announce::Announcer;
use super::expiry::expire;
use super::freeing::free_all;
use super::look::{Look, look};
use super::naming::names;
use super::options::{Options, Owner, Ran};
use super::pass::{Pass, PassReport};
use super::queue::{Key, Queue};
use super::world::{Orphan, World};
use crate::job::{Gate, Job, PodRef, Scale, TtlAction, after_finished, reconcile};

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
        let (object, job, trusted) = (entry.object.clone(), entry.job.clone(), entry.is_trusted());
        let wall = wall((self.options.clock)(), &job);
        if !self.options.owner.owns(&job) {
            return self.live_out(key, &object, wall);
        }
        let memory = self.world.memory_of(key, now);
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
                let known = pods.iter().map(|pod| pod.name.as_str());
                let known = known
                    .chain(entry.names_gone.iter().map(String::as_str))
                    .collect();
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
        self.live_out(key, object, wall)
    }

    /// Deletes a Job whose time to live is over, whoever manages it, if the cluster has no other controller for that.
    fn live_out(&mut self, key: &Key, object: &Value, wall: Timestamp) -> Turn {
        if !self.options.owner.is_the_clusters() {
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
}

/// The time of a pass: a clock that was set back must not write an end before the start.
fn wall(clock: Timestamp, job: &Job) -> Timestamp {
    job.status
        .start_time
        .map_or(clock, |start| clock.max(start))
}
