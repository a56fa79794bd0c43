//! `release`: lets suspended members go, so many at a time.

use std::collections::BTreeSet;

use futures::stream::StreamExt;

use super::choice::read_group;
use super::clock::now;
use super::dry_run::{DryRun, DryRunArgs};
use super::error::INTERRUPTED;
use super::goes_on;
use super::print::print;
use super::record::{Ledger, News, store_of};
use super::screen::say;
use super::session::{Session, block_on};
use super::target::{Target, TargetArgs};
use super::{CliResult, Failure, Global};
use crate::cluster::act::suspend_jobs;
use crate::cluster::observe::observe;
use crate::group::record::Record;
use crate::group::{Group, Member, Phase, Place};
use crate::terminal::Signals;

/// Observations that are taken in before the next look at the group.
const AT_ONCE: usize = 1024;

/// Let go of a group's suspended Jobs, so many at a time
///
/// Jobs in a queue of Kueue are left to Kueue.
///
/// With --max-active it goes on until all are let go; `set --max-active` changes the number meanwhile. Jobs that run are never
/// suspended again to keep it.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  kubectl batch submit -f t.yaml --items-from list.txt --suspended
  kubectl batch release jobexample --max-active 20")]
pub(super) struct Args {
    #[command(flatten)]
    target: TargetArgs,
    /// Let the next one go when fewer than so many are unfinished; without it all go at once
    #[arg(short = 'j', long, value_name = "N")]
    max_active: Option<std::num::NonZeroUsize>,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// Releases.
pub(super) fn release(args: &Args, global: &Global) -> CliResult {
    let target = args.target.required()?;
    block_on(async {
        let session = Session::connect(global).await?;
        let namespace = args.target.namespace(&session.namespace);
        if args.dry_run.mode != DryRun::None {
            let (group, ..) = read_group(&session, namespace, &target).await?;
            let waiting = waiting(&group, &BTreeSet::new());
            for member in &waiting {
                print(&line(&member.place, args.dry_run.mode))?;
            }
            said(waiting.len(), &target, args.dry_run.mode);
            return Ok(0);
        }
        let most = args.max_active.map(std::num::NonZeroUsize::get);
        keep(&session, &target, most).await;
        let work = Releasing {
            session: &session,
            most: most.unwrap_or(usize::MAX),
            group: Group::default(),
            released: BTreeSet::new(),
        };
        work.run(namespace, &target, global).await
    })
}

/// Writes the cap into the record, where `set` changes it. Without a record it cannot be changed, and that is all.
async fn keep(session: &Session, target: &Target, most: Option<usize>) {
    let Some(store) = store_of(session, target) else {
        return;
    };
    let change = |old: Option<Record>| {
        let mut record = old?;
        record.settings.max_active = most;
        record.settings.suspended = false;
        Some(record)
    };
    if let Err(error) = store.update(None, change).await {
        tracing::debug!(%error, "the cap is not in the record");
    }
}

struct Releasing<'a> {
    session: &'a Session,
    most: usize,
    group: Group,
    /// Those that were asked to go, whether it was seen or not.
    released: BTreeSet<Place>,
}

impl Releasing<'_> {
    async fn run(mut self, namespace: Option<&str>, target: &Target, global: &Global) -> CliResult {
        let client = &self.session.client;
        let signals = Signals::new();
        let mut signals =
            signals.map_err(|error| Failure::tool(format!("cannot take signals: {error}")))?;
        let mut ledger = Ledger::of_watcher(client, namespace, target, &[], None);
        let observed = observe(client, namespace, &target.selector);
        let mut observed = observed.ready_chunks(AT_ONCE);
        loop {
            if self.group.is_listed() && self.step().await? {
                said(self.released.len(), target, DryRun::None);
                goes_on::watch(target, global);
                return Ok(0);
            }
            tokio::select! {
                Some(seen) = observed.next() => {
                    for seen in seen.into_iter().flatten() {
                        self.group.handle(now(), seen);
                    }
                }
                news = ledger.news() => if let News::Settings(settings) = news {
                    self.set(settings.max_active);
                },
                () = signals.next() => {
                    said(self.released.len(), target, DryRun::None);
                    let left = waiting(&self.group, &self.released).len();
                    say(&format!("{left} are suspended still; to go on, the same command again"));
                    return Ok(INTERRUPTED);
                }
            }
        }
    }

    fn set(&mut self, most: Option<usize>) {
        let most = most.unwrap_or(usize::MAX);
        if std::mem::replace(&mut self.most, most) != most {
            match most {
                usize::MAX => say("now without a limit"),
                most => say(&format!("now with --max-active {most}")),
            }
        }
    }

    /// Lets go as many as there is room for; says whether none is left.
    async fn step(&mut self) -> CliResult<bool> {
        let waiting = waiting(&self.group, &self.released);
        let tally = self.group.tally();
        let unfinished = tally.total() - tally.done() - tally.of(Phase::Waiting);
        let room = self.most.saturating_sub(unfinished - waiting.len());
        let next: Vec<Place> = waiting
            .iter()
            .take(room)
            .map(|member| member.place.clone())
            .collect();
        let is_last = next.len() == waiting.len();
        if !next.is_empty() {
            suspend_jobs(&self.session.client, next.clone(), false).await?;
            for place in &next {
                print(&line(place, DryRun::None))?;
            }
            self.released.extend(next);
        }
        Ok(is_last)
    }
}

/// The members that are suspended, without those that were let go already, in the order of the list.
fn waiting<'a>(group: &'a Group, released: &BTreeSet<Place>) -> Vec<&'a Member> {
    let is_waiting = |member: &&Member| {
        let suspended = member
            .job()
            .is_some_and(|job| job.suspended && job.queue.is_none());
        suspended && !member.state.phase.is_final() && !released.contains(&member.place)
    };
    let mut waiting: Vec<&Member> = group.members().iter().filter(is_waiting).collect();
    waiting.sort_by_key(|member| (member.index, &member.place));
    waiting
}

fn line(place: &Place, dry_run: DryRun) -> String {
    format!("job.batch/{} released{}", place.name, dry_run.suffix())
}

fn said(count: usize, target: &Target, dry_run: DryRun) {
    say(&format!(
        "{}: {count} released{}",
        target.title,
        dry_run.suffix()
    ));
}
