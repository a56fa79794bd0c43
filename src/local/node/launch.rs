//! One try of one container, from its recipe to its end.

#![expect(
    clippy::disallowed_methods,
    reason = "a container's end bears the time at which it was seen"
)]

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use tokio::process::Child;
use tokio::sync::mpsc;

use super::container::Terminated;
use super::context::Context;
use super::environment;
use super::plan::PodPlan;
use super::process;
use super::recipe::{Fault, Recipe, recipe};
use super::run::Input;
use super::system::{self, Signal};
use super::volumes;
use crate::local::logs::{LogWriter, TryKey};

/// How long output may still come after the container's process has ended. What was started in it and left its process
/// group may hold the pipes open for ever.
const DRAIN: Duration = Duration::from_secs(1);

/// A container to start.
pub(super) struct Launch {
    pub(super) context: Arc<Context>,
    pub(super) plan: Arc<PodPlan>,
    pub(super) container: usize,
    pub(super) attempt: i32,
    pub(super) events: mpsc::Sender<Input>,
}

impl Launch {
    /// Starts the container, tells `events` so, waits for its end, and tells that.
    pub(super) async fn run(self) {
        let container = self.container;
        let last = match self.start().await {
            Ok((child, log)) => self.follow(child, log).await,
            Err(Fault::Missing(message)) => Input::NotConfigured { container, message },
            Err(Fault::Cannot(reason, message)) => {
                let end = never_ran(reason, message, Timestamp::now());
                Input::Ended { container, end }
            }
        };
        // Whoever stopped listening has no use for the end.
        let _ = self.events.send(last).await;
    }

    async fn start(&self) -> Result<(Child, LogWriter), Fault> {
        let recipe = self.recipe().await?;
        let permit = self.context.starts.acquire().await;
        let (context, plan, index) = (self.context.clone(), self.plan.clone(), self.container);
        let number = self.attempt;
        let started = tokio::task::spawn_blocking(move || {
            let key = TryKey {
                pod_uid: &plan.uid,
                container: &plan.containers[index].spec.name,
                number,
            };
            let log = context
                .logs
                .create(&context.log_folder, key)
                .map_err(|error| {
                    Fault::Cannot(
                        "StartError",
                        format!("the log file cannot be made: {error}"),
                    )
                })?;
            let child = process::start(&recipe)?;
            child.id().inspect(|group| context.guard.add(*group));
            Ok((child, log))
        });
        let result = started.await;
        drop(permit);
        result.unwrap_or_else(|error| Err(Fault::Cannot("StartError", error.to_string())))
    }

    async fn recipe(&self) -> Result<Recipe, Fault> {
        let spec = &self.plan.containers[self.container].spec;
        let mut needed = environment::sources_needed(spec);
        needed.append(&mut volumes::sources_needed(&self.plan, spec));
        let sources = self.context.api.read(&self.plan.namespace, needed).await;
        let sources = sources.map_err(|error| Fault::Missing(error.to_string()))?;
        recipe(&self.plan, spec, &sources, &self.context.base)
    }

    async fn follow(&self, mut child: Child, mut log: LogWriter) -> Input {
        let (container, pid) = (self.container, child.id().unwrap_or_default());
        let since = Timestamp::now();
        let _ = self.events.send(Input::Started { container, pid }).await;
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let stderr = child.stderr.take().expect("standard error is a pipe");
        let (ended, draining) = {
            let mut pumping = Box::pin(log.pump(stdout, stderr).fuse());
            let ended = tokio::select! {
                status = child.wait() => status,
                () = &mut pumping => child.wait().await,
            };
            let finished = Timestamp::now();
            // As in a container, where the end of the first process is the end of all.
            system::signal_group(pid, Signal::Kill);
            self.context.guard.remove(pid);
            (
                (ended, finished),
                tokio::time::timeout(DRAIN, pumping).await,
            )
        };
        drop((draining, log));
        let end = terminated(ended.0, pid, since, ended.1);
        Input::Ended { container, end }
    }
}

fn terminated(
    status: std::io::Result<std::process::ExitStatus>,
    pid: u32,
    started: Timestamp,
    finished: Timestamp,
) -> Terminated {
    let (exit_code, signal, message) = match status {
        Ok(status) => {
            let (code, signal) = system::exit_of(status);
            (code, signal, None)
        }
        Err(error) => (
            255,
            None,
            Some(format!("the process cannot be waited for: {error}")),
        ),
    };
    Terminated {
        exit_code,
        signal,
        reason: if exit_code == 0 { "Completed" } else { "Error" },
        message,
        started,
        finished,
        pid: Some(pid),
    }
}

/// The end of a container that could not be started, with the exit code that container runtimes give it.
fn never_ran(reason: &'static str, message: String, now: Timestamp) -> Terminated {
    Terminated {
        exit_code: 128,
        signal: None,
        reason,
        message: Some(message),
        started: now,
        finished: now,
        pid: None,
    }
}
