//! `wait`: says nothing until all members of a group have ended, then how.

use super::show::ShowArgs;
use super::target::TargetArgs;
use super::ttl::TtlArgs;
use super::watch::{Attach, attach};
use super::{CliResult, Global};

/// Wait until all members of a group have ended, and say how
///
/// Unlike `kubectl wait --for=condition=complete`, it also returns when Jobs fail or are deleted. A selector that matches
/// nothing ends it at once, with exit code 4.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    show: ShowArgs,
    #[command(flatten)]
    ttl: TtlArgs,
}

/// Waits.
pub(super) fn wait(args: &Args, global: &Global) -> CliResult {
    attach(&args.attach(), global)
}

impl Args {
    pub(super) fn attach(&self) -> Attach<'_> {
        Attach {
            target: &self.target,
            show: &self.show,
            ttl: self.ttl,
            progress: self.show.quiet_progress(),
            must_exist: true,
        }
    }
}
