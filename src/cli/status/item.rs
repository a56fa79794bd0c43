//! All that is known of one member.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::members::{attempts, learn};
use crate::cli::CliResult;
use crate::cli::choice::Found;
use crate::cli::clock::now;
use crate::cli::print::print;
use crate::cli::screen::warn;
use crate::cluster::act::encode;
use crate::cluster::rest::{self, EVENTS};
use crate::group::Member;
use crate::group::record::Attempt;
use crate::render::{human, show, until};

/// Events of one object that are shown, the latest.
const EVENTS_MAX: usize = 10;

/// Shows the member of an item.
pub(super) async fn show_item(mut found: Found, item: &str) -> CliResult {
    learn(&mut found.records, &found.group);
    let attempts = attempts(&found.records);
    let members = found
        .group
        .members()
        .iter()
        .filter(|member| member.item == item);
    for member in members {
        let tries = attempts.get(&member.place).copied().unwrap_or_default();
        let mut text = describe(member, tries, now());
        let mut names = vec![member.place.name.as_str()];
        names.extend(member.pods().iter().map(|pod| pod.name.as_str()));
        for name in names {
            let path = events_path(&member.place.namespace, name);
            match rest::get_path(&found.session.client, &path).await {
                Ok(events) => describe_events(&mut text, name, &events),
                // Whoever may see Jobs may not always see these.
                Err(error) => warn(&format!("the Events of {name} cannot be read: {error}")),
            }
        }
        print(text.trim_end())?;
    }
    Ok(0)
}

fn describe(member: &Member, attempts: &[Attempt], now: Timestamp) -> String {
    let state = &member.state;
    let since = state.since.map(|since| human(now.duration_since(since)));
    let time = member.ran_for.map(human).or(since);
    let fields = [
        ("Item", Some(member.item.clone())),
        ("Index", member.index.map(|index| index.to_string())),
        ("Job", Some(member.place.to_string())),
        ("Status", Some(state.phase.word().to_owned())),
        ("Reason", state.reason.clone()),
        (
            "Failures",
            Some(format!("{} of {} tries", state.failures, state.tries_max)),
        ),
        ("Next try", state.next_try.map(|at| due(at, now))),
        ("Deadline", state.deadline.map(|at| due(at, now))),
        ("Behind", member.lag(now).map(behind)),
        ("Time", time),
        ("Node", member.node.clone()),
        ("Exit code", member.exit_code.map(|code| code.to_string())),
        ("Last line", member.last_line.clone()),
    ];
    let mut text = String::new();
    for (name, value) in fields {
        if let Some(value) = value {
            // Writing into a string does not fail.
            let _ = writeln!(text, "{:<11} {}", format!("{name}:"), show(&value));
        }
    }
    for attempt in attempts {
        let reason = attempt.reason.as_deref().unwrap_or_default();
        let time = attempt.ran_for.map(human).unwrap_or_default();
        let line = format!(
            "{}  {}  {time}  {}",
            attempt.number,
            attempt.phase.word(),
            show(reason)
        );
        let _ = writeln!(text, "{:<11} {}", "Attempt:", line.trim_end());
    }
    for pod in member.pods() {
        let _ = writeln!(text, "{:<11} {}", "Pod:", show(&pod.name));
    }
    text
}

/// An instant, and how long it is until then.
fn due(at: Timestamp, now: Timestamp) -> String {
    format!("{at} (in {})", until(at, now))
}

/// The Job's status follows its Pods, and the next Pod a failed one, by the work of the Job controller.
fn behind(lag: SignedDuration) -> String {
    format!(
        "{}: the Job controller has something to do for it",
        human(lag)
    )
}

fn events_path(namespace: &str, name: &str) -> String {
    let selector = encode(&format!("involvedObject.name={name}"));
    format!("{}?fieldSelector={selector}", EVENTS.path(namespace, &[]))
}

fn describe_events(text: &mut String, name: &str, list: &Value) {
    let events = list["items"].as_array().map_or(&[][..], Vec::as_slice);
    for event in &events[events.len().saturating_sub(EVENTS_MAX)..] {
        let field = |field: &str| show(event[field].as_str().unwrap_or_default()).into_owned();
        let _ = writeln!(
            text,
            "{:<11} {}  {}  {}  {}",
            "Event:",
            show(name),
            field("type"),
            field("reason"),
            field("message")
        );
    }
}
