//! Which members of a group a command is about, as they stand now.

use serde_json::Value;

use super::clock::now;
use super::record::{observations, recall};
use super::session::Session;
use super::target::{Target, TargetArgs};
use super::{CliResult, Failure, Global};
use crate::cluster::act::list;
use crate::cluster::record::Stored;
use crate::cluster::rest::{JOBS, PODS};
use crate::group::{Group, JobView, Member, Observation, PodView};

/// A group, and members of it by item.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct ChoiceArgs {
    #[command(flatten)]
    pub(super) target: TargetArgs,
    /// Only the member of this item; repeatable
    #[arg(long = "item", value_name = "ITEM", help_heading = "Group")]
    pub(super) items: Vec<String>,
}

/// A group as it stands, with its Jobs' objects.
pub(super) struct Found {
    pub(super) session: Session,
    pub(super) target: Target,
    pub(super) group: Group,
    pub(super) jobs: Vec<Value>,
    /// The group's record; several with all namespaces, none where there is none.
    pub(super) records: Vec<Stored>,
}

impl ChoiceArgs {
    /// The same for a command that is about Jobs: a group without any ends it with 4.
    pub(super) async fn find(&self, global: &Global) -> CliResult<Found> {
        let found = self.look(global).await?;
        if found.jobs.is_empty() {
            return Err(no_job(&found.target));
        }
        Ok(found)
    }

    /// Connects and looks; a group without members, or an item that is none of it, ends the command with 4.
    pub(super) async fn look(&self, global: &Global) -> CliResult<Found> {
        let target = self.target.required()?;
        let session = Session::connect(global).await?;
        let namespace = self.target.namespace(&session.namespace);
        let (group, jobs, records) = read_group(&session, namespace, &target).await?;
        if group.members().is_empty() {
            return Err(no_job(&target));
        }
        let known = |item: &&String| group.members().iter().any(|member| member.item == **item);
        if let Some(item) = self.items.iter().find(|item| !known(item)) {
            return Err(Failure::nothing(format!(
                "no member of {} has the item \"{item}\"",
                target.title
            )));
        }
        Ok(Found {
            session,
            target,
            group,
            jobs,
            records,
        })
    }

    /// Whether a member is one of those that are named; without names, all are.
    pub(super) fn names(&self, member: &Member) -> bool {
        self.items.is_empty() || self.items.contains(&member.item)
    }
}

/// Nothing is there.
pub(super) fn no_job(target: &Target) -> Failure {
    Failure::nothing(format!("no Job matches {}", target.selector))
}

/// One look at the Jobs and Pods that a selector matches, and at what the group's record knows besides.
pub(super) async fn read_group(
    session: &Session,
    namespace: Option<&str>,
    target: &Target,
) -> CliResult<(Group, Vec<Value>, Vec<Stored>)> {
    // The record first: a Job that is created meanwhile is in the list.
    let records = recall(session, namespace, target).await;
    let (jobs, pods) = tokio::try_join!(
        list(&session.client, JOBS, namespace, &target.selector),
        list(&session.client, PODS, namespace, &target.selector),
    )?;
    Ok((fold(&records, &jobs, &pods), jobs, records))
}

/// The model of Jobs and Pods that were listed, and of what records know.
pub(super) fn fold(records: &[Stored], jobs: &[Value], pods: &[Value]) -> Group {
    let jobs = jobs.iter().filter_map(JobView::from_value);
    let pods = pods.iter().filter_map(PodView::from_value);
    let jobs = jobs.map(|job| Observation::Job(Box::new(job)));
    let pods = pods.map(|pod| Observation::Pod(Box::new(pod)));
    let seen = observations(records)
        .chain([Observation::JobsListing])
        .chain(jobs)
        .chain([Observation::JobsListed])
        .chain(pods);
    let (mut group, now) = (Group::default(), now());
    for seen in seen {
        group.handle(now, seen);
    }
    group
}
