//! `delete`: deletes a group's Jobs and, through the cluster's garbage collector, their Pods.

use super::dry_run::{DryRun, DryRunArgs};
use super::print::print;
use super::session::{Session, block_on};
use super::target::TargetArgs;
use super::{CliResult, Failure, Global};
use crate::cluster::act::{delete_jobs, list};
use crate::cluster::rest::JOBS;

/// Delete a group's Jobs and their Pods
///
/// What is no Job (a ConfigMap that the template made, say) stays: kubectl delete -l jobgroup=NAME deletes it.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    dry_run: DryRunArgs,
    /// A selector that matches nothing is fine
    #[arg(long)]
    ignore_not_found: bool,
}

/// Deletes.
pub(super) fn delete(args: &Args, global: &Global) -> CliResult {
    let target = args.target.required()?;
    block_on(async {
        let session = Session::connect(global).await?;
        let namespace = args.target.namespace(&session.namespace);
        let jobs = list(&session.client, JOBS, namespace, &target.selector).await?;
        if jobs.is_empty() && !args.ignore_not_found {
            return Err(Failure::nothing(format!(
                "no Job matches {}",
                target.selector
            )));
        }
        let all = jobs
            .iter()
            .filter_map(|job| job.pointer("/metadata/name")?.as_str());
        let names: Vec<String> = all.map(str::to_owned).collect();
        let (deleted, error) = match args.dry_run.mode {
            DryRun::Client => (names, None),
            dry_run => delete_jobs(&session.client, jobs, dry_run == DryRun::Server).await,
        };
        for name in &deleted {
            print(&format!(
                "job.batch \"{name}\" deleted{}",
                args.dry_run.mode.suffix()
            ))?;
        }
        super::screen::say(&format!(
            "{}: {} deleted{}",
            target.title,
            deleted.len(),
            args.dry_run.mode.suffix()
        ));
        error.map_or(Ok(0), |error| Err(error.into()))
    })
}
