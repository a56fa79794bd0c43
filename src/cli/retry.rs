//! `retry`: deletes the Jobs of members that failed, and creates them again as the next attempt.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt};
use serde_json::Value;

use super::choice::{ChoiceArgs, Found};
use super::dry_run::{DryRun, DryRunArgs};
use super::print::print;
use super::record::expand;
use super::screen::{say, warn};
use super::session::block_on;
use super::target::namespace_flag;
use super::{CliResult, Failure, Global};
use crate::cluster::act::recreate;
use crate::cluster::gate::Gate;
use crate::cluster::record::{StoreError, Stored};
use crate::cluster::submit::{Event, Options, Outcome, Prepared, submit};
use crate::group::record::{Attempt, Record, Row};
use crate::group::{Member, Phase, Place};
use crate::manifest::again::{next_attempt, number};
use crate::template::is_member;

/// Members that are recreated at a time.
const AT_ONCE: usize = 16;

/// Delete the Jobs of members that failed, and create them again
///
/// A member whose Job is gone is created from the group's record, so that no template is needed. Each Job gets the annotation
/// kubectl-batch/attempt with the next number, and the record keeps how the earlier ones ended.
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
        let found = args.choice.look(global).await?;
        let wanted: Vec<&Member> = args.wanted(&found);
        if wanted.is_empty() {
            return Err(Failure::nothing(format!(
                "no member of {} that failed matches",
                found.target.title
            )));
        }
        let done = if args.dry_run.mode == DryRun::None {
            again(&found, &wanted).await?
        } else {
            for member in &wanted {
                said(&member.place, args.dry_run.mode)?;
            }
            wanted.len()
        };
        say(&format!(
            "{}: {done} retried{}",
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

impl Args {
    /// The members that failed; one whose end nobody saw only if it is named.
    fn wanted<'a>(&self, found: &'a Found) -> Vec<&'a Member> {
        let is_wanted = |member: &&Member| {
            let has_cause = self
                .cause
                .as_deref()
                .is_none_or(|cause| member.cause() == Some(cause));
            let phase = member.state.phase;
            let named_gone = phase == Phase::Gone && !self.choice.items.is_empty();
            (phase == Phase::Failed || named_gone) && self.choice.names(member) && has_cause
        };
        found.group.members().iter().filter(is_wanted).collect()
    }
}

/// Retries those that have a Job and those that have none any more; gives their number.
async fn again(found: &Found, wanted: &[&Member]) -> CliResult<usize> {
    let jobs: BTreeMap<Place, &Value> = found
        .jobs
        .iter()
        .filter_map(|job| Some((Place::of(job)?, job)))
        .collect();
    let (there, gone): (Vec<&Member>, Vec<&Member>) = wanted
        .iter()
        .partition(|member| jobs.contains_key(&member.place));
    let rows = rows(found, &gone)?;
    // What is deleted is recorded first.
    let seen: Vec<_> = found.group.members().iter().filter_map(attempt).collect();
    learn(found, &seen).await;
    let there = there.iter().map(|member| jobs[&member.place]).collect();
    let mut created = replace(found, there).await?;
    for (stored, rows) in found.records.iter().zip(rows) {
        created.extend(create(found, &stored.record, rows).await?);
    }
    learn(found, &created).await;
    Ok(created.len())
}

fn attempt(member: &Member) -> Option<(Place, Attempt)> {
    Some((member.place.clone(), member.attempt()?))
}

/// The rows of members whose Jobs are gone, for each record; one that no record has cannot be retried.
fn rows<'a>(found: &'a Found, gone: &[&Member]) -> CliResult<Vec<Vec<&'a Row>>> {
    let row = |stored: &'a Stored| {
        let rows = stored.record.rows();
        let rows = gone
            .iter()
            .filter_map(|member| rows.get(&member.place).copied());
        rows.map(|row| &stored.record.members[row])
            .collect::<Vec<_>>()
    };
    let rows: Vec<Vec<&Row>> = found.records.iter().map(row).collect();
    if rows.iter().map(Vec::len).sum::<usize>() < gone.len() {
        return Err(Failure::nothing(
            "the Job of a member is gone, and no record knows how to create it again",
        ));
    }
    Ok(rows)
}

/// Writes into the records what is known now; a retry does not fail because that cannot be kept.
async fn learn(found: &Found, seen: &[(Place, Attempt)]) {
    for stored in &found.records {
        let change = |old: Option<Record>| {
            let mut record = old?;
            record.learn(seen).then_some(record)
        };
        match stored.store.update(None, change).await {
            Ok(_) => {}
            Err(StoreError::Forbidden(problem)) => {
                warn(&format!(
                    "the group's record does not learn of this: {problem}"
                ));
            }
            Err(error) => tracing::debug!(%error, "the record was not written"),
        }
    }
}

/// Deletes Jobs and creates them again.
async fn replace(found: &Found, jobs: Vec<&Value>) -> CliResult<Vec<(Place, Attempt)>> {
    let client = &found.session.client;
    let mut results = stream::iter(jobs)
        .map(|job| async move {
            let next = next_attempt(job);
            let created = recreate(client, job, &next).await?;
            Ok::<_, Failure>(created)
        })
        .buffer_unordered(AT_ONCE);
    let mut done = Vec::new();
    while let Some(created) = results.next().await {
        let created = created?;
        let Some(place) = Place::of(&created) else {
            continue;
        };
        said(&place, DryRun::None)?;
        let text = |pointer: &str| created.pointer(pointer).and_then(Value::as_str);
        let number = text("/metadata/annotations/kubectl-batch~1attempt");
        let number = number.and_then(|number| number.parse().ok()).unwrap_or(2);
        done.push((place, Attempt::created(text("/metadata/uid"), number)));
    }
    Ok(done)
}

/// Creates members whose Jobs are gone, from their record.
async fn create(
    found: &Found,
    record: &Record,
    rows: Vec<&Row>,
) -> CliResult<Vec<(Place, Attempt)>> {
    let next = |row: &Row| row.last().map_or(1, |last| last.number.saturating_add(1));
    let numbers: BTreeMap<Place, u32> = rows
        .iter()
        .map(|row| (row.place.clone(), next(row)))
        .collect();
    let expanded = expand(record, rows)?;
    let numbered = |mut member: Prepared| {
        let jobs = member.objects.iter_mut().filter(|object| is_member(object));
        jobs.for_each(|job| number(job, numbers[&member.place]));
        member
    };
    let members = expanded.prepared().map(numbered);
    let gate = Gate::default();
    let mut events = submit(&found.session.client, members, &Options::default(), &gate);
    let (mut done, mut failed) = (Vec::new(), None);
    while let Some(event) = events.next().await {
        let Event::Member(place, outcome) = event else {
            continue;
        };
        match outcome {
            Outcome::Created(uid) => {
                said(&place, DryRun::None)?;
                let attempt = Attempt::created(Some(&uid), numbers[&place]);
                done.push((place, attempt));
            }
            Outcome::Unchanged => {}
            Outcome::Refused(why) | Outcome::Unreachable(why) => {
                gate.shut();
                failed.get_or_insert(format!("{}: {why}", place.name));
            }
        }
    }
    match failed {
        Some(why) => {
            // What was created is told before the command fails.
            learn(found, &done).await;
            Err(Failure::cluster(why))
        }
        None => Ok(done),
    }
}

fn said(place: &Place, dry_run: DryRun) -> CliResult<()> {
    print(&format!(
        "job.batch/{} retried{}",
        place.name,
        dry_run.suffix()
    ))
}
