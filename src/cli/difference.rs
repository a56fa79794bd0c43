//! What `run` and `submit` do before the first create: hold the list against the cluster, say how it differs, and stop or
//! clear the way where another Job has a member's name.

use std::collections::BTreeSet;

use super::members::Members;
use super::screen::{say, warn};
use super::session::Session;
use super::target::Target;
use super::{CliResult, Failure};
use crate::cluster::act::list_each;
use crate::cluster::permissions::{REPLACE, Rule};
use crate::cluster::problem::{Class, Problem};
use crate::cluster::replace::{Cascade, delete_by_uid};
use crate::cluster::rest::JOBS;
use crate::cluster::submit::Prepared;
use crate::group::{Compared, Difference, JobView, Place, Standing, Wanted};
use crate::render;

/// `--replace`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct ReplaceArgs {
    /// Delete the members that are there with another digest, and create them again; foreground waits for their Pods
    #[arg(
        long,
        value_name = "HOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "foreground"
    )]
    replace: Option<Cascade>,
}

impl ReplaceArgs {
    /// The permissions that it takes.
    pub(super) fn needs(self) -> &'static [Rule] {
        if self.replace.is_some() { REPLACE } else { &[] }
    }
}

/// Looks at the cluster. Who may create and not list goes on without: each create still compares digests.
pub(super) async fn difference(
    session: &Session,
    target: &Target,
    wanted: &[Wanted],
    must_see: bool,
) -> CliResult<Difference> {
    compared(wanted, jobs(session, target, wanted).await, must_see)
}

/// The same while `check` asks the cluster other things; what `check` finds comes first.
pub(super) async fn checked_difference(
    check: impl Future<Output = CliResult<()>>,
    session: &Session,
    target: &Target,
    wanted: &[Wanted],
) -> CliResult<Difference> {
    let (checked, jobs) = futures::join!(check, jobs(session, target, wanted));
    checked?;
    compared(wanted, jobs, false)
}

fn compared(
    wanted: &[Wanted],
    jobs: Result<Vec<JobView>, Problem>,
    must_see: bool,
) -> CliResult<Difference> {
    match jobs {
        Ok(jobs) => Ok(Difference::new(wanted, jobs)),
        Err(problem) if problem.class == Class::Refused && !must_see => {
            warn(&format!(
                "the list cannot be compared with the cluster first: {problem}"
            ));
            Ok(Difference::new(wanted, []))
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn jobs(
    session: &Session,
    target: &Target,
    wanted: &[Wanted],
) -> Result<Vec<JobView>, Problem> {
    let namespaces: BTreeSet<&str> = wanted
        .iter()
        .map(|member| member.place.namespace.as_str())
        .collect();
    let mut jobs = Vec::new();
    for namespace in namespaces {
        let visit = |job| jobs.extend(JobView::from_value(&job));
        list_each(
            &session.client,
            JOBS,
            Some(namespace),
            &target.selector,
            visit,
        )
        .await?;
    }
    Ok(jobs)
}

/// What is left to do about a list, once the way is clear.
#[derive(Debug, Default)]
pub(super) struct Todo {
    /// Members that are there as they should be: they are not sent.
    pub(super) there: BTreeSet<Place>,
    /// Jobs that are about to go, by uid.
    pub(super) replaced: Vec<(Place, String)>,
}

impl Todo {
    /// Whether a member is to be sent.
    pub(super) fn sends(&self, member: &Prepared) -> bool {
        !self.there.contains(&member.place)
    }
}

/// Says what is there already, and makes room for what is to be created; what is in the way ends the command.
pub(super) async fn clear_way(
    difference: &Difference,
    members: &Members,
    session: &Session,
    target: &Target,
    replace: ReplaceArgs,
) -> CliResult<Todo> {
    if difference.has_any() {
        say(&format!("{}: {}", target.title, difference.words()));
    }
    let todo = todo(difference, members.only_jobs);
    if todo.replaced.is_empty() {
        return Ok(todo);
    }
    let Some(cascade) = replace.replace else {
        return Err(in_the_way(difference, target));
    };
    let (deleted, error) = delete_by_uid(&session.client, todo.replaced.clone(), cascade).await;
    say(&format!(
        "{}: {} deleted to be created again",
        target.title,
        render::counted(deleted, "member")
    ));
    error.map_or(Ok(todo), |error| Err(error.into()))
}

/// Where other objects come with the Jobs, every member is sent: one of those may be missing.
fn todo(difference: &Difference, only_jobs: bool) -> Todo {
    let stays = difference
        .members
        .iter()
        .filter(|member| only_jobs && member.standing.stays());
    let changed = difference.of(Standing::Changed);
    let uid = |member: &Compared| {
        let present = member.present.as_ref()?;
        Some((member.place.clone(), present.uid.clone()))
    };
    Todo {
        there: stays.map(|member| member.place.clone()).collect(),
        replaced: changed.filter_map(uid).collect(),
    }
}

fn in_the_way(difference: &Difference, target: &Target) -> Failure {
    let count = difference.of(Standing::Changed).count();
    let are = if count == 1 { "is" } else { "are" };
    let list = render::clashes(difference).join("\n");
    Failure::cluster(format!(
        "{} of {} {are} there already as something else:\n{list}\n\
         hint: nothing was created; --replace deletes and recreates them, --group and metadata.name make another group",
        render::counted(count, "member"),
        target.title
    ))
}
