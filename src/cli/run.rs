//! `run`: expands, submits, and watches to the end, on a cluster or on the embedded one.

use super::clock::now;
use super::difference::{ReplaceArgs, checked_difference, clear_way};
use super::dry_run::{DryRun, DryRunArgs};
use super::follow::{self, Ending, Follow, Reading, Submission};
use super::input::{Batch, ItemArgs, TemplateArgs};
use super::members::{Members, members, prepared};
use super::order::OrderArgs;
use super::policy::PolicyArgs;
use super::preflight::preflight;
use super::reconcile;
use super::record::{self, Ledger};
use super::rehearsal::rehearse;
use super::screen::{Caption, Progress, Screen};
use super::session::{Session, block_on, block_on_threads};
use super::show::ShowArgs;
use super::target::Target;
use super::ttl::TtlArgs;
use super::{CliResult, Global, goes_on, hold};
use crate::cluster::gate::Gate;
use crate::cluster::observe::observe;
use crate::cluster::permissions::WATCH;
use crate::cluster::submit::submit;
use crate::group::Difference;
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
    let work = async {
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
    };
    if args.local || args.template.reconcile {
        block_on_threads(work)
    } else {
        block_on(work)
    }
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
    let needs = [WATCH, args.replace.needs(), args.ttl.needs()];
    let check = preflight(batch, session, &needs, args.template.reconcile);
    match mode {
        DryRun::None => {
            let difference = checked_difference(check, session, target, &members.wanted).await?;
            return follow_batch(args, global, batch, members, difference, session, target).await;
        }
        DryRun::Server => check.await?,
        DryRun::Client => {}
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
    difference: Difference,
    session: &Session,
    target: &Target,
) -> CliResult<Ending> {
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
