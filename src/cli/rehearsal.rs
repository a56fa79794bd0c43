//! `--dry-run` of `run` and `submit`: what would be done, and what the server says of it; nothing is kept.

use futures::StreamExt;

use super::difference::difference;
use super::dry_run::DryRun;
use super::input::Batch;
use super::members::{Members, prepared};
use super::print::{print, print_json};
use super::screen::say;
use super::session::Session;
use super::target::Target;
use super::{CliResult, Failure};
use crate::cluster::gate::Gate;
use crate::cluster::submit::{Event, Options, Outcome, submit};
use crate::group::{Difference, Place, Standing};
use crate::render;

/// Members that the server would refuse and that are told.
const TOLD_MAX: usize = 10;

/// Prints the names for `client`; for `server`, how list and cluster differ, after the server has checked what is new.
pub(super) async fn rehearse(
    batch: &Batch,
    members: &Members,
    session: &Session,
    target: &Target,
    mode: DryRun,
    as_json: bool,
) -> CliResult {
    if mode == DryRun::Client {
        for member in members.group.members() {
            let name = &member.place.name;
            print(&format!("job.batch/{name} created{}", mode.suffix()))?;
        }
        return Ok(0);
    }
    let difference = difference(session, target, &members.wanted, true).await?;
    let refused = refused(batch, &difference, session).await?;
    if as_json {
        print_json(&render::difference_json(&target.title, &difference))?;
    } else {
        print(render::difference_table(&difference).trim_end())?;
    }
    for (place, why) in refused.iter().take(TOLD_MAX) {
        let item = members
            .group
            .member(place)
            .map_or("", |member| &member.item);
        say(&render::refusal(place, item, why));
    }
    say(&format!(
        "{}: {}{}{}",
        target.title,
        difference.words(),
        if refused.is_empty() {
            String::new()
        } else {
            format!(", {} refused", refused.len())
        },
        mode.suffix()
    ));
    Ok(if refused.is_empty() { 0 } else { 5 })
}

/// Lets the server check all members that are new, without keeping them; gives those that it refuses.
async fn refused(
    batch: &Batch,
    difference: &Difference,
    session: &Session,
) -> CliResult<Vec<(Place, String)>> {
    let new: std::collections::BTreeSet<&Place> = difference
        .of(Standing::New)
        .map(|member| &member.place)
        .collect();
    let sent = prepared(&batch.template, &batch.items, &session.namespace)
        .filter(|member| new.contains(&member.place));
    let options = Options {
        is_dry_run: true,
        ..Options::default()
    };
    let gate = Gate::default();
    let mut events = submit(&session.client, sent, &options, &gate);
    let mut refused = Vec::new();
    while let Some(event) = events.next().await {
        session.say_warnings();
        match event {
            Event::Member(place, Outcome::Refused(why)) => refused.push((place, why)),
            Event::Member(_, Outcome::Unreachable(why)) => return Err(Failure::cluster(why)),
            Event::Member(..) | Event::GoesOn => {}
            Event::Waiting(why) => say(&format!("waiting: {why}")),
        }
    }
    Ok(refused)
}
