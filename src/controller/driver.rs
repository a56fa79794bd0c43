//! The loop itself: feeds the world from the watches, starts passes when they are due, takes in their reports.

#![expect(clippy::disallowed_methods, reason = "the loop has a clock")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{BoxStream, StreamExt};
use jiff::Timestamp;
use kube::Client;
use tokio::sync::watch as signal;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::pass::{Pass, PassReport};
use super::queue::{Key, Queue};
use super::scale;
use super::world::{Orphan, World};
use crate::cluster::rest::{JOBS, PODS};
use crate::cluster::watching::{Seen, watch};
use crate::job::{Gate, Job, Pod, PodRef, RECONCILER_NAME, Scale, reconcile};

/// So often a finalizer that nobody needs is tried to be removed, 1, 2, 4 ... seconds apart; the resync comes back to the rest.
const FREEING_TRIES: u32 = 4;
/// All Jobs get a look this often, whatever was lost.
const RESYNC: Duration = Duration::from_secs(600);

/// Which Jobs this controller may act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The cluster has no other controller: unmanaged Jobs, and those of [`RECONCILER_NAME`].
    Everything,
    /// Only Jobs whose `spec.managedBy` is [`RECONCILER_NAME`].
    HandedOver,
}

/// How the loop runs.
#[derive(Clone)]
pub struct Options {
    /// Which Jobs to act on.
    pub owner: Owner,
    /// The namespace to watch, or all.
    pub namespace: Option<String>,
    /// A label selector for Jobs.
    pub selector: Option<String>,
    /// Changes of Pods are gathered for so long before a pass (`syncJobBatchPeriod` is one second).
    pub gather: Duration,
    /// The most passes under way at a time.
    pub concurrency: usize,
    /// The wall clock.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Owner {
    fn owns(self, job: &Job) -> bool {
        let unmanaged = self == Self::Everything && job.is_managed_by_cluster();
        unmanaged || job.is_managed_by(RECONCILER_NAME)
    }
}

/// Runs until `stop` becomes true; passes that are under way are finished first.
pub async fn run(client: Client, options: Options, mut stop: signal::Receiver<bool>) {
    let namespace = options.namespace.as_deref();
    let mut jobs = watch(&client, JOBS, namespace, options.selector.as_deref());
    let mut pods = watch(&client, PODS, namespace, None);
    let mut controller = Controller::new(client, options);
    loop {
        controller.start_passes();
        let due = controller.next_due();
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            Some(report) = controller.passes.join_next() => controller.take_in(report),
            Some(seen) = jobs.next() => controller.job_seen(seen),
            Some(seen) = pods.next() => controller.pod_seen(seen),
            () = tokio::time::sleep_until(due) => controller.resync_if_due(),
        }
        drain(&mut controller, &mut jobs, &mut pods);
    }
    while let Some(report) = controller.passes.join_next().await {
        controller.take_in(report);
    }
}

/// Takes in what is there already, so that a burst of events costs one round of passes.
fn drain(
    controller: &mut Controller,
    jobs: &mut BoxStream<'static, Seen>,
    pods: &mut BoxStream<'static, Seen>,
) {
    use futures::FutureExt;
    for _ in 0..256 {
        let job = jobs.next().now_or_never().flatten();
        let pod = pods.next().now_or_never().flatten();
        if job.is_none() && pod.is_none() {
            break;
        }
        if let Some(seen) = job {
            controller.job_seen(seen);
        }
        if let Some(seen) = pod {
            controller.pod_seen(seen);
        }
    }
}

struct Controller {
    client: Client,
    options: Options,
    world: World,
    queue: Queue,
    passes: JoinSet<Done>,
    began: Instant,
    resync_at: Duration,
    /// What a list in progress has not named yet, for Jobs and for Pods.
    unnamed_jobs: BTreeSet<Key>,
    unnamed_pods: BTreeSet<String>,
    listed: (bool, bool),
    freeing: BTreeSet<String>,
}

