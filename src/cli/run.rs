//! `run`: expands, submits, and watches to the end, on a cluster or on the embedded one.

use std::num::NonZeroUsize;
use std::time::Duration;

use jiff::SignedDuration;

use super::clock::now;
use super::difference::{ReplaceArgs, clear_way, difference};
use super::dry_run::{DryRun, DryRunArgs};
use super::follow::{self, Ending, Follow, LogMode, Reading, Submission};
use super::input::{Batch, ItemArgs, TemplateArgs};
use super::members::{Members, members, prepared};
use super::order::OrderArgs;
use super::preflight::preflight;
use super::reconcile;
use super::record::{self, Ledger};
use super::rehearsal::rehearse;
use super::reports::ReportArgs;
use super::screen::{Caption, Progress, Screen};
use super::session::{Session, block_on};
use super::target::Target;
use super::ttl::TtlArgs;
use super::{CliResult, Failure, Global, goes_on, hold};
use crate::cluster::duration::parse_duration;
use crate::cluster::gate::Gate;
use crate::cluster::observe::observe;
use crate::cluster::permissions::WATCH;
use crate::cluster::submit::{Options, Pace, submit};
use crate::group::record::Settings;

/// Expand a template over a list, create the Jobs, and watch them to the end
///
/// Without -f, the template process-item of the Kubernetes documentation is run. The same command again creates what is
/// missing and leaves what is there.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  kubectl batch run --local --items apple,banana,cherry
  kubectl batch run -f job-tmpl.yaml --items-from list.txt
  kubectl batch run -f job-tmpl.yaml --items-from list.txt -o json | jq -c 'select(.type == \"verdict\")'")]
pub(super) struct Args {
    #[command(flatten)]
    template: TemplateArgs,
    #[command(flatten)]
    items: ItemArgs,
    /// Run on an embedded cluster in this process: commands run as processes of this machine, images are not pulled
    #[arg(long)]
    local: bool,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Create all members suspended: kubectl batch release lets them go
    #[arg(long, help_heading = "Pace", conflicts_with_all = ["max_active", "canary"])]
    suspended: bool,
    /// Return as soon as no more members may be created for now, instead of watching to the end
    #[arg(long, help_heading = "Pace", conflicts_with_all = ["local", "timeout"])]
    detach: bool,
    #[command(flatten)]
    order: OrderArgs,
    #[command(flatten)]
    ttl: TtlArgs,
    #[command(flatten)]
    replace: ReplaceArgs,
    #[command(flatten)]
    dry_run: DryRunArgs,
    #[command(flatten)]
    show: ShowArgs,
}

/// What limits the creation of members.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Pace")]
pub(super) struct PolicyArgs {
    /// At most so many members are unfinished at a time; the next is created as one ends
    #[arg(long, short = 'j', value_name = "N")]
    max_active: Option<NonZeroUsize>,
    /// Create so many members first, and the rest only when all of them have succeeded
    #[arg(long, value_name = "N")]
    canary: Option<NonZeroUsize>,
    /// Send at most so many requests a second; without it the server's answers set the pace
    #[arg(long, value_name = "N", value_parser = requests_per_second)]
    max_requests_per_second: Option<f64>,
    /// Stop early: never, or now|soon,fail|success|done=N|N%; now suspends what runs
    #[arg(long, value_name = "RULE")]
    halt: Option<String>,
}

fn requests_per_second(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    let wrong = || "expected a number over 0, such as 20 or 0.5".to_owned();
    number
        .filter(|number| *number > 0.0 && number.is_finite())
        .ok_or_else(wrong)
}

impl PolicyArgs {
    /// How fast members are created.
    pub(super) fn options(&self) -> Options {
        Options {
            pace: Pace {
                per_second_max: self.max_requests_per_second,
                ..Pace::default()
            },
            ..Options::default()
        }
    }

