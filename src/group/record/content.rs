//! The list and the outcomes of a record as JSON: rows of columns, so that they pack well.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Attempt, Record, Row};
use crate::group::phase::Phase;
use crate::group::place::Place;
use crate::items::Item;

/// Templates and members.
#[derive(Serialize, Deserialize)]
struct List {
    templates: Vec<Value>,
    members: Vec<MemberRow>,
}

/// Namespace, name, template, index, length of the list, item.
#[derive(Serialize, Deserialize)]
struct MemberRow(String, String, usize, usize, Option<usize>, Value);

/// The attempts of all members.
#[derive(Serialize, Deserialize)]
struct Outcomes {
    attempts: Vec<AttemptRow>,
}

/// The member's row, Job, number, beginning, phase, reason, cause, failures, seconds.
#[derive(Serialize, Deserialize)]
struct AttemptRow(
    usize,
    Option<String>,
    u32,
    Option<i64>,
    String,
    Option<String>,
    Option<String>,
    u32,
    Option<i64>,
);

/// The list as bytes.
pub(super) fn list(record: &Record) -> Vec<u8> {
    let row = |row: &Row| {
        let (place, item) = (row.place.clone(), &row.item);
        MemberRow(
            place.namespace,
            place.name,
            row.template,
            item.index,
            item.count,
            item.value.clone(),
        )
    };
    json(&List {
        templates: record.templates.clone(),
        members: record.members.iter().map(row).collect(),
    })
}

/// The outcomes as bytes.
pub(super) fn outcomes(record: &Record) -> Vec<u8> {
    let mut attempts = Vec::new();
    for (number, row) in record.members.iter().enumerate() {
        attempts.extend(row.attempts.iter().map(|attempt| {
            AttemptRow(
                number,
                attempt.job.clone(),
                attempt.number,
                attempt.began.map(Timestamp::as_second),
                attempt.phase.word().to_owned(),
                attempt.reason.clone(),
                attempt.cause.clone(),
                attempt.failures,
                attempt.ran_for.map(|time| time.as_secs()),
            )
        }));
    }
    json(&Outcomes { attempts })
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("texts and numbers are always JSON")
}

/// Templates and members from bytes; the error says what is wrong.
pub(super) fn read_list(bytes: &[u8]) -> Result<(Vec<Value>, Vec<Row>), String> {
    let list: List = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let mut members = Vec::with_capacity(list.members.len());
    for MemberRow(namespace, name, template, index, count, value) in list.members {
        if template >= list.templates.len() {
            return Err(format!(
                "{name} comes from the template {template}, which is not there"
            ));
        }
        members.push(Row {
            place: Place { namespace, name },
            item: Item {
                index,
                count,
                value,
            },
            template,
            attempts: Vec::new(),
        });
    }
    Ok((list.templates, members))
}

/// Puts outcomes from bytes into their rows; the error says what is wrong.
pub(super) fn read_outcomes(bytes: &[u8], members: &mut [Row]) -> Result<(), String> {
    let outcomes: Outcomes = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    for row in outcomes.attempts {
        let AttemptRow(member, job, number, began, phase, reason, cause, failures, ran_for) = row;
        let Some(member) = members.get_mut(member) else {
            return Err(format!(
                "an outcome is of the row {member}, which is not there"
            ));
        };
        let word = |known: &Phase| known.word() == phase;
        let Some(phase) = Phase::ALL.into_iter().find(word) else {
            return Err(format!("`{phase}` is no phase"));
        };
        member.attempts.push(Attempt {
            job,
            number,
            began: began.and_then(|second| Timestamp::from_second(second).ok()),
            phase,
            reason,
            cause,
            failures,
            ran_for: ran_for.map(SignedDuration::from_secs),
        });
    }
    Ok(())
}
