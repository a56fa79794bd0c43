//! `run`: expands, submits, and watches to the end, on a cluster or on the embedded one.

use std::num::NonZeroUsize;

use jiff::Timestamp;

use super::error::INTERRUPTED;
use super::follow::{self, Ending, Follow, LogMode, Submission};
use super::input::{self, Batch, ItemArgs, TemplateArgs};
use super::preflight::preflight;
use super::reconcile;
use super::screen::{Caption, Progress, Screen};
use super::session::{Session, block_on};
use super::target::{Target, namespace_flag};
use super::{CliResult, Failure, Global};
use crate::cluster::duration::parse_duration;
use crate::cluster::gate::Gate;
use crate::cluster::observe::observe;
use crate::cluster::submit::{Options, Pace, Prepared, submit};
use crate::group::{Group, Place, Policy};
use crate::items::Item;
use crate::template::{Names, Template};

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
    #[arg(
        long,
        value_name = "RULE",
        default_value = "never",
        hide_default_value = true
    )]
    halt: String,
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

    /// The policy; the list itself may have said how many run at once.
    fn policy(&self, of_list: Option<usize>) -> CliResult<Policy> {
        Ok(Policy {
            max_active: self.max_active.map(NonZeroUsize::get).or(of_list),
            canary: self.canary.map(NonZeroUsize::get),
            halt: self
                .halt
                .parse()
                .map_err(|error| Failure::usage(format!("--halt: {error}")))?,
        })
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
    /// Whose output is shown, if not all members'
    #[arg(skip)]
    pub(super) items: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Json,
}

impl ShowArgs {
    /// For `logs --follow`: all output, or that of some items, and nothing else.
    pub(super) fn for_logs(items: &[String]) -> Self {
        Self {
            progress: Progress::None,
            output: None,
            logs: Some(LogMode::All),
            timeout: None,
            items: items.to_vec(),
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

    pub(super) fn timeout(&self) -> CliResult<Option<std::time::Duration>> {
        let Some(text) = &self.timeout else {
            return Ok(None);
        };
        let time = parse_duration(text).ok_or_else(|| {
            Failure::usage(format!(
                "--timeout: `{text}` is not a time: write 90, 90s, 10m or 2h"
            ))
        })?;
        Ok(Some(time).filter(|time| !time.is_zero()))
    }
}

/// Runs.
pub(super) fn run(args: &Args, global: &Global) -> CliResult {
    let timeout = args.show.timeout()?;
    args.policy.policy(None)?;
    let batch = input::read(
        &args.template,
        &args.items,
        global.connection.namespace.as_deref(),
    )?;
    batch.check()?;
    block_on(async {
        let session = if args.local {
            Session::local(global).await?
        } else {
            Session::connect(global).await?
        };
        let result = follow_batch(args, global, &batch, &session, timeout).await;
        let is_local = session.is_local();
        session.say_warnings();
        session.close().await;
        let ending = result?;
        said_at_end(
            &ending,
            is_local,
            &Target::group(&args.template.group_label, batch.template.group()),
            global,
        );
        Ok(ending.code)
    })
}

async fn follow_batch(
    args: &Args,
    global: &Global,
    batch: &Batch,
    session: &Session,
    timeout: Option<std::time::Duration>,
) -> CliResult<Ending> {
    let target = Target::group(&args.template.group_label, batch.template.group());
    let group = expected(batch, &session.namespace)?;
    preflight(batch, session, true, args.template.reconcile).await?;
    let gate = Gate::closed();
    let members = prepared(&batch.template, &batch.items, &session.namespace);
    let outcomes = submit(&session.client, members, &args.policy.options(), &gate);
    let caption = Caption {
        title: target.title.clone(),
        place: session.place.clone(),
        began: now(),
    };
    let mut screen = Screen::new(args.show.progress(), caption, global);
    let follow = Follow {
        group,
        submission: Some(Submission {
            outcomes,
            gate,
            answered: 0,
            policy: args.policy.policy(batch.max_active)?,
        }),
        observed: observe(&session.client, Some(&session.namespace), &target.selector),
        client: session.client.clone(),
        logs: args.show.logs(session.is_local()),
        only_items: Vec::new(),
        timeout,
        must_exist: false,
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

#[expect(clippy::disallowed_methods, reason = "a command begins now")]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// The model with all members of the list; every item is expanded once, so that nothing is created if one does not fit.
pub(super) fn expected(batch: &Batch, namespace: &str) -> CliResult<Group> {
    let (mut group, mut names) = (Group::default(), Names::default());
    for item in &batch.items {
        let expansion = batch.template.expand_checked(item, &mut names)?;
        for job in expansion.members() {
            let place = place_of(job, namespace);
            let text = if item.text().is_empty() {
                place.name.clone()
            } else {
                item.text().into_owned()
            };
            group.expect(place, text, item.index);
        }
    }
    Ok(group)
}

/// The objects of all items, expanded as they are taken; they were all expanded before without an error.
pub(super) fn prepared<'a>(
    template: &'a Template,
    items: &'a [Item],
    namespace: &'a str,
) -> impl Iterator<Item = Prepared> + 'a {
    items.iter().flat_map(move |item| {
        let expansion = template.expand(item).expect("the item was expanded before");
        by_member(expansion.objects, namespace)
    })
}

/// The objects of one item, divided by its Jobs: what is no Job goes with the first one.
fn by_member(objects: Vec<serde_json::Value>, namespace: &str) -> Vec<Prepared> {
    let (jobs, mut others): (Vec<_>, Vec<_>) =
        objects.into_iter().partition(crate::template::is_member);
    jobs.into_iter()
        .map(|job| {
            let place = place_of(&job, namespace);
            let mut objects = std::mem::take(&mut others);
            objects.push(job);
            Prepared { place, objects }
        })
        .collect()
}

fn place_of(object: &serde_json::Value, namespace: &str) -> Place {
    let text = |pointer| object.pointer(pointer).and_then(serde_json::Value::as_str);
    Place {
        namespace: text("/metadata/namespace").unwrap_or(namespace).to_owned(),
        name: text("/metadata/name").unwrap_or_default().to_owned(),
    }
}

fn said_at_end(ending: &Ending, is_local: bool, target: &Target, global: &Global) {
    if let Some(why) = &ending.stopped {
        super::screen::say(&format!("error: {why}"));
    }
    if ending.code == INTERRUPTED && is_local {
        super::screen::say("interrupted: the local cluster and its processes have ended");
    } else if ending.code == INTERRUPTED || ending.stopped.is_some() {
        goes_on(target, global);
    }
}

/// What goes on in the cluster without this command, and how to come back to it.
pub(super) fn goes_on(target: &Target, global: &Global) {
    super::screen::say(&format!(
        "the Jobs that were created go on; to come back: kubectl batch watch {}{}",
        namespace_flag(global),
        target.flags
    ));
}
