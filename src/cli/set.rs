//! `set`: changes the options of a group in its record; commands that create its members follow while they run.

use super::dry_run::{DryRun, DryRunArgs};
use super::print::print;
use super::record::store_of;
use super::screen::say;
use super::session::{Session, block_on};
use super::target::{Target, TargetArgs};
use super::{CliResult, Failure, Global};
use crate::cluster::record::Store;
use crate::group::record::{Record, Settings};

/// Change the options of a group, also while it runs
///
/// A `run`, `continue` or `release` of the group that runs anywhere follows within seconds, and the next `continue` begins with them.
/// Members that run are never suspended to keep a lower cap.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  kubectl batch set jobexample --max-active 20
  kubectl batch set -l jobgroup=jobexample --max-active none --halt soon,fail=10%")]
pub(super) struct Args {
    #[command(flatten)]
    target: TargetArgs,
    /// At most so many members are unfinished at a time, or none for no limit
    #[arg(short = 'j', long, value_name = "N", value_parser = max_active)]
    max_active: Option<MaxActive>,
    /// When to stop early: never, or now|soon,fail|success|done=N|N%
    #[arg(long, value_name = "RULE")]
    halt: Option<String>,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// A cap, or that there is none.
#[derive(Clone, Copy, Debug)]
struct MaxActive(Option<usize>);

fn max_active(text: &str) -> Result<MaxActive, String> {
    if text == "none" {
        return Ok(MaxActive(None));
    }
    let number = text.parse().ok().filter(|number| *number > 0);
    let number = number.ok_or("expected a number over 0, or none")?;
    Ok(MaxActive(Some(number)))
}

impl Args {
    fn apply(&self, settings: &mut Settings) {
        if let Some(MaxActive(most)) = self.max_active {
            settings.max_active = most;
        }
        if let Some(halt) = &self.halt {
            settings.halt = Some(halt.clone()).filter(|halt| halt != "never");
        }
    }
}

/// Sets.
pub(super) fn set(args: &Args, global: &Global) -> CliResult {
    let target = args.target.required()?;
    if args.max_active.is_none() && args.halt.is_none() {
        return Err(Failure::usage(
            "nothing to set\nhint: --max-active N, or --halt RULE",
        ));
    }
    let mut asked = Settings::default();
    args.apply(&mut asked);
    let policy = asked.policy();
    policy.map_err(|error| Failure::usage(format!("--halt: {error}")))?;
    block_on(async {
        let session = Session::connect(global).await?;
        let store = store(&session, &target)?;
        let Some(stored) = store.read().await.map_err(Failure::cluster)? else {
            return Err(no_record(&target));
        };
        let mut settings = stored.record.settings;
        args.apply(&mut settings);
        if args.dry_run.mode == DryRun::None {
            write(&store, args, &target).await?;
        }
        let name = store.identity().name();
        print(&format!(
            "configmap/{name} set{}",
            args.dry_run.mode.suffix()
        ))?;
        say(&format!(
            "{}: {}{}",
            target.title,
            settings.words(),
            args.dry_run.mode.suffix()
        ));
        Ok(0)
    })
}

async fn write(store: &Store, args: &Args, target: &Target) -> CliResult<()> {
    let change = |old: Option<Record>| {
        let mut record = old?;
        args.apply(&mut record.settings);
        Some(record)
    };
    let written = store.update(None, change).await.map_err(Failure::cluster)?;
    written.map(|_| ()).ok_or_else(|| no_record(target))
}

/// The record's place, for a command that needs it.
pub(super) fn store(session: &Session, target: &Target) -> CliResult<Store> {
    store_of(session, target).ok_or_else(|| {
        Failure::usage(format!(
            "`{}` is not one group\nhint: name the group, or give -l jobgroup=NAME",
            target.title
        ))
    })
}

/// There is no record to work with.
pub(super) fn no_record(target: &Target) -> Failure {
    Failure::nothing(format!(
        "the group {} has no record\nhint: run and submit write it, where you may create ConfigMaps",
        target.title
    ))
}
