//! The runtime of a command, and the cluster it talks to: a real one, or the embedded one.

use kube::Client;
use tokio::runtime::Builder;

use super::{CliResult, Failure, Global};
use crate::cluster::warnings::Warnings;
#[cfg(unix)]
use crate::controller::Owner;
use crate::local::cluster::{Cluster, NAMESPACE};

/// Runs a command's asynchronous part on this thread: a client waits more than it works, and each switch of threads costs more than
/// most of what it does.
pub(super) fn block_on<T>(work: impl Future<Output = CliResult<T>>) -> CliResult<T> {
    block_on_runtime(Builder::new_current_thread(), work)
}

/// Runs a command's asynchronous part beside a cluster or a controller, which a terminal that stands still must not stop.
pub(super) fn block_on_threads<T>(work: impl Future<Output = CliResult<T>>) -> CliResult<T> {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2);
    block_on_runtime(builder, work)
}

fn block_on_runtime<T>(
    mut builder: Builder,
    work: impl Future<Output = CliResult<T>>,
) -> CliResult<T> {
    let runtime = builder.enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::tool(format!("cannot start the runtime: {error}")))?;
    let result = runtime.block_on(work);
    // A thread that reads from a terminal must not hold the command back.
    runtime.shutdown_background();
    result
}

/// The cluster that a command talks to.
pub(super) struct Session {
    /// Talks to it.
    pub(super) client: Client,
    /// The namespace that commands use.
    pub(super) namespace: String,
    /// What people call the place: the namespace, or `local`.
    pub(super) place: String,
    /// What the server warns of.
    pub(super) warnings: Warnings,
    #[cfg(unix)]
    local: Option<Cluster>,
}

impl Session {
    /// Connects to a cluster as kubectl would.
    pub(super) async fn connect(global: &Global) -> CliResult<Self> {
        let connected = global.connection.connect().await?;
        Ok(Self {
            client: connected.client,
            place: connected.namespace.clone(),
            namespace: connected.namespace,
            warnings: connected.warnings,
            #[cfg(unix)]
            local: None,
        })
    }

    /// Over a client that is there.
    #[cfg(all(test, unix))]
    pub(super) fn over(client: Client) -> Self {
        Self {
            client,
            namespace: NAMESPACE.into(),
            place: NAMESPACE.into(),
            warnings: Warnings::default(),
            local: None,
        }
    }

    /// Starts the embedded cluster.
    #[cfg(unix)]
    pub(super) async fn local(global: &Global) -> CliResult<Self> {
        let cluster = Cluster::start(Owner::Everything).await?;
        let namespace = global.connection.namespace.as_deref().unwrap_or(NAMESPACE);
        if namespace != NAMESPACE {
            cluster.add_namespace(namespace).await?;
        }
        Ok(Self {
            client: cluster.client(),
            place: "local".into(),
            namespace: namespace.to_owned(),
            warnings: Warnings::default(),
            local: Some(cluster),
        })
    }

    /// The embedded cluster needs process groups.
    #[cfg(not(unix))]
    pub(super) async fn local(_: &Global) -> CliResult<Self> {
        Err(Failure::tool(
            "--local runs on Linux and macOS only, for now",
        ))
    }

    /// Whether the cluster lives in this process.
    pub(super) fn is_local(&self) -> bool {
        #[cfg(unix)]
        return self.local.is_some();
        #[cfg(not(unix))]
        false
    }

    /// Says what the server has warned of since.
    pub(super) fn say_warnings(&self) {
        for warning in self.warnings.take() {
            super::screen::say(&format!("Warning: {warning}"));
        }
    }

    /// Ends the embedded cluster with all its processes.
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there is nothing to end"))]
    pub(super) async fn close(mut self) {
        #[cfg(unix)]
        if let Some(cluster) = self.local.take() {
            cluster.shutdown().await;
        }
    }
}

/// No warning is lost with the command that it came for.
impl Drop for Session {
    fn drop(&mut self) {
        self.say_warnings();
    }
}
