//! The members of one group.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Args;
use super::sheet::{Output, Sheet};
use crate::cli::CliResult;
use crate::cli::choice::Found;
use crate::cli::clock::now;
use crate::cli::screen::say;
use crate::cluster::record::Stored;
use crate::group::record::Attempt;
use crate::group::{Group, Member, Phase, Place};
use crate::render;

const HEADERS: &[&str] = &["ITEM", "STATUS", "FAILURES", "TIME", "REASON"];
const WIDE: &[&str] = &[
    "ITEM", "STATUS", "FAILURES", "TIME", "REASON", "INDEX", "JOB", "NODE", "EXIT",
];

/// Shows the members that are asked for, in the order of the list.
pub(super) fn show(mut found: Found, args: &Args) -> CliResult {
    learn(&mut found.records, &found.group);
    let (group, title) = (&found.group, &found.target.title);
    let mut members: Vec<&Member> = group
        .members()
        .iter()
        .filter(|member| args.choice.names(member))
        .collect();
    members.sort_by_key(|member| (member.index, &member.place));
    let attempts = attempts(&found.records);
    let objects = members
        .iter()
        .map(|member| member_json(member, attempts.get(&member.place).copied()));
    let is_wide = matches!(args.output, Output::Wide);
    let sheet = Sheet {
        document: json!({"group": title, "total": members.len(), "members": objects.collect::<Vec<_>>()}),
        rows_at: "members",
        headers: if is_wide { WIDE } else { HEADERS },
        rows: members.iter().map(|member| row(member, is_wide)).collect(),
        names: members
            .iter()
            .map(|member| format!("job.batch/{}", member.place.name))
            .collect(),
    };
    sheet.print(&args.output, args.no_headers)?;
    if args.output.is_table() {
        say(&format!("{title}: {}", group.verdict().words()));
    }
    Ok(0)
}

fn row(member: &Member, is_wide: bool) -> Vec<String> {
    let state = &member.state;
    let since = || Some(now().duration_since(state.since?));
    let time = member
        .ran_for
        .or_else(since)
        .filter(|_| state.phase != Phase::Gone);
    let shown = |text: &str| render::show(text).into_owned();
    let mut row = vec![
        shown(&member.item),
        state.phase.word().to_owned(),
        state.failures.to_string(),
        time.map(render::human).unwrap_or_default(),
        shown(state.reason.as_deref().unwrap_or("")),
    ];
    if is_wide {
        row.extend([
            member
                .index
                .map(|index| index.to_string())
                .unwrap_or_default(),
            shown(&member.place.name),
            shown(member.node.as_deref().unwrap_or_default()),
            member
                .exit_code
                .map(|code| code.to_string())
                .unwrap_or_default(),
        ]);
    }
    row
}

/// Adds what is seen now, for this answer only.
pub(super) fn learn(records: &mut [Stored], group: &Group) {
    let seen = |member: &Member| Some((member.place.clone(), member.attempt()?));
    let seen: Vec<_> = group.members().iter().filter_map(seen).collect();
    for stored in records {
        stored.record.learn(&seen);
    }
}

/// The Jobs of each member so far, as records know them.
pub(super) fn attempts(records: &[Stored]) -> BTreeMap<&Place, &[Attempt]> {
    let rows = records.iter().flat_map(|stored| &stored.record.members);
    rows.map(|row| (&row.place, row.attempts.as_slice()))
        .collect()
}

fn attempt_json(attempt: &Attempt) -> Value {
    json!({
        "number": attempt.number, "phase": attempt.phase.word(), "reason": attempt.reason,
        "began": attempt.began, "seconds": attempt.ran_for.map(|time| time.as_secs()),
    })
}

fn member_json(member: &Member, attempts: Option<&[Attempt]>) -> Value {
    let attempts = attempts.unwrap_or_default().iter();
    json!({
        "item": member.item, "index": member.index,
        "namespace": member.place.namespace, "job": member.place.name,
        "uid": member.job().map(|job| &job.uid), "phase": member.state.phase.word(), "reason": member.state.reason,
        "node": member.node, "exitCode": member.exit_code, "failures": member.state.failures, "seconds": member.ran_for.map(|time| time.as_secs()),
        "attempts": attempts.map(attempt_json).collect::<Vec<_>>(),
        "pods": member.pods().iter().map(|pod| pod.name.as_str()).collect::<Vec<_>>(),
    })
}