    /// The options of the group: what the flags say, or else what was said before, by the list or the group's record.
    pub(super) fn settings(&self, before: &Settings) -> CliResult<Settings> {
        let settings = Settings {
            max_active: self.max_active.map(NonZeroUsize::get).or(before.max_active),
            canary: self.canary.map(NonZeroUsize::get).or(before.canary),
            halt: self.halt.clone().or_else(|| before.halt.clone()),
            suspended: before.suspended,
        };
        let policy = settings.policy();
        policy.map_err(|error| Failure::usage(format!("--halt: {error}")))?;
        Ok(settings)
    }
}

/// How a group that is followed is shown.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Display")]
pub(super) struct ShowArgs {
    /// How progress is shown: auto, live, plain, json or none
    #[arg(
        long,
        value_name = "HOW",
        default_value = "auto",
        hide_default_value = true,
        conflicts_with = "output"
    )]
    progress: Progress,
    /// json: one JSON object for each event, and a last one with the verdict
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Output>,
    /// Whose output is shown: none, failed or all; all with --local, else failed
    #[arg(long, value_name = "WHOSE")]
    logs: Option<LogMode>,
    /// Give up after this time, with exit code 124: 90, 10m, 2h
    #[arg(long, value_name = "TIME")]
    timeout: Option<String>,
    /// Give up, with exit code 3, when a member has not started for this time because no node takes its Pod, its image cannot be
    /// had, or the like; without it such members are waited for
    #[arg(long, value_name = "TIME")]
    pending_timeout: Option<String>,
    #[command(flatten)]
    pub(super) reports: ReportArgs,
    /// What is read of the output
    #[arg(skip)]
    pub(super) reading: Reading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Json,
}

impl ShowArgs {
    /// For `logs --follow`: output, and nothing else.
    pub(super) fn for_logs(reading: Reading) -> Self {
        Self {
            progress: Progress::None,
            output: None,
            logs: Some(LogMode::All),
            timeout: None,
            pending_timeout: None,
            reports: ReportArgs::default(),
            reading,
        }
    }

    pub(super) fn progress(&self) -> Progress {
        match self.output {
            Some(Output::Json) => Progress::Json,
            None => self.progress,
        }
    }

    /// The same for a command that is quiet unless told otherwise.
    pub(super) fn quiet_progress(&self) -> Progress {
        match self.progress() {
            Progress::Auto => Progress::Verdict,
            other => other,
        }
    }

    pub(super) fn logs(&self, is_local: bool) -> LogMode {
        self.logs.unwrap_or(if is_local {
            LogMode::All
        } else {
            LogMode::Failed
        })
    }

    pub(super) fn timeout(&self) -> CliResult<Option<Duration>> {
        let time = time("--timeout", self.timeout.as_deref())?;
        Ok(time.filter(|time| !time.is_zero()))
    }

    pub(super) fn pending_timeout(&self) -> CliResult<Option<SignedDuration>> {
        let time = time("--pending-timeout", self.pending_timeout.as_deref())?;
        // What no clock reaches is no limit.
        Ok(time.and_then(|time| SignedDuration::try_from(time).ok()))
    }

    /// Checks the times before anything is done.
    pub(super) fn check(&self) -> CliResult<()> {
        self.timeout()?;
        self.pending_timeout()?;
        Ok(())
    }
}

fn time(flag: &str, text: Option<&str>) -> CliResult<Option<Duration>> {
    let Some(text) = text else {
        return Ok(None);
    };
    let wrong = || {
        Failure::usage(format!(
            "{flag}: `{text}` is not a time: write 90, 90s, 10m or 2h"
        ))
    };
    parse_duration(text).ok_or_else(wrong).map(Some)
}

impl Args {
    /// Reads the template and the list, and checks both.
    pub(super) fn read(&self, global: &Global) -> CliResult<Batch> {
        self.order.read(&self.template, &self.items, global)
    }
}

