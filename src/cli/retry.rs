//! `retry`: deletes the Jobs of members that failed, and creates them again as the next attempt.

use futures::stream::{self, StreamExt};
use kube::Client;
use serde_json::Value;

use super::choice::ChoiceArgs;
use super::dry_run::{DryRun, DryRunArgs};
use super::print::print;
use super::screen::say;
use super::session::block_on;
use super::target::namespace_flag;
use super::{CliResult, Failure, Global};
use crate::cluster::act::recreate;
use crate::group::{Phase, Place};
use crate::manifest::again::next_attempt;

/// Members that are recreated at a time.
const AT_ONCE: usize = 16;

/// Delete the Jobs of members that failed, and create them again
///
/// Only members whose Job is still there can be retried; each gets the annotation kubectl-batch/attempt with the next number.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    choice: ChoiceArgs,
    /// Only members that failed for this cause, such as `exit 2`, as `status` and `watch` name it
    #[arg(long, value_name = "CAUSE")]
    cause: Option<String>,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// Retries.
pub(super) fn retry(args: &Args, global: &Global) -> CliResult {
    if args.dry_run.mode == DryRun::Server {
        return Err(Failure::usage(
            "--dry-run=server: a Job that is there cannot be created again without deleting it",
        ));
    }
    block_on(async {
        let found = args.choice.find(global).await?;
        let wanted = |place: &Place| {
            found.group.member(place).is_some_and(|member| {
                let cause = args
                    .cause
                    .as_deref()
                    .is_none_or(|cause| member.cause() == Some(cause));
                member.state.phase == Phase::Failed && args.choice.names(member) && cause
            })
        };
        let jobs: Vec<&Value> = found
            .jobs
            .iter()
            .filter(|job| Place::of(job).is_some_and(|place| wanted(&place)))
            .collect();
        if jobs.is_empty() {
            return Err(Failure::nothing(format!(
                "no member of {} that failed matches",
                found.target.title
            )));
        }
        let count = again(&found.session.client, jobs, args.dry_run.mode).await?;
        say(&format!(
            "{}: {count} retried{}",
            found.target.title,
            args.dry_run.mode.suffix()
        ));
        say(&format!(
            "to watch: kubectl batch watch {}{}",
            namespace_flag(global),
            found.target.flags
        ));
        Ok(0)
    })
}

async fn again(client: &Client, jobs: Vec<&Value>, dry_run: DryRun) -> CliResult<usize> {
    let mut results = stream::iter(jobs)
        .map(|job| async move {
            if dry_run == DryRun::None {
                recreate(client, job, &next_attempt(job)).await?;
            }
            Ok::<_, Failure>(job)
        })
        .buffer_unordered(AT_ONCE);
    let mut count = 0;
    while let Some(job) = results.next().await {
        let name = Place::of(job?).map(|place| place.name).unwrap_or_default();
        print(&format!("job.batch/{name} retried{}", dry_run.suffix()))?;
        count += 1;
    }
    Ok(count)
}
