//! Comparing statuses: as scenarios write them, with those that the API stores.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kubectl_batch::job::status_rules::validate_status_update;
use serde_json::Value;

use crate::compare::same;
use crate::engine::Write;

/// Fails unless a stored status is as a scenario wants it; what is absent is empty.
pub(crate) fn same_status(what: &str, found: &Value, wanted: &Value) -> Result<(), String> {
    for field in ["active", "succeeded", "failed"] {
        let number = |status: &Value| status[field].as_i64().unwrap_or(0);
        same(&format!("{what}.{field}"), &number(found), &number(wanted))?;
    }
    for field in ["ready", "terminating", "failedIndexes"] {
        same(&format!("{what}.{field}"), &found[field], &wanted[field])?;
    }
    let text = |status: &Value| status["completedIndexes"].as_str().unwrap_or("").to_owned();
    same(
        &format!("{what}.completedIndexes"),
        &text(found),
        &text(wanted),
    )?;
    for field in ["startTime", "completionTime"] {
        let name = format!("{what}.{field}");
        same(&name, &instant(&found[field])?, &instant(&wanted[field])?)?;
    }
    uncounted(what, found, wanted)?;
    same(
        &format!("{what}.conditions"),
        &conditions(found),
        &conditions(wanted),
    )
}

fn instant(value: &Value) -> Result<Option<Timestamp>, String> {
    let parse = |text: &str| {
        text.parse()
            .map_err(|error| format!("instant {text}: {error}"))
    };
    value.as_str().map(parse).transpose()
}

/// Lists of more than 20 uids are given as their number.
fn uncounted(what: &str, found: &Value, wanted: &Value) -> Result<(), String> {
    let key = "uncountedTerminatedPods";
    for list in ["succeeded", "failed"] {
        let uids = |status: &Value| -> BTreeSet<String> {
            let uids = status[key][list].as_array().into_iter().flatten();
            uids.map(|uid| uid.as_str().unwrap_or_default().to_owned())
                .collect()
        };
        let name = format!("{what}.{key}.{list}");
        match wanted[key][format!("{list}_count")].as_u64() {
            Some(count) => same(&name, &(uids(found).len() as u64), &count)?,
            None => same(&name, &uids(found), &uids(wanted))?,
        }
    }
    Ok(())
}

fn conditions(status: &Value) -> Vec<[String; 4]> {
    let entries = status["conditions"].as_array().into_iter().flatten();
    entries.map(condition).collect()
}

fn condition(entry: &Value) -> [String; 4] {
    ["type", "status", "reason", "message"]
        .map(|key| entry[key].as_str().unwrap_or_default().to_owned())
}

/// Fails unless the entries that a write changed carry its time, and the others what they had.
pub(crate) fn times_of_conditions(old: &Value, new: &Value, now: Timestamp) -> Result<(), String> {
    let entries = |status: &Value| status["conditions"].as_array().cloned().unwrap_or_default();
    let before = entries(old);
    for entry in entries(new) {
        let known = before.iter().find(|b| condition(b) == condition(&entry));
        for field in ["lastTransitionTime", "lastProbeTime"] {
            let wanted = match known {
                Some(known) => instant(&known[field])?,
                None => Some(now),
            };
            let name = format!("{field} of condition {}", entry["type"]);
            same(&name, &instant(&entry[field])?, &wanted)?;
        }
    }
    Ok(())
}

/// Fails if the API server would refuse one of these writes by its rules, given what was stored before.
pub(crate) fn accepted(spec: &Value, stored: &Value, writes: &[Write]) -> Result<(), String> {
    let mut old = stored;
    for write in writes {
        let causes = validate_status_update(spec, old, &write.status);
        if !causes.is_empty() {
            return Err(format!("the API server refuses the write: {causes:?}"));
        }
        if write.stored {
            old = &write.status;
        }
    }
    Ok(())
}
