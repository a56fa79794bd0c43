//! `delete`: deletes a group's Jobs and, through the cluster's garbage collector, their Pods.

use kube::Client;
use serde_json::Value;

use super::choice::no_job;
use super::dry_run::{DryRun, DryRunArgs};
use super::print::print;
use super::session::{Session, block_on};
use super::target::{Target, TargetArgs};
use super::{CliResult, Global};
use crate::cluster::act::{delete_jobs, list};
use crate::cluster::record;
use crate::cluster::rest::JOBS;

/// Delete a group's Jobs, their Pods, and the group's record
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
        let is_group = target.group_of().is_some();
        let client = &session.client;
        // Whoever may not see records has none to delete.
        let heads = if is_group {
            let heads = record::list_heads(client, namespace, &target.selector).await;
            heads.unwrap_or_default()
        } else {
            Vec::new()
        };
        if jobs.is_empty() && heads.is_empty() && !args.ignore_not_found {
            return Err(no_job(&target));
        }
        let all = jobs
            .iter()
            .filter_map(|job| job.pointer("/metadata/name")?.as_str());
        let names: Vec<String> = all.map(str::to_owned).collect();
        let (deleted, error) = match args.dry_run.mode {
            DryRun::Client => (names, None),
            dry_run => delete_jobs(client, jobs, dry_run == DryRun::Server).await,
        };
        for name in &deleted {
            print(&format!(
                "job.batch \"{name}\" deleted{}",
                args.dry_run.mode.suffix()
            ))?;
        }
        if error.is_none() && is_group {
            delete_records(client, namespace, &target, heads, args.dry_run.mode).await?;
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

/// Deletes the group's record, after its Jobs: it is all that is left to try again with.
async fn delete_records(
    client: &Client,
    namespace: Option<&str>,
    target: &Target,
    heads: Vec<Value>,
    dry_run: DryRun,
) -> CliResult<()> {
    let names = if heads.is_empty() || dry_run == DryRun::Client {
        let name = |head: &Value| Some(head.pointer("/metadata/name")?.as_str()?.to_owned());
        heads.iter().filter_map(name).collect()
    } else {
        let is_dry_run = dry_run == DryRun::Server;
        record::delete(client, namespace, &target.selector, is_dry_run).await?
    };
    for name in names {
        print(&format!("configmap \"{name}\" deleted{}", dry_run.suffix()))?;
    }
    Ok(())
}