/// Runs.
pub(super) fn run(args: &Args, global: &Global) -> CliResult {
    args.show.check()?;
    args.policy.settings(&Settings::default())?;
    let batch = args.read(global)?;
    block_on(async {
        let session = if args.local {
            Session::local(global).await?
        } else {
            Session::connect(global).await?
        };
        let result = run_batch(args, global, &batch, &session).await;
        let is_local = session.is_local();
        session.say_warnings();
        session.close().await;
        let ending = result?;
        let target = Target::group(&args.template.group_label, batch.template.group());
        let detached = args.detach && args.dry_run.mode == DryRun::None;
        goes_on::say(&ending, is_local, detached, &target, global);
        Ok(ending.code)
    })
}

/// Checks everything, and then only says what would be done, or does it.
pub(super) async fn run_batch(
    args: &Args,
    global: &Global,
    batch: &Batch,
    session: &Session,
) -> CliResult<Ending> {
    let target = &Target::group(&args.template.group_label, batch.template.group());
    let members = members(batch, &session.namespace)?;
    let mode = args.dry_run.mode;
    if mode != DryRun::Client {
        let needs = [WATCH, args.replace.needs(), args.ttl.needs()];
        preflight(batch, session, &needs, args.template.reconcile).await?;
    }
    if mode == DryRun::None {
        return follow_batch(args, global, batch, members, session, target).await;
    }
    let as_json = args.show.progress() == Progress::Json;
    let code = rehearse(batch, &members, session, target, mode, as_json).await?;
    Ok(Ending {
        code,
        stopped: None,
        left: 0,
        is_recorded: false,
        gave_up: false,
    })
}

async fn follow_batch(
    args: &Args,
    global: &Global,
    batch: &Batch,
    members: Members,
    session: &Session,
    target: &Target,
) -> CliResult<Ending> {
    let difference = difference(session, target, &members.wanted, false).await?;
    let todo = clear_way(&difference, &members, session, target, args.replace).await?;
    drop(difference);
    let settings = args.policy.settings(&Settings {
        max_active: batch.max_active,
        suspended: args.suspended,
        ..Settings::default()
    })?;
    let policy = settings.policy().expect("it was checked");
    let label = &args.template.group_label;
    let recorder = record::begin(session, label, batch, &members.wanted, &settings).await?;
    let mut group = members.group;
    for (place, uid) in &todo.replaced {
        group.supersede(place, uid.clone());
    }
    let gate = Gate::closed();
    let sent = prepared(&batch.template, &batch.items, &session.namespace)
        .filter(|member| todo.sends(member));
    let sent = hold::held(sent, args.suspended);
    let outcomes = submit(&session.client, sent, &args.policy.options(), &gate);
    let caption = Caption {
        title: target.title.clone(),
        place: session.place.clone(),
        began: now(),
    };
    let reports = args.show.reports.open()?;
    let mut screen = Screen::new(args.show.progress(), caption, global).with_reports(reports);
    let follow = Follow {
        group,
        submission: Some(Submission {
            outcomes,
            gate,
            there: todo.there.iter().cloned().collect(),
            answered: 0,
            policy,
        }),
        observed: observe(&session.client, Some(&session.namespace), &target.selector),
        client: session.client.clone(),
        logs: args.show.logs(session.is_local()),
        reading: Reading::default(),
        ttl: args.ttl,
        timeout: args.show.timeout()?,
        pending_timeout: args.show.pending_timeout()?,
        must_exist: false,
        ledger: recorder.map(|recorder| Ledger::of_creator(&session.client, target, recorder)),
        detach: args.detach,
    };
    if !args.template.reconcile || session.is_local() {
        return follow::follow(follow, &mut screen).await;
    }
    // The Jobs were handed over to this tool, and it works on them for as long as it watches.
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let followed = async {
        let ending = follow::follow(follow, &mut screen).await;
        // The work listens until it ends.
        let _ = stop.send(true);
        ending
    };
    let (ending, _) = tokio::join!(
        followed,
        reconcile::beside(session, &target.selector, stopped)
    );
    ending
}
