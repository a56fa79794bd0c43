//! `submit`: expands, creates the Jobs, and returns.

use futures::StreamExt;

use super::input::{self, Batch, ItemArgs, TemplateArgs};
use super::run::{expected, prepared};
use super::session::{Session, block_on};
use super::target::{Target, namespace_flag};
use super::{CliResult, Failure, Global};
use crate::cluster::submit::{Brake, Outcome, submit as create};
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
    #[arg(long, value_name = "WHERE", default_value = "none", hide_default_value = true)]
    dry_run: DryRun,
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
    let batch = input::read(&args.template, &args.items, global.connection.namespace.as_deref())?;
    input::check(&batch)?;
    let target = Target::group(&args.template.group_label, batch.template.group());
    block_on(async {
        let session = Session::connect(global).await?;
        let group = expected(&batch, &session.namespace)?;
        if args.dry_run == DryRun::Client {
            for member in group.members() {
                super::status::print(&format!("job.batch/{} created{}", member.place.name, args.dry_run.suffix()))?;
            }
            return Ok(0);
        }
        create_all(&batch, &session, args.dry_run, &target, global).await
    })
}

async fn create_all(batch: &Batch, session: &Session, dry_run: DryRun, target: &Target, global: &Global) -> CliResult {
    let mut signals = Signals::new().map_err(|error| Failure::tool(format!("cannot take signals: {error}")))?;
    let brake = Brake::default();
    let query = if dry_run == DryRun::Server { "&dryRun=All" } else { "" };
    let members = prepared(&batch.template, &batch.items, &session.namespace);
    let mut outcomes = create(&session.client, members, query, &brake);
    let (mut created, mut unchanged, mut refused, mut interrupted) = (0_usize, 0_usize, 0_usize, false);
    let mut unreachable = None;
    loop {
        let next = tokio::select! {
            next = outcomes.next() => next,
            () = signals.next() => {
                if std::mem::replace(&mut interrupted, true) {
                    return Ok(super::error::INTERRUPTED);
                }
                brake.pull();
                continue;
            }
        };
        let Some((place, outcome)) = next else { break };
        let line = |what: &str| format!("job.batch/{} {what}{}", place.name, dry_run.suffix());
        match outcome {
            Outcome::Created(_) => {
                created += 1;
                super::status::print(&line("created"))?;
            }
            Outcome::Unchanged => {
                unchanged += 1;
                super::status::print(&line("unchanged"))?;
            }
            Outcome::Refused(why) => {
                brake.pull();
                refused += 1;
                super::screen::say(&format!("{}: {why}", place.name));
            }
            Outcome::Unreachable(why) => {
                brake.pull();
                unreachable.get_or_insert(why);
            }
        }
    }
    let left = batch.items.len().saturating_sub(created + unchanged + refused);
    let left = if left > 0 { format!(", {left} not created") } else { String::new() };
    super::screen::say(&format!(
        "{}: {created} created, {unchanged} unchanged, {refused} refused{left}{}",
        target.title,
        dry_run.suffix()
    ));
    if let Some(why) = unreachable {
        return Err(Failure::cluster(why));
    }
    if dry_run == DryRun::None && created + unchanged > 0 {
        super::screen::say(&format!("to watch: kubectl batch watch {}{}", namespace_flag(global), target.flags));
    }
    Ok(match (interrupted, refused) {
        (true, _) => super::error::INTERRUPTED,
        (false, 0) => 0,
        (false, _) => 5,
    })
}
