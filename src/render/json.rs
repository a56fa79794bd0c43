//! Changes and the verdict as JSON objects, one a line; the names of the fields are stable within `version`.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::group::{Change, Phase, Verdict, What};

/// Grows when a field changes its meaning or goes.
const VERSION: u32 = 1;

/// One change of a member.
pub fn change_event(group: &str, change: &Change) -> Value {
    let (kind, details) = match &change.what {
        What::Created => ("created", json!({})),
        What::Unchanged => ("unchanged", json!({})),
        What::Phase {
            from,
            to,
            reason,
            ran_for,
        } => (
            "phase",
            json!({
                "phase": to.word(), "from": from.word(), "reason": reason,
                "seconds": ran_for.map(|time| time.as_secs()),
            }),
        ),
        What::TryFailed {
            failures,
            tries_max,
            reason,
            next_try,
        } => (
            "tryFailed",
            json!({
                "failures": failures, "triesMax": tries_max, "reason": reason,
                "nextTry": next_try.map(|due| due.to_string()),
            }),
        ),
        What::Waits { reason, stuck, .. } => ("waits", json!({"reason": reason, "stuck": stuck})),
    };
    let mut event = json!({
        "version": VERSION, "type": kind, "time": change.at.to_string(), "group": group,
        "namespace": change.place.namespace, "job": change.place.name, "item": change.item,
    });
    for (field, value) in details.as_object().into_iter().flatten() {
        if !value.is_null() {
            event[field] = value.clone();
        }
    }
    event
}

/// One line that a container of a member wrote.
pub fn output_event(group: &str, item: &str, pod: &str, line: &str) -> Value {
    json!({"version": VERSION, "type": "output", "group": group, "item": item, "pod": pod, "line": line})
}

/// What became of the group; the last event.
pub fn verdict_event(group: &str, verdict: Verdict, exit_code: u8, at: Timestamp) -> Value {
    let mut event = json!({
        "version": VERSION, "type": "verdict", "time": at.to_string(), "group": group,
        "total": verdict.tally.total(), "exitCode": exit_code,
    });
    for phase in Phase::ALL {
        event[phase.field()] = verdict.tally.of(phase).into();
    }
    event
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{Group, Place};

    #[test]
    fn events_have_stable_fields() {
        let change = Change {
            at: Timestamp::UNIX_EPOCH,
            item: "apple".into(),
            place: Place {
                namespace: "default".into(),
                name: "p-apple".into(),
            },
            what: What::Phase {
                from: Phase::Running,
                to: Phase::Failed,
                reason: Some("exit 3".into()),
                ran_for: None,
            },
        };
        let events = [
            change_event("g", &change),
            output_event("g", "apple", "p-apple-x", "hello"),
            verdict_event("g", Group::default().verdict(), 3, Timestamp::UNIX_EPOCH),
        ];
        insta::assert_snapshot!(events.map(|event| event.to_string()).join("\n"), @r#"
        {"version":1,"type":"phase","time":"1970-01-01T00:00:00Z","group":"g","namespace":"default","job":"p-apple","item":"apple","phase":"failed","from":"running","reason":"exit 3"}
        {"version":1,"type":"output","group":"g","item":"apple","pod":"p-apple-x","line":"hello"}
        {"version":1,"type":"verdict","time":"1970-01-01T00:00:00Z","group":"g","total":0,"exitCode":3,"failed":0,"refused":0,"gone":0,"backingOff":0,"running":0,"pending":0,"suspended":0,"waiting":0,"succeeded":0}
        "#);
    }
}
