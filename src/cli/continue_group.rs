//! `continue`: creates the members of a group that were never created, from the group's record, and watches to the end.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt};

use super::clock::now;
use super::follow::{self, Follow, Reading, Submission};
use super::hold::held;
use super::policy::PolicyArgs;
use super::record::{self, Ledger, recorded};
use super::screen::{Caption, Screen, say};
use super::session::{Session, block_on};
use super::set::{no_record, store};
use super::show::ShowArgs;
use super::target::TargetArgs;
use super::ttl::TtlArgs;
use super::{CliResult, Failure, Global, goes_on};
use crate::cluster::act::list;
use crate::cluster::gate::Gate;
use crate::cluster::observe::observe;
use crate::cluster::record::Stored;
use crate::cluster::rest::JOBS;
use crate::cluster::submit::submit;
use crate::group::record::Row;
use crate::group::{Group, Observation, Place};

/// Create the members of a group that were never created, and watch to the end
///
/// For a run or submit that was interrupted, detached or halted: the list, the template and the options come from the group's
/// record, so it works from any machine. Members that had a Job are left alone, also if it is gone.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  kubectl batch continue jobexample
  kubectl batch continue -l jobgroup=jobexample --max-active 20 --detach")]
pub(super) struct Args {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Return as soon as no more members may be created for now, instead of watching to the end
    #[arg(long, help_heading = "Pace")]
    detach: bool,
    #[command(flatten)]
    ttl: TtlArgs,
    #[command(flatten)]
    show: ShowArgs,
}

/// Goes on.
pub(super) fn go_on(args: &Args, global: &Global) -> CliResult {
    args.show.check()?;
    let target = args.target.required()?;
    if args.target.all_namespaces {
        return Err(Failure::usage(
            "continue works in one namespace, not with -A",
        ));
    }
    block_on(async {
        let session = Session::connect(global).await?;
        let store = store(&session, &target)?;
        let Some(stored) = store.read().await.map_err(Failure::cluster)? else {
            return Err(no_record(&target));
        };
        let settings = args.policy.settings(&stored.record.settings)?;
        let policy = settings.policy().expect("it was checked");
        let undone = undone(&session, &stored, &target.selector).await?;
        if undone.is_empty() {
            say(&format!("all members of {} were created", target.title));
        }
        let (group, others) = model(&stored, &undone);
        let expanded = record::expand(&stored.record, undone)?;
        let recorder = record::go_on(store, &settings).await?;
        let gate = Gate::closed();
        let members = held(expanded.prepared(), settings.suspended);
        let outcomes = submit(&session.client, members, &args.policy.options(), &gate);
        let caption = Caption {
            title: target.title.clone(),
            place: session.place.clone(),
            began: now(),
        };
        let reports = args.show.reports.open()?;
        let mut screen = Screen::new(args.show.progress(), caption, global).with_reports(reports);
        let observed = observe(&session.client, Some(&session.namespace), &target.selector);
        let follow = Follow {
            group,
            submission: Some(Submission {
                outcomes,
                gate,
                there: Vec::new(),
                answered: 0,
                policy,
            }),
            observed: stream::iter(others).chain(observed).boxed(),
            client: session.client.clone(),
            logs: args.show.logs(false),
            reading: Reading::default(),
            ttl: args.ttl,
            timeout: args.show.timeout()?,
            pending_timeout: args.show.pending_timeout()?,
            must_exist: false,
            ledger: recorder.map(|recorder| Ledger::of_creator(&session.client, &target, recorder)),
            detach: args.detach,
        };
        let ending = follow::follow(follow, &mut screen).await?;
        session.say_warnings();
        goes_on::say(&ending, false, args.detach, &target, global);
        Ok(ending.code)
    })
}

/// The members that never had a Job, in the order of the list.
async fn undone<'a>(
    session: &Session,
    stored: &'a Stored,
    selector: &str,
) -> CliResult<Vec<&'a Row>> {
    let jobs = list(&session.client, JOBS, Some(&session.namespace), selector).await?;
    let there: BTreeSet<Place> = jobs.iter().filter_map(Place::of).collect();
    let rows = stored.record.members.iter();
    let mut undone: Vec<&Row> = rows
        .filter(|row| row.last().is_none() && !there.contains(&row.place))
        .collect();
    undone.sort_by_key(|row| row.item.index);
    Ok(undone)
}

/// The model with the members that will be created, and what the record knows of the others.
fn model(stored: &Stored, undone: &[&Row]) -> (Group, Vec<Result<Observation, String>>) {
    let expected: BTreeSet<&Place> = undone.iter().map(|row| &row.place).collect();
    let (mut group, mut others) = (Group::default(), Vec::new());
    for member in recorded(&stored.record) {
        if expected.contains(&member.place) {
            group.expect(member.place, member.item, member.index);
        } else {
            others.push(Ok(Observation::Recorded(Box::new(member))));
        }
    }
    (group, others)
}
