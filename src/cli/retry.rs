//! `retry`: deletes the Jobs of members that failed, and creates them again as the next attempt.

use std::cell::Cell;

use futures::stream::{self, StreamExt};
use kube::Client;
use serde_json::Value;

use super::choice::{ChoiceArgs, Found};
use super::dry_run::{DryRun, DryRunArgs};
use super::print::print;
use super::screen::say;
use super::session::block_on;
use super::target::namespace_flag;
use super::{CliResult, Failure, Global};
use crate::cluster::problem::Problem;
use crate::cluster::replace::recreate;
use crate::group::{Phase, Place};
use crate::manifest::again::next_attempt;
use crate::terminal::Signals;

/// Members that are recreated at a time.
const AT_ONCE: usize = 16;

/// Delete the Jobs of members that failed, and create them again
///
/// Only members whose Job is still there can be retried; each gets the annotation kubectl-batch/attempt with the next number.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) choice: ChoiceArgs,
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
    block_on(async { retry_found(args, global, args.choice.find(global).await?).await })
}

/// Retries members of a group that was looked at.
pub(super) async fn retry_found(args: &Args, global: &Global, found: Found) -> CliResult {
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
}

/// Recreates Jobs; the first error or signal begins no further one, and what is under way is finished: a Job that was deleted
/// exists nowhere else.
async fn again(client: &Client, jobs: Vec<&Value>, dry_run: DryRun) -> CliResult<usize> {
    let mut signals =
        Signals::new().map_err(|error| Failure::tool(format!("cannot take signals: {error}")))?;
    let stop = Cell::new(false);
    let mut results = stream::iter(jobs)
        .take_while(|_| std::future::ready(!stop.get()))
        .map(|job| async move {
            if dry_run == DryRun::None {
                recreate(client, job, &next_attempt(job)).await?;
            }
            Ok::<_, Problem>(job)
        })
        .buffer_unordered(AT_ONCE);
    let (mut count, mut failure) = (0, None);
    loop {
        let next = tokio::select! {
            biased;
            next = results.next() => next,
            () = signals.next() => {
                stop.set(true);
                failure.get_or_insert(Failure::interrupted("no further members are retried"));
                continue;
            }
        };
        match next {
            None => return failure.map_or(Ok(count), Err),
            Some(Ok(job)) => {
                let name = Place::of(job).map(|place| place.name).unwrap_or_default();
                count += 1;
                if let Err(gone) = print(&format!("job.batch/{name} retried{}", dry_run.suffix())) {
                    stop.set(true);
                    failure.get_or_insert(gone);
                }
            }
            Some(Err(problem)) => {
                stop.set(true);
                failure.get_or_insert(problem.into());
            }
        }
    }
}
