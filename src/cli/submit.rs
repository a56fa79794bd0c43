//! `submit`: expands, creates the Jobs, and returns.

use futures::stream::{LocalBoxStream, StreamExt};

use super::clock::now;
use super::difference::{ReplaceArgs, Todo, checked_difference, clear_way};
use super::dry_run::{DryRun, DryRunArgs};
use super::input::{Batch, ItemArgs, TemplateArgs};
use super::members::{members, prepared};
use super::order::OrderArgs;
use super::preflight::preflight;
use super::print::print;
use super::record::{self, Recorder};
use super::rehearsal::rehearse;
use super::screen::say;
use super::session::{Session, block_on};
use super::target::{Target, namespace_flag};
use super::{CliResult, Failure, Global, goes_on, hold};
use crate::cluster::gate::Gate;
use crate::cluster::submit::{Event, Options, Outcome, submit as create};
use crate::group::record::Settings;
use crate::group::{Change, Group, Observation, Phase, Place, What};
use crate::render;
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
    #[command(flatten)]
    order: OrderArgs,
    /// Create all members suspended: kubectl batch release lets them go
    #[arg(long)]
    suspended: bool,
    #[command(flatten)]
    replace: ReplaceArgs,
    #[command(flatten)]
    dry_run: DryRunArgs,
    /// json: one JSON object for each member; with --dry-run=server, one for the difference
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Output>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Json,
}

impl Args {
    /// Reads the template and the list, and checks both.
    pub(super) fn read(&self, global: &Global) -> CliResult<Batch> {
        self.order.read(&self.template, &self.items, global)
    }
}

/// Submits.
pub(super) fn submit(args: &Args, global: &Global) -> CliResult {
    let batch = args.read(global)?;
    block_on(async { submit_batch(args, global, &batch, &Session::connect(global).await?).await })
}

/// Checks everything, and then only says what would be done, or does it.
pub(super) async fn submit_batch(
    args: &Args,
    global: &Global,
    batch: &Batch,
    session: &Session,
) -> CliResult {
    let target = Target::group(&args.template.group_label, batch.template.group());
    let members = members(batch, &session.namespace)?;
    let (mode, as_json) = (args.dry_run.mode, args.output.is_some());
    let needs = [args.replace.needs()];
    let check = preflight(batch, session, &needs, args.template.reconcile);
    if mode != DryRun::None {
        if mode == DryRun::Server {
            check.await?;
        }
        return rehearse(batch, &members, session, &target, mode, as_json).await;
    }
    let difference = checked_difference(check, session, &target, &members.wanted).await?;
    let todo = clear_way(&difference, &members, session, &target, args.replace).await?;
    drop(difference);
    let settings = Settings {
        suspended: args.suspended,
        ..Settings::default()
    };
    let label = &args.template.group_label;
    let recorder = record::begin(session, label, batch, &members.wanted, &settings).await?;
    let teller = Teller {
        group: members.group,
        recorder,
        title: &target.title,
        as_json,
    };
    create_all(args, batch, session, &todo, teller, &target, global).await
}

/// Tells what became of each member, and records it.
struct Teller<'a> {
    group: Group,
    recorder: Option<Recorder>,
    title: &'a str,
    as_json: bool,
}

impl Teller<'_> {
    fn tell(&self, place: &Place, what: What, word: &str) -> CliResult<()> {
        if !self.as_json {
            return print(&format!("job.batch/{} {word}", place.name));
        }
        let change = Change {
            at: now(),
            item: self.item(place).to_owned(),
            place: place.clone(),
            what,
        };
        let event = render::change_event(self.title, &change).to_string();
        print(&render::show_json(&event))
    }

    /// Keeps what became of a member for the group's record.
    fn keep(&mut self, place: &Place, outcome: &Outcome) {
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

    fn item(&self, place: &Place) -> &str {
        let member = self.group.member(place);
        member.map_or("", |member| &member.item)
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
    /// Counts one outcome, and prints it; what goes wrong stops the submission: more of the same would be refused too.
    fn take(
        &mut self,
        place: &Place,
        outcome: Outcome,
        teller: &mut Teller<'_>,
        gate: &Gate,
    ) -> CliResult<()> {
        teller.keep(place, &outcome);
        match outcome {
            Outcome::Created(_) => {
                self.created += 1;
                teller.tell(place, What::Created, "created")
            }
            Outcome::Unchanged => {
                self.unchanged += 1;
                teller.tell(place, What::Unchanged, "unchanged")
            }
            Outcome::Refused(why) => {
                gate.shut();
                self.refused += 1;
                say(&render::refusal(place, teller.item(place), &why));
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
    todo: &Todo,
    mut teller: Teller<'_>,
    target: &Target,
    global: &Global,
) -> CliResult {
    let gate = Gate::default();
    let sent = prepared(&batch.template, &batch.items, &session.namespace)
        .filter(|member| todo.sends(member));
    let sent = hold::held(sent, args.suspended);
    let events = create(&session.client, sent, &Options::default(), &gate);
    let mut counts = Counts::default();
    for place in &todo.there {
        counts.take(place, Outcome::Unchanged, &mut teller, &gate)?;
    }
    let counted = count(&mut counts, events, session, &mut teller, &gate).await;
    let is_recorded = teller.recorder.is_some();
    if let Some(recorder) = teller.recorder.take() {
        recorder.finish(&teller.group).await;
    }
    counted?;
    say(&format!(
        "{}: {}",
        target.title,
        counts.words(teller.group.members().len())
    ));
    let left = teller.group.tally().of(Phase::Waiting);
    goes_on::left(left, is_recorded, target, global);
    if let Some(why) = counts.unreachable {
        return Err(Failure::cluster(why));
    }
    if counts.created + counts.unchanged > 0 {
        let namespace = namespace_flag(global);
        say(&format!(
            "to watch: kubectl batch watch {namespace}{}",
            target.flags
        ));
    }
    Ok(counts.code())
}

/// Counts outcomes to their end; the first signal stops the submission, the second one the waiting for what is under way.
async fn count(
    counts: &mut Counts,
    mut events: LocalBoxStream<'_, Event>,
    session: &Session,
    teller: &mut Teller<'_>,
    gate: &Gate,
) -> CliResult<()> {
    let signals = Signals::new();
    let mut signals =
        signals.map_err(|error| Failure::tool(format!("cannot take signals: {error}")))?;
    loop {
        tokio::select! {
            biased;
            next = events.next() => {
                session.say_warnings();
                match next {
                    Some(Event::Member(place, outcome)) => counts.take(&place, outcome, teller, gate)?,
                    Some(Event::Waiting(why)) => say(&format!("waiting: {why}")),
                    Some(Event::GoesOn) => say("creating goes on"),
                    None => return Ok(()),
                }
            }
            () = signals.next() => {
                gate.shut();
                if std::mem::replace(&mut counts.interrupted, true) {
                    return Ok(());
                }
            }
        }
    }
}
