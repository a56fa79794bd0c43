//! The node's view of all Pods: who runs, who waits for room, who is finished.

#![expect(
    clippy::disallowed_methods,
    reason = "a Pod without room is told since when"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use kube::core::DynamicObject;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use serde_json::Value;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::{Id, JoinError, JoinSet};

use super::api::{PodKey, failed_status, unschedulable_status};
use super::context::Context;
use super::environment::NODE_NAME;
use super::worker::{self, Left, Observed};

/// Requests for Pods that do not run, at a time.
const CHORES_MAX: usize = 8;
/// How long Pods may take to end when the node stops; their containers get KILL well before.
const STOP_MAX: Duration = Duration::from_secs(10);
/// The conditions that the node writes.
const OWN_CONDITIONS: &[&str] = &["PodScheduled", "Initialized", "ContainersReady", "Ready"];

enum Entry {
    /// Waits for room.
    Queued,
    /// Has a worker. Dropping the sender tells it that the Pod is gone.
    Running(watch::Sender<Observed>),
    /// Finished, or not to be run.
    Done,
}

/// All Pods of the node, by uid.
pub(super) struct Dispatcher {
    context: Arc<Context>,
    max_pods: usize,
    entries: BTreeMap<String, Entry>,
    /// In the order of their coming; may hold Pods that are gone.
    queue: VecDeque<PodKey>,
    workers: JoinSet<Left>,
    running: HashMap<Id, PodKey>,
    chores: JoinSet<()>,
    chore_permits: Arc<Semaphore>,
    listed: BTreeSet<String>,
}

impl Dispatcher {
    pub(super) fn new(context: Arc<Context>, max_pods: usize) -> Self {
        Self {
            context,
            max_pods,
            entries: BTreeMap::new(),
            queue: VecDeque::new(),
            workers: JoinSet::new(),
            running: HashMap::new(),
            chores: JoinSet::new(),
            chore_permits: Arc::new(Semaphore::new(CHORES_MAX)),
            listed: BTreeSet::new(),
        }
    }

