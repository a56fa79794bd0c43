//! Which members of a group a command is about, as they stand now.

use serde_json::Value;

use super::clock::now;
use super::session::Session;
use super::target::{Target, TargetArgs};
use super::{CliResult, Failure, Global};
use crate::cluster::act::list;
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
}

impl ChoiceArgs {
    /// Connects and looks; a group without members, or an item that is none of it, ends the command with 4.
    pub(super) async fn find(&self, global: &Global) -> CliResult<Found> {
        let target = self.target.required()?;
        let session = Session::connect(global).await?;
        let namespace = self.target.namespace(&session.namespace);
        let (group, jobs) = read_group(&session, namespace, &target.selector).await?;
        if jobs.is_empty() {
            return Err(Failure::nothing(format!(
                "no Job matches {}",
                target.selector
            )));
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
        })
    }

    /// Whether a member is one of those that are named; without names, all are.
    pub(super) fn names(&self, member: &Member) -> bool {
        self.items.is_empty() || self.items.contains(&member.item)
    }
}

/// One look at the Jobs and Pods that a selector matches.
pub(super) async fn read_group(
    session: &Session,
    namespace: Option<&str>,
    selector: &str,
) -> CliResult<(Group, Vec<Value>)> {
    let (jobs, pods) = tokio::try_join!(
        list(&session.client, JOBS, namespace, selector),
        list(&session.client, PODS, namespace, selector),
    )?;
    Ok((fold(&jobs, &pods), jobs))
}

/// The model of Jobs and Pods that were listed.
pub(super) fn fold(jobs: &[Value], pods: &[Value]) -> Group {
    let (mut group, now) = (Group::default(), now());
    for job in jobs.iter().filter_map(JobView::from_value) {
        group.handle(now, Observation::Job(Box::new(job)));
    }
    for pod in pods.iter().filter_map(PodView::from_value) {
        group.handle(now, Observation::Pod(Box::new(pod)));
    }
    group
}