/// What a task of the loop ends with.
enum Done {
    Pass(Box<PassReport>),
    /// The finalizers of orphans are gone, or were tried.
    Freed(BTreeSet<String>),
}

impl Controller {
    fn new(client: Client, options: Options) -> Self {
        Self {
            client,
            options,
            world: World::default(),
            queue: Queue::default(),
            passes: JoinSet::new(),
            began: Instant::now(),
            resync_at: RESYNC,
            unnamed_jobs: BTreeSet::new(),
            unnamed_pods: BTreeSet::new(),
            listed: (false, false),
            freeing: BTreeSet::new(),
        }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn next_due(&self) -> Instant {
        let full = self.queue.running() >= self.options.concurrency;
        let due = self.queue.next_due().filter(|_| !full && self.ready());
        self.began + due.unwrap_or(self.resync_at).min(self.resync_at)
    }

    /// No pass before both lists are in: half a view would create Pods twice.
    fn ready(&self) -> bool {
        self.listed == (true, true)
    }

    fn resync_if_due(&mut self) {
        let now = self.now();
        if now >= self.resync_at {
            self.resync_at = now + RESYNC;
            for key in self.world.known().0 {
                self.queue.add(key, now);
            }
        }
    }

    fn job_seen(&mut self, seen: Seen) {
        let now = self.now();
        match seen {
            Seen::Present(object) => {
                if let Some(key) = self.world.job_seen(object) {
                    self.unnamed_jobs.remove(&key);
                    self.queue.add(key, now);
                }
            }
            Seen::Gone(object) => {
                if let Ok(job) = Job::from_value(&object) {
                    self.job_gone(&key_of(&job));
                }
            }
            Seen::Listing => self.unnamed_jobs = self.world.known().0,
            Seen::Complete => {
                self.listed.0 = true;
                for key in std::mem::take(&mut self.unnamed_jobs) {
                    self.job_gone(&key);
                }
            }
            Seen::Trouble(error) => tracing::warn!(error, "watching Jobs"),
        }
    }

    fn job_gone(&mut self, key: &Key) {
        let owned = self
            .world
            .job(key)
            .is_some_and(|entry| self.options.owner.owns(&entry.job));
        let orphans = self.world.job_gone(key);
        self.queue.forget(key);
        if owned {
            self.free(orphans);
        }
    }

    fn pod_seen(&mut self, seen: Seen) {
        match seen {
            Seen::Present(object) => {
                let Ok(pod) = Pod::from_value(&object) else {
                    return;
                };
                self.unnamed_pods.remove(&pod.uid);
                let (uid, owner) = (pod.uid.clone(), pod.controller_uid.clone());
                let keys = self.world.pod_seen(pod);
                if keys.is_empty() {
                    self.pod_without_job(&uid, owner.as_deref());
                }
                self.pods_changed(keys);
            }
            Seen::Gone(object) => {
                if let Ok(pod) = Pod::from_value(&object) {
                    let key = self.world.pod_gone(&pod.uid);
                    self.pods_changed(key);
                }
            }
            Seen::Listing => self.unnamed_pods = self.world.known().1,
            Seen::Complete => {
                self.listed.1 = true;
                for uid in std::mem::take(&mut self.unnamed_pods) {
                    let key = self.world.pod_gone(&uid);
                    self.pods_changed(key);
                }
            }
            Seen::Trouble(error) => tracing::warn!(error, "watching Pods"),
        }
    }

    fn pods_changed(&mut self, keys: impl IntoIterator<Item = Key>) {
        let at = self.now() + self.options.gather;
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

    fn start_passes(&mut self) {
        while self.ready() && self.queue.running() < self.options.concurrency {
            let now = self.now();
            let Some(key) = self.queue.pop(now) else {
                break;
            };
            if !self.start_pass(&key, now) {
                self.queue.done(key, Ok(None), now);
            }
        }
    }

    /// Plans a pass and starts it; false if there is nothing to do for this Job.
    fn start_pass(&mut self, key: &Key, now: Duration) -> bool {
        let Some(entry) = self.world.job(key) else {
            return false;
        };
        if !self.options.owner.owns(&entry.job) {
            return false;
        }
        let (object, job) = (entry.object.clone(), entry.job.clone());
        let memory = self.world.memory_of(key, now);
        let wall = (self.options.clock)();
        let plan = reconcile(&job, &self.world.pods_for(&job), &memory, wall);
        match plan.gate {
            Gate::Finished => {
                self.job_finished(key, &job, plan.left_behind);
                return false;
            }
            Gate::EndNotSeen => return false,
            Gate::Open | Gate::UnknownMode => {}
        }
        tracing::debug!("{}", plan.line);
        if let Some(entry) = self.world.job_mut(key, &job.uid) {
            entry.expectations.clear_if_late(now);
            match &plan.scale {
                Scale::None => {}
                Scale::Create(pods) => entry.expectations.expect_creations(pods.len(), now),
                Scale::Delete { pods, .. } => {
                    let uids = pods.iter().map(|pod| pod.uid.as_str());
                    entry.expectations.expect_deletions(uids, now);
                }
            }
        }
        let pass = Pass {
            key: key.clone(),
            object,
            job,
            plan,
            now: wall,
        };
        let client = self.client.clone();
        self.passes
            .spawn(async move { Done::Pass(Box::new(pass.perform(client).await)) });
        true
    }

    fn job_finished(&mut self, key: &Key, job: &Job, left_behind: Vec<PodRef>) {
        if let Some(entry) = self.world.job_mut(key, &job.uid) {
            entry.memory.backoff = None;
        }
        let orphan = |pod| Orphan {
            namespace: job.namespace.clone(),
            pod,
        };
        self.free(left_behind.into_iter().map(orphan).collect());
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

    fn take_in(&mut self, done: Result<Done, tokio::task::JoinError>) {
        match done.expect("a pass does not panic and is never aborted") {
            Done::Freed(uids) => self.freeing.retain(|uid| !uids.contains(uid)),
            Done::Pass(report) => self.take_in_pass(*report),
        }
    }

    fn take_in_pass(&mut self, report: PassReport) {
        if let Some(entry) = self.world.job_mut(&report.key, &report.uid) {
            entry.expectations.creation_settled(report.not_created);
            for uid in &report.not_deleted {
                entry.expectations.deletion_settled(uid);
            }
            if let Some(backoff) = report.backoff {
                entry.memory.backoff = Some(backoff);
            }
            entry.memory.finish_written |= report.finished;
            entry.memory.removals_in_flight.extend(report.freed);
        }
        if let Some(object) = report.object {
            self.world.job_seen(object);
        }
        let result = report.result.map_err(|error| {
            tracing::debug!(%error, job = %report.key, "the pass will be repeated");
        });
        let again = result.map(|again| again.and_then(|wait| Duration::try_from(wait).ok()));
        let now = self.now();
        self.queue.done(report.key, again, now);
    }
}

/// Removes the finalizers of orphans, and tries again what failed: nobody else will, and a Pod with one cannot go away.
async fn free_all(client: &Client, orphans: Vec<Orphan>) -> BTreeSet<String> {
    let uids = orphans.iter().map(|orphan| orphan.pod.uid.clone());
    let uids = uids.collect();
    let mut left = orphans;
    for attempt in 0..FREEING_TRIES {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_secs(1 << (attempt - 1))).await;
        }
        let mut failed = Vec::new();
        for orphan in left {
            if let Err(error) =
                scale::remove_finalizer(client, &orphan.namespace, &orphan.pod).await
            {
                tracing::debug!(%error, pod = orphan.pod.name, "finalizer of an orphan stays for now");
                failed.push(orphan);
            }
        }
        left = failed;
        if left.is_empty() {
            break;
        }
    }
    uids
}

fn key_of(job: &Job) -> Key {
    Key {
        namespace: job.namespace.clone(),
        name: job.name.clone(),
    }
}