    /// Serves Pods until `stop`, then ends all that run.
    pub(super) async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        let pods = self.context.api.all_pods();
        let events = watcher(pods, watcher::Config::default()).default_backoff();
        let mut events = std::pin::pin!(events);
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(event)) => self.see(event),
                    Some(Err(error)) => tracing::debug!(%error, "the node's watch on Pods begins again"),
                    None => break,
                },
                Some(left) = self.workers.join_next_with_id() => self.leave(left),
                Some(_) = self.chores.join_next() => {}
                _ = &mut stop => break,
            }
        }
        self.chores.abort_all();
        self.entries.clear();
        let ending = async { while self.workers.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_MAX, ending).await.is_err() {
            tracing::warn!(
                "some Pods of the local cluster did not end in time; the guard ends them"
            );
        }
    }

    fn see(&mut self, event: Event<DynamicObject>) {
        match event {
            Event::Init => self.listed.clear(),
            Event::InitApply(pod) => {
                self.listed.extend(pod.metadata.uid.clone());
                self.apply(&pod);
            }
            Event::InitDone => {
                let listed = std::mem::take(&mut self.listed);
                let known: Vec<_> = self.entries.keys().cloned().collect();
                for uid in known.iter().filter(|uid| !listed.contains(*uid)) {
                    self.forget(uid);
                }
            }
            Event::Apply(pod) => self.apply(&pod),
            Event::Delete(pod) => self.forget(pod.metadata.uid.as_deref().unwrap_or_default()),
        }
    }

    fn apply(&mut self, pod: &DynamicObject) {
        let Some(key) = key(pod) else { return };
        let observed = observed(pod);
        match self.entries.get(&key.uid) {
            Some(Entry::Running(sender)) => {
                sender.send_if_modified(|old| {
                    let changed = *old != observed;
                    *old = observed;
                    changed
                });
            }
            Some(Entry::Queued) if observed.deleting.is_some() => self.finish(key, &observed),
            Some(Entry::Queued) => {}
            Some(Entry::Done) => self.finish(key, &observed),
            None => self.meet(key, pod, observed),
        }
    }

    /// A Pod that is seen for the first time.
    fn meet(&mut self, key: PodKey, pod: &DynamicObject, observed: Observed) {
        let text = |pointer: &str| pod.data.pointer(pointer).and_then(Value::as_str);
        let node = text("/spec/nodeName").filter(|node| !node.is_empty());
        if node.is_some_and(|node| node != NODE_NAME) {
            return;
        }
        let finished = matches!(text("/status/phase"), Some("Succeeded" | "Failed"));
        if finished || observed.deleting.is_some() {
            self.finish(key, &observed);
        } else if node.is_some() && text("/status/startTime").is_some() {
            let message = "the local cluster was restarted, and the Pod's processes ended with it";
            self.entries.insert(key.uid.clone(), Entry::Done);
            self.write(key, failed_status("NodeLost", message));
        } else if self.running.len() < self.max_pods {
            self.start(key, observed);
        } else {
            self.entries.insert(key.uid.clone(), Entry::Queued);
            self.queue.push_back(key.clone());
            if text("/status/conditions/0/reason") != Some("Unschedulable") {
                self.write(key, unschedulable_status(Timestamp::now()));
            }
        }
    }

    fn start(&mut self, key: PodKey, observed: Observed) {
        let (sender, receiver) = watch::channel(observed);
        self.entries.insert(key.uid.clone(), Entry::Running(sender));
        let worker = worker::run(self.context.clone(), key.clone(), receiver);
        let id = self.workers.spawn(worker).id();
        self.running.insert(id, key);
    }

    /// A worker has ended: its room is free.
    fn leave(&mut self, left: Result<(Id, Left), JoinError>) {
        let (id, deleted) = match left {
            Ok((id, left)) => (id, left.deleted),
            Err(error) => {
                tracing::error!(%error, "the node lost a Pod by a fault of its own");
                (error.id(), false)
            }
        };
        let Some(key) = self.running.remove(&id) else {
            return;
        };
        match self.entries.insert(key.uid.clone(), Entry::Done) {
            Some(Entry::Running(sender)) if !deleted => {
                let observed = sender.borrow().clone();
                self.finish(key, &observed);
            }
            Some(_) => {}
            None => self.forget(&key.uid),
        }
        while self.running.len() < self.max_pods {
            let Some(next) = self.queue.pop_front() else {
                break;
            };
            if matches!(self.entries.get(&next.uid), Some(Entry::Queued)) {
                self.start(next, Observed::default());
            }
        }
    }

    /// A Pod without processes: if it waits for its deletion, it can go.
    fn finish(&mut self, key: PodKey, observed: &Observed) {
        self.entries.insert(key.uid.clone(), Entry::Done);
        if observed.deleting.is_some_and(|grace| !grace.is_zero()) {
            let context = self.context.clone();
            self.chore(async move { context.api.delete(&key).await });
        }
    }

    /// A Pod whose object is gone.
    fn forget(&mut self, uid: &str) {
        let known = self.entries.remove(uid);
        if matches!(known, Some(Entry::Done)) {
            let (context, uid) = (self.context.clone(), uid.to_owned());
            self.chore(async move {
                let forget = move || context.logs.forget(&context.log_folder, &uid);
                let _ = tokio::task::spawn_blocking(forget).await;
            });
        }
    }

    fn write(&mut self, key: PodKey, status: Value) {
        let context = self.context.clone();
        self.chore(async move { context.api.write_status(&key, &status).await });
    }

    fn chore(&mut self, chore: impl Future<Output = ()> + Send + 'static) {
        let permits = self.chore_permits.clone();
        self.chores.spawn(async move {
            let _permit = permits.acquire().await;
            chore.await;
        });
    }
}

fn key(pod: &DynamicObject) -> Option<PodKey> {
    Some(PodKey {
        namespace: pod.metadata.namespace.clone()?,
        name: pod.metadata.name.clone()?,
        uid: pod.metadata.uid.clone()?,
    })
}

fn observed(pod: &DynamicObject) -> Observed {
    let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or(0);
    let is_foreign = |condition: &&Value| {
        let kind = condition["type"].as_str().unwrap_or_default();
        !OWN_CONDITIONS.contains(&kind)
    };
    let conditions = pod.data.pointer("/status/conditions");
    let conditions = conditions.and_then(Value::as_array).into_iter().flatten();
    Observed {
        deleting: pod
            .metadata
            .deletion_timestamp
            .is_some()
            .then(|| SignedDuration::from_secs(grace.max(0))),
        foreign: conditions.filter(is_foreign).cloned().collect(),
    }
}
