//! The process node: scheduler and kubelet of the one node `local`, as a client of the API.
//!
//! Each container's command runs as a real process: the leader of its own process group, in its own scratch folder, with
//! a clean environment. There is no isolation from the machine: no images, no network or file system of its own, no limits
//! on memory or CPU, no probes. What a Pod's rules decide is in `run`, a machine without effects; the rest performs it.

mod api;
mod backoff;
mod container;
mod context;
mod dispatch;
mod environment;
mod expansion;
mod guard;
mod launch;
mod plan;
mod process;
mod recipe;
mod run;
mod status;
mod system;
mod volumes;
mod worker;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

pub use guard::{GUARD_ARGUMENT, guard_main};
pub use system::MARKER_VARIABLE;

use crate::local::logs::LogRegistry;
use api::NodeApi;
use context::{Context, STARTS_MAX};
use dispatch::Dispatcher;
use guard::Guard;
use recipe::Base;

/// How many Pods run at a time unless told otherwise; the kubelet's number.
pub const DEFAULT_MAX_PODS: usize = 110;
/// Where programs are looked for if the tool itself has no `PATH`.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How to run a node.
#[derive(Clone, Debug)]
pub struct Options {
    /// A folder of its own for scratch folders and logs; whoever made it removes it.
    pub root: PathBuf,
    /// What every process bears in its environment, unique to this node; usually a UUID.
    pub marker: String,
    /// How many Pods run at a time; further ones wait `Pending`.
    pub max_pods: usize,
    /// Where the logs of its containers are found; the API reads them from a clone.
    pub logs: LogRegistry,
    /// The command that runs [`guard_main`]. `None`: this executable with [`GUARD_ARGUMENT`].
    pub guard: Option<Vec<OsString>>,
}

impl Options {
    /// The defaults, for a folder and a marker.
    pub fn new(root: impl Into<PathBuf>, marker: impl Into<String>) -> Self {
        Self {
            root: root.into(),
            marker: marker.into(),
            max_pods: DEFAULT_MAX_PODS,
            logs: LogRegistry::default(),
            guard: None,
        }
    }
}

/// A running node. Dropped without [`Node::shutdown`], it leaves the ending of its processes to the guard.
pub struct Node {
    context: Arc<Context>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Node {
    /// Starts the node's guard and begins to serve the Pods that `client` sees.
    pub async fn start(client: kube::Client, options: Options) -> anyhow::Result<Self> {
        let context = tokio::task::spawn_blocking(move || context(client, options)).await??;
        let (context, max_pods) = context;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(Dispatcher::new(context.clone(), max_pods).run(stopped));
        Ok(Self {
            context,
            stop,
            task,
        })
    }

    /// The logs of the node's containers.
    pub fn logs(&self) -> LogRegistry {
        self.context.logs.clone()
    }

    /// Ends every process: TERM, after two seconds KILL, and waits until all are gone. Writes no more statuses.
    pub async fn shutdown(self) {
        // A node whose loop has ended already needs no word.
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the node's loop failed");
        }
        let closed = tokio::task::spawn_blocking(move || self.context.guard.close()).await;
        if let Err(error) = closed {
            tracing::error!(%error, "the guard cannot be waited for");
        }
    }
}

/// This program, even if its file was replaced since it started, as an update does.
fn own_program() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("the path of this program is unknown")?;
    let running = PathBuf::from("/proc/self/exe");
    Ok(if !own.exists() && running.exists() {
        running
    } else {
        own
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "makes the node's folders, and reads PATH and the markers around this process"
)]
fn context(client: kube::Client, options: Options) -> anyhow::Result<(Arc<Context>, usize)> {
    let (pods, log_folder) = (options.root.join("pods"), options.root.join("logs"));
    for folder in [&pods, &log_folder] {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    }
    let command = if let Some(command) = options.guard {
        command
    } else {
        vec![own_program()?.into(), GUARD_ARGUMENT.into()]
    };
    let guard = Guard::start(&command, &options.marker).with_context(|| {
        format!(
            "the guard process {} cannot be started",
            command[0].display()
        )
    })?;
    let around = std::env::var(MARKER_VARIABLE).ok();
    let base = Base {
        pods: std::path::absolute(pods)?,
        path: std::env::var("PATH").unwrap_or_else(|_| DEFAULT_PATH.to_owned()),
        marker: around
            .into_iter()
            .chain([options.marker])
            .collect::<Vec<_>>()
            .join(","),
    };
    let context = Context {
        api: NodeApi::new(client),
        logs: options.logs,
        log_folder,
        base,
        guard,
        starts: Semaphore::new(STARTS_MAX),
    };
    Ok((Arc::new(context), options.max_pods))
}

#[cfg(test)]
mod tests;
