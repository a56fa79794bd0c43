//! `watch`: shows a group until all its members have ended.

use futures::stream::{self, StreamExt};

use super::clock::now;
use super::error::INTERRUPTED;
use super::follow::{self, Ending, Follow};
use super::record::{Ledger, observations, recall, store_of};
use super::screen::{Caption, Progress, Screen};
use super::session::{Session, block_on};
use super::show::ShowArgs;
use super::target::TargetArgs;
use super::ttl::TtlArgs;
use super::{CliResult, Global, goes_on};
use crate::cluster::observe::observe;
use crate::group::Group;

/// Show a group until all its members have ended
///
/// A group that does not exist yet is waited for.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    pub(super) show: ShowArgs,
    #[command(flatten)]
    ttl: TtlArgs,
}

/// Watches.
pub(super) fn watch(args: &Args, global: &Global) -> CliResult {
    attach(&args.attach(), global)
}

impl Args {
    pub(super) fn attach(&self) -> Attach<'_> {
        Attach {
            target: &self.target,
            show: &self.show,
            ttl: self.ttl,
            progress: self.show.progress(),
            must_exist: false,
        }
    }
}

/// How a group is followed that this command did not create.
pub(super) struct Attach<'a> {
    pub(super) target: &'a TargetArgs,
    pub(super) show: &'a ShowArgs,
    pub(super) ttl: TtlArgs,
    pub(super) progress: Progress,
    /// A group without members ends the command at once.
    pub(super) must_exist: bool,
}

/// Follows a group that this command did not create.
pub(super) fn attach(attach: &Attach<'_>, global: &Global) -> CliResult {
    attach.show.check()?;
    attach.target.required()?;
    block_on(async { attach_in(&Session::connect(global).await?, attach, global).await })
}

/// The same, in a session.
pub(super) async fn attach_in(
    session: &Session,
    attach: &Attach<'_>,
    global: &Global,
) -> CliResult {
    let named = attach.target.required()?;
    let namespace = attach.target.namespace(&session.namespace);
    let records = recall(session, namespace, &named).await;
    let store = store_of(session, &named).filter(|_| namespace.is_some());
    let ledger = Ledger::of_watcher(&session.client, namespace, &named, &records, store);
    let recorded: Vec<_> = observations(&records).map(Ok).collect();
    let caption = Caption {
        title: named.title.clone(),
        place: namespace.unwrap_or("all namespaces").to_owned(),
        began: now(),
    };
    let reports = attach.show.reports.open()?;
    let mut screen = Screen::new(attach.progress, caption, global).with_reports(reports);
    let follow = Follow {
        group: Group::default(),
        submission: None,
        // What the record knows comes first, and what is seen stands against it.
        observed: stream::iter(recorded)
            .chain(observe(&session.client, namespace, &named.selector))
            .boxed(),
        client: session.client.clone(),
        logs: attach.show.logs(false),
        reading: attach.show.reading.clone(),
        ttl: attach.ttl,
        timeout: attach.show.timeout()?,
        pending_timeout: attach.show.pending_timeout()?,
        must_exist: attach.must_exist,
        ledger: Some(ledger),
        detach: false,
    };
    let Ending { code, gave_up, .. } = follow::follow(follow, &mut screen).await?;
    if code == INTERRUPTED || gave_up {
        goes_on::watch(&named, global);
    }
    Ok(code)
}
