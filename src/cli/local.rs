//! `local up`: the embedded cluster, served to kubectl and to other commands until it is interrupted.

#![expect(
    clippy::disallowed_methods,
    reason = "the kubeconfig is written here, and the token made"
)]

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::screen::say;
use super::session::block_on_threads;
use super::{CliResult, Failure};
use crate::controller::Owner;
use crate::local::cluster::Cluster;
use crate::local::serve::Server;
use crate::terminal::Signals;

/// The embedded cluster, served to kubectl on 127.0.0.1
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// Start it, and serve it until Ctrl-C; its Jobs run as processes of this machine
    Up(Up),
}

#[derive(Clone, Debug, clap::Args)]
struct Up {
    /// The port of 127.0.0.1; 0 is any that is free
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    /// Where the kubeconfig is written, for you only
    #[arg(
        long,
        value_name = "FILE",
        default_value = "kubectl-batch-local.kubeconfig"
    )]
    write_kubeconfig: PathBuf,
}

/// Starts and serves.
pub(super) fn local(args: &Args) -> CliResult {
    let Command::Up(up) = &args.command;
    block_on_threads(async {
        let signals = Signals::new();
        let mut signals =
            signals.map_err(|error| Failure::tool(format!("cannot take signals: {error}")))?;
        let token = uuid::Uuid::new_v4().simple().to_string();
        let server = Server::bind(up.port, &token).await?;
        let path = std::path::absolute(&up.write_kubeconfig).map_err(Failure::tool)?;
        write_private(&path, &format!("{:#}\n", server.kubeconfig()))?;
        let cluster = Cluster::start(Owner::Unmanaged).await?;
        say(&format!(
            "the local cluster is up on {}; Ctrl-C ends it\nexport KUBECONFIG={}",
            server.address(),
            path.display()
        ));
        tokio::select! {
            () = server.serve(cluster.api()) => {}
            () = signals.next() => {}
        }
        cluster.shutdown().await;
        // Somebody may have removed it already.
        let _ = std::fs::remove_file(&path);
        say("the local cluster and its processes have ended");
        Ok(0)
    })
}

/// Writes a file that nobody else can read; one that is there is not replaced, since it may be somebody's only kubeconfig.
fn write_private(path: &Path, text: &str) -> CliResult<()> {
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let mut file = file.map_err(|error| {
        Failure::usage(format!(
            "{}: the kubeconfig cannot be written: {error}\nhint: --write-kubeconfig FILE names another place",
            path.display()
        ))
    })?;
    file.write_all(text.as_bytes()).map_err(Failure::tool)
}
