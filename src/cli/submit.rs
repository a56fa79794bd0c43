//! `submit`: expands, creates the Jobs, and returns.

use futures::stream::{LocalBoxStream, StreamExt};

use super::input::{self, Batch, ItemArgs, TemplateArgs};
use super::preflight::preflight;
use super::record::{self, Recorder};
use super::run::{expected, now, prepared};
use super::session::{Session, block_on};
use super::target::{Target, namespace_flag};
use super::{CliResult, Failure, Global, goes_on, hold};
use crate::cluster::gate::Gate;
use crate::cluster::submit::{Event, Options, Outcome, submit as create};
use crate::group::record::Settings;
use crate::group::{Group, Observation, Phase, Place};
use crate::terminal::Signals;

/// Expand a template over a list, create the Jobs, and return
///
/// The same command again creates what is missing and leaves what is there.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    template: TemplateArgs,
    #[command(flatten)]
    items: ItemArgs,
    /// none, client (print what would be created) or server (let the server check it, and keep nothing)
    #[arg(
        long,
        value_name = "WHERE",
        default_value = "none",
        hide_default_value = true
    )]
    dry_run: DryRun,
    /// Create all members suspended: kubectl batch release lets them go
    #[arg(long)]
    suspended: bool,
}

/// How far a command goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum DryRun {
    /// All the way
    None,
    /// Nothing is sent
    Client,
    /// The server checks, and keeps nothing
    Server,
}

impl DryRun {
    /// What follows a line about something that was not really done.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Client => " (dry run)",
            Self::Server => " (server dry run)",
        }
    }
}

/// Submits.
pub(super) fn submit(args: &Args, global: &Global) -> CliResult {
    let batch = input::read(
        &args.template,
        &args.items,
        global.connection.namespace.as_deref(),
    )?;
    batch.check()?;
    let target = Target::group(&args.template.group_label, batch.template.group());
    block_on(async {
        let session = Session::connect(global).await?;
        let group = expected(&batch, &session.namespace)?;
        if args.dry_run == DryRun::Client {
            for member in group.members() {
                super::status::print(&format!(
                    "job.batch/{} created{}",
                    member.place.name,
                    args.dry_run.suffix()
                ))?;
            }
            return Ok(0);
        }
        preflight(&batch, &session, false, args.template.reconcile).await?;
        let recorder = if args.dry_run == DryRun::None {
            let settings = Settings {
                suspended: args.suspended,
                ..Settings::default()
            };
            let label = &args.template.group_label;
            record::begin(&session, label, &batch, &group, &settings).await?
        } else {
            None
        };
        let seen = Seen { group, recorder };
        create_all(args, &batch, &session, seen, &target, global).await
    })
}

/// What is known of the group, and where it is recorded.
struct Seen {
    group: Group,
    recorder: Option<Recorder>,
}

impl Seen {
    fn take(&mut self, place: &Place, outcome: &Outcome) {
        let seen = match outcome {
            Outcome::Created(uid) => Observation::Created(place.clone(), uid.clone()),
            Outcome::Unchanged => Observation::Unchanged(place.clone()),
            Outcome::Refused(_) | Outcome::Unreachable(_) => return,
        };
        self.group.handle(now(), seen);
        if let Some(recorder) = &mut self.recorder {
            recorder.tell(&self.group, true);
        }
    }
}

/// What became of the members so far.
#[derive(Debug, Default)]
struct Counts {
    created: usize,
    unchanged: usize,
    refused: usize,
    unreachable: Option<String>,
    interrupted: bool,
}

impl Counts {
    /// Counts one outcome, and prints it; what goes wrong stops the submission.
    fn take(
        &mut self,
        name: &str,
        outcome: Outcome,
        dry_run: DryRun,
        gate: &Gate,
    ) -> CliResult<()> {
        let line = |what: &str| format!("job.batch/{name} {what}{}", dry_run.suffix());
        match outcome {
            Outcome::Created(_) => {
                self.created += 1;
                super::status::print(&line("created"))
            }
            Outcome::Unchanged => {
                self.unchanged += 1;
                super::status::print(&line("unchanged"))
            }
            Outcome::Refused(why) => {
                gate.shut();
                self.refused += 1;
                super::screen::say(&format!("{name}: {why}"));
                Ok(())
            }
            Outcome::Unreachable(why) => {
                gate.shut();
                self.unreachable.get_or_insert(why);
                Ok(())
            }
        }
    }

    fn words(&self, total: usize) -> String {
        let Self {
            created,
            unchanged,
            refused,
            ..
        } = self;
        let left = total.saturating_sub(created + unchanged + refused);
        let left = if left > 0 {
            format!(", {left} not created")
        } else {
            String::new()
        };
        format!("{created} created, {unchanged} unchanged, {refused} refused{left}")
    }

    fn code(&self) -> u8 {
        match (self.interrupted, self.refused) {
            (true, _) => super::error::INTERRUPTED,
            (false, 0) => 0,
            (false, _) => 5,
        }
    }
}

async fn create_all(
    args: &Args,
    batch: &Batch,
    session: &Session,
    mut seen: Seen,
    target: &Target,
    global: &Global,
) -> CliResult {
    let (gate, dry_run) = (Gate::default(), args.dry_run);
    let options = Options {
        is_dry_run: dry_run == DryRun::Server,
        ..Options::default()
    };
    let members = prepared(&batch.template, &batch.items, &session.namespace);
    let members = hold::held(members, args.suspended);
    let outcomes = create(&session.client, members, &options, &gate);
    let counts = count(outcomes, session, dry_run, &gate, &mut seen).await;
    let left = seen.group.tally().of(Phase::Waiting);
    if let Some(recorder) = seen.recorder {
        recorder.finish(&seen.group).await;
    }
    let counts = counts?;
    super::screen::say(&format!(
        "{}: {}{}",
        target.title,
        counts.words(batch.items.len()),
        dry_run.suffix()
    ));
    if dry_run == DryRun::None {
        goes_on::left(left, target, global);
    }
    if let Some(why) = counts.unreachable {
        return Err(Failure::cluster(why));
    }
    if dry_run == DryRun::None && counts.created + counts.unchanged > 0 {
        let namespace = namespace_flag(global);
        super::screen::say(&format!(
            "to watch: kubectl batch watch {namespace}{}",
            target.flags
        ));
    }
    Ok(counts.code())
}

/// Counts outcomes to their end; the first signal stops the submission, the second one the waiting for what is under way.
async fn count(
    mut events: LocalBoxStream<'_, Event>,
    session: &Session,
    dry_run: DryRun,
    gate: &Gate,
    seen: &mut Seen,
) -> CliResult<Counts> {
    let signals = Signals::new();
    let mut signals =
        signals.map_err(|error| Failure::tool(format!("cannot take signals: {error}")))?;
    let mut counts = Counts::default();
    loop {
        tokio::select! {
            next = events.next() => {
                session.say_warnings();
                match next {
                    Some(Event::Member(place, outcome)) => {
                        seen.take(&place, &outcome);
                        counts.take(&place.name, outcome, dry_run, gate)?;
                    }
                    Some(Event::Waiting(why)) => super::screen::say(&format!("waiting: {why}")),
                    Some(Event::GoesOn) => super::screen::say("creating goes on"),
                    None => return Ok(counts),
                }
            }
            () = signals.next() => {
                gate.shut();
                if std::mem::replace(&mut counts.interrupted, true) {
                    return Ok(counts);
                }
            }
        }
    }
}
