//! `suspend` and `resume`: a group, or members of it, whole.

use std::io::{BufRead, IsTerminal, Write};

use super::choice::{ChoiceArgs, Found};
use super::dry_run::{DryRun, DryRunArgs};
use super::print::print;
use super::screen::say;
use super::session::block_on;
use super::{CliResult, Failure, Global};
use crate::cluster::act::suspend_jobs;
use crate::group::{Member, Phase, Place};

/// Suspend a group's Jobs: their Pods are ended, and none is created until they are resumed
#[derive(Clone, Debug, clap::Args)]
pub(super) struct SuspendArgs {
    #[command(flatten)]
    choice: ChoiceArgs,
    /// Do not ask before Pods that run are ended
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// Resume a group's Jobs that are suspended
#[derive(Clone, Debug, clap::Args)]
pub(super) struct ResumeArgs {
    #[command(flatten)]
    choice: ChoiceArgs,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// Suspends.
pub(super) fn suspend(args: &SuspendArgs, global: &Global) -> CliResult {
    block_on(async {
        let found = args.choice.find(global).await?;
        let wanted = |member: &&Member| {
            let phase = member.state.phase;
            let is_there = member.job().is_some();
            is_there && !phase.is_final() && phase != Phase::Suspended && args.choice.names(member)
        };
        let members: Vec<&Member> = found.group.members().iter().filter(wanted).collect();
        let running = members
            .iter()
            .filter(|member| member.state.phase == Phase::Running)
            .count();
        if running > 0 && !args.yes && args.dry_run.mode == DryRun::None {
            confirm(running)?;
        }
        set(&found, &members, true, args.dry_run.mode).await
    })
}

/// Resumes.
pub(super) fn resume(args: &ResumeArgs, global: &Global) -> CliResult {
    block_on(async {
        let found = args.choice.find(global).await?;
        let wanted = |member: &&Member| {
            let suspended = member.job().is_some_and(|job| job.suspended);
            suspended && !member.state.phase.is_final() && args.choice.names(member)
        };
        let members: Vec<&Member> = found.group.members().iter().filter(wanted).collect();
        set(&found, &members, false, args.dry_run.mode).await
    })
}

async fn set(found: &Found, members: &[&Member], suspend: bool, dry_run: DryRun) -> CliResult {
    let did = if suspend { "suspended" } else { "resumed" };
    if dry_run == DryRun::None {
        let places: Vec<Place> = members.iter().map(|member| member.place.clone()).collect();
        suspend_jobs(&found.session.client, places, suspend).await?;
    }
    for member in members {
        print(&format!(
            "job.batch/{} {did}{}",
            member.place.name,
            dry_run.suffix()
        ))?;
    }
    say(&format!(
        "{}: {} {did}{}",
        found.target.title,
        members.len(),
        dry_run.suffix()
    ));
    Ok(0)
}

/// Asks on the terminal; where nobody can answer, `--yes` is needed.
fn confirm(running: usize) -> CliResult<()> {
    let members = if running == 1 {
        "member runs"
    } else {
        "members run"
    };
    let question = format!("{running} {members}, and suspending ends their Pods");
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(format!(
            "{question}\nhint: --yes says that this is meant"
        )));
    }
    write!(std::io::stderr(), "{question}. Go on? [y/N] ")?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::usage("nothing was suspended")),
    }
}
