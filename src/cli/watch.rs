//! `watch`: shows a group until all its members have ended.

use futures::stream::{self, StreamExt};

use super::clock::now;
use super::error::INTERRUPTED;
use super::follow::{self, Ending, Follow};
use super::record::{Ledger, observations, recall, store_of};
use super::run::ShowArgs;
use super::screen::{Caption, Progress, Screen};
use super::session::{Session, block_on};
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
    attach(
        &args.target,
        &args.show,
        args.ttl,
        args.show.progress(),
        false,
        global,
    )
}

/// Follows a group that this command did not create.
pub(super) fn attach(
    target: &TargetArgs,
    show: &ShowArgs,
    ttl: TtlArgs,
    progress: Progress,
    must_exist: bool,
    global: &Global,
) -> CliResult {
    let timeout = show.timeout()?;
    let named = target.required()?;
    block_on(async {
        let session = Session::connect(global).await?;
        let namespace = target.namespace(&session.namespace);
        let records = recall(&session, namespace, &named).await;
        let store = store_of(&session, &named).filter(|_| namespace.is_some());
        let ledger = Ledger::of_watcher(&session.client, namespace, &named, &records, store);
        let recorded: Vec<_> = observations(&records).map(Ok).collect();
        let caption = Caption {
            title: named.title.clone(),
            place: namespace.unwrap_or("all namespaces").to_owned(),
            began: now(),
        };
        let reports = show.reports.open()?;
        let mut screen = Screen::new(progress, caption, global).with_reports(reports);
        let follow = Follow {
            group: Group::default(),
            submission: None,
            // What the record knows comes first, and what is seen stands against it.
            observed: stream::iter(recorded)
                .chain(observe(&session.client, namespace, &named.selector))
                .boxed(),
            client: session.client.clone(),
            logs: show.logs(false),
            only_items: show.items.clone(),
            ttl,
            timeout,
            must_exist,
            ledger: Some(ledger),
            detach: false,
        };
        let Ending { code, .. } = follow::follow(follow, &mut screen).await?;
        if code == INTERRUPTED {
            goes_on::watch(&named, global);
        }
        Ok(code)
    })
}
