//! One Pod on the node: performs what its machine decides.

#![expect(
    clippy::disallowed_methods,
    reason = "the machine is told the time here"
)]

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::api::{PodKey, failed_status};
use super::container::State;
use super::context::Context;
use super::launch::Launch;
use super::plan::PodPlan;
use super::process;
use super::recipe::pod_folder;
use super::run::{Effect, Input, PodRun};
use super::system::{self, Signal};

/// Messages of containers that wait for their Pod; each container has at most two on the way.
const EVENTS_MAX: usize = 16;

/// What is seen of a Pod from outside while it runs. When its sender is dropped, the Pod is gone or the node stops.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Observed {
    /// The time between TERM and KILL, once the Pod is being deleted.
    pub(super) deleting: Option<SignedDuration>,
    /// Conditions of the Pod that are not the node's.
    pub(super) foreign: Vec<Value>,
}

/// How a Pod left the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// Its object was deleted as the last act.
    pub(super) deleted: bool,
}

type Writing = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Worker {
    context: Arc<Context>,
    key: PodKey,
    run: PodRun,
    containers: JoinSet<()>,
    events: mpsc::Sender<Input>,
    /// The status to write once the write under way has ended; a newer one takes its place.
    status: Option<Value>,
    writing: Option<Writing>,
    wake: Option<Timestamp>,
    delete: bool,
    done: bool,
}

/// Runs a Pod to its end.
pub(super) async fn run(
    context: Arc<Context>,
    key: PodKey,
    observed: watch::Receiver<Observed>,
) -> Left {
    let Some(pod) = context.api.bind(&key).await else {
        return Left { deleted: false };
    };
    let plan = match PodPlan::read(&pod) {
        Ok(plan) => plan,
        Err(error) => {
            let status = failed_status("InvalidPod", &error.to_string());
            context.api.write_status(&key, &status).await;
            return Left { deleted: false };
        }
    };
    let folder = pod_folder(&context.base.pods, &plan.uid);
    let (events, inbox) = mpsc::channel(EVENTS_MAX);
    let worker = Worker {
        run: PodRun::new(Arc::new(plan), Timestamp::now()),
        context,
        key,
        containers: JoinSet::new(),
        events,
        status: None,
        writing: None,
        wake: None,
        delete: false,
        done: false,
    };
    let left = worker.drive(inbox, observed).await;
    let removed = tokio::task::spawn_blocking(move || process::remove(&folder)).await;
    if let Ok(Err(error)) = removed {
        tracing::debug!(%error, "a Pod's scratch folder cannot be removed");
    }
    left
}

impl Worker {
    async fn drive(
        mut self,
        mut inbox: mpsc::Receiver<Input>,
        mut observed: watch::Receiver<Observed>,
    ) -> Left {
        let mut watched = observed.has_changed().is_ok();
        let deleting = observed.borrow_and_update().deleting;
        self.observe(watched, deleting);
        self.step(Input::Tick);
        while !self.is_over() {
            self.write_next(&observed);
            tokio::select! {
                Some(input) = inbox.recv() => self.step(input),
                changed = observed.changed(), if watched => {
                    watched = changed.is_ok();
                    let deleting = observed.borrow_and_update().deleting;
                    self.observe(watched, deleting);
                }
                () = until(self.wake) => {
                    self.wake = None;
                    self.step(Input::Tick);
                }
                () = finished(&mut self.writing) => self.writing = None,
            }
        }
        if self.delete {
            self.context.api.delete(&self.key).await;
        }
        while self.containers.join_next().await.is_some() {}
        Left {
            deleted: self.delete,
        }
    }

    fn is_over(&self) -> bool {
        self.done && self.status.is_none() && self.writing.is_none()
    }

    fn observe(&mut self, watched: bool, deleting: Option<SignedDuration>) {
        if !watched {
            (self.status, self.writing, self.delete) = (None, None, false);
            self.step(Input::Gone);
        } else if let Some(grace) = deleting {
            self.step(Input::Delete { grace });
        }
    }

    fn write_next(&mut self, observed: &watch::Receiver<Observed>) {
        if self.writing.is_some() {
            return;
        }
        let Some(mut status) = self.status.take() else {
            return;
        };
        if let Some(conditions) = status["conditions"].as_array_mut() {
            conditions.extend(observed.borrow().foreign.iter().cloned());
        }
        let (context, key) = (self.context.clone(), self.key.clone());
        self.writing = Some(Box::pin(async move {
            context.api.write_status(&key, &status).await;
        }));
    }

    fn step(&mut self, input: Input) {
        for effect in self.run.handle(Timestamp::now(), input) {
            match effect {
                Effect::Start { container, attempt } => self.launch(container, attempt),
                Effect::Signal { container, kill } => self.signal(container, kill),
                Effect::WriteStatus(status) => self.status = Some(status),
                Effect::WakeAt(time) => self.wake = Some(time),
                Effect::Delete => self.delete = true,
                Effect::Done => self.done = true,
            }
        }
    }

    fn launch(&mut self, container: usize, attempt: i32) {
        let launch = Launch {
            context: self.context.clone(),
            plan: self.run.plan.clone(),
            container,
            attempt,
            events: self.events.clone(),
        };
        self.containers.spawn(launch.run());
    }

    fn signal(&self, container: usize, kill: bool) {
        if let State::Running { pid, .. } = self.run.containers[container].state {
            let signal = if kill { Signal::Kill } else { Signal::Term };
            system::signal_group(pid, signal);
        }
    }
}

/// Sleeps until `time`; without one, for ever.
async fn until(time: Option<Timestamp>) {
    match time {
        Some(time) => {
            let left = time.duration_since(Timestamp::now());
            tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
        }
        None => std::future::pending().await,
    }
}

/// Waits for a write; without one, for ever.
async fn finished(writing: &mut Option<Writing>) {
    match writing {
        Some(writing) => writing.await,
        None => std::future::pending().await,
    }
}
