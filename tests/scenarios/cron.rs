//! Kinds about schedules, missed starts, and CronJobs as they are stored.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kubectl_batch::cron::admission::default_cron_job;
use kubectl_batch::cron::validation::validate;
use kubectl_batch::cron::{Due, Missed, Schedule, due, earliest, load_zone, requeue_after};
use serde_json::{Value, json};

use crate::compare::{close, now, same, truth};
use crate::validation::{job_spec, same_errors};

/// A text and whether it is a schedule.
pub(crate) fn parse(case: &Value) -> Result<(), String> {
    let (given, expect) = (&case["given"], &case["expect"]);
    let text = given["schedule"].as_str().ok_or("no schedule")?;
    let valid = Schedule::parse(text, TimeZone::UTC).is_ok();
    same("valid", &json!(valid), &expect["valid"])
}

/// The times that follow an instant.
pub(crate) fn next(case: &Value) -> Result<(), String> {
    let (given, expect) = (&case["given"], &case["expect"]);
    let name = given["time_zone"].as_str().unwrap_or("UTC");
    let zone = load_zone(name).ok_or_else(|| format!("no zone {name}"))?;
    let text = given["schedule"].as_str().ok_or("no schedule")?;
    let schedule = Schedule::parse(text, zone).map_err(|error| error.to_string())?;
    let mut after = instant(&given["after"])?;
    for wanted in expect["next"].as_array().ok_or("no list of times")? {
        let found = after.and_then(|after| schedule.next(after));
        same("next", &found, &instant(wanted)?)?;
        after = found;
    }
    Ok(())
}

/// The latest start that is due.
pub(crate) fn most_recent(case: &Value) -> Result<(), String> {
    let (given, expect) = (&case["given"], &case["expect"]);
    let (now, schedule) = (now(case)?, schedule(given)?);
    let applied = truth(given, "apply_starting_deadline", false)?;
    let deadline = given["starting_deadline_seconds"].as_i64();
    let (created, last) = (created(given)?, instant(&given["last_schedule_time"])?);
    let start = earliest(created, last, deadline.filter(|_| applied), now);
    same("earliest", &Some(start), &instant(&expect["earliest"])?)?;
    let found = due(&schedule, start, now);
    same(
        "error",
        &json!(found.is_err()),
        &json!(truth(expect, "error", false)?),
    )?;
    let found = found.unwrap_or(Due {
        time: None,
        missed: Missed::None,
    });
    same(
        "most_recent",
        &found.time,
        &instant(&expect["most_recent"])?,
    )?;
    let missed = match found.missed {
        Missed::None => "none",
        Missed::Few => "few",
        Missed::Many => "many",
    };
    same("missed", &json!(missed), &expect["missed"])
}

/// When to look again.
pub(crate) fn requeue(case: &Value) -> Result<(), String> {
    let (given, expect) = (&case["given"], &case["expect"]);
    let last = instant(&given["last_schedule_time"])?;
    let found = requeue_after(&schedule(given)?, created(given)?, last, now(case)?);
    let found = found.map(|wait| wait.as_secs_f64());
    close("requeue", found, expect["requeue_after_seconds"].as_f64())
}

/// A CronJob as submitted and what the API server fills in.
pub(crate) fn defaults(case: &Value) -> Result<(), String> {
    let mut cron_job = case["given"].clone();
    default_cron_job(&mut cron_job);
    let expect = case["expect"].as_object();
    for (field, wanted) in expect.ok_or("expect is not a mapping")? {
        let found = match field.as_str() {
            "labels" => &cron_job["metadata"]["labels"],
            _ => &cron_job["spec"][field],
        };
        same(field, found, wanted)?;
    }
    Ok(())
}

/// A CronJob as submitted, or changed, and the findings of the API server.
pub(crate) fn validation(case: &Value) -> Result<(), String> {
    let given = &case["given"];
    let new = object(&given["cronjob"])?;
    let old = match &given["old_cronjob"] {
        Value::Null => None,
        old => Some(object(old)?),
    };
    same_errors(&validate(&new, old.as_ref()), &case["expect"])
}

fn object(form: &Value) -> Result<Value, String> {
    let template = &form["spec"]["jobTemplate"];
    let mut cron_job = json!({"metadata": {"name": "mycronjob"}, "spec": {}});
    for part in ["metadata", "spec"] {
        for (key, value) in form[part].as_object().into_iter().flatten() {
            cron_job[part][key] = value.clone();
        }
    }
    cron_job["spec"]["jobTemplate"] = json!({"spec": job_spec(&template["spec"])?});
    default_cron_job(&mut cron_job);
    Ok(cron_job)
}

fn schedule(given: &Value) -> Result<Schedule, String> {
    let text = given["schedule"].as_str().ok_or("no schedule")?;
    Schedule::parse(text, TimeZone::UTC).map_err(|error| error.to_string())
}

fn created(given: &Value) -> Result<Timestamp, String> {
    instant(&given["creation_timestamp"])?.ok_or_else(|| "no creation timestamp".to_owned())
}

/// An instant, or nothing.
pub(crate) fn instant(value: &Value) -> Result<Option<Timestamp>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => match text.parse() {
            Ok(instant) => Ok(Some(instant)),
            Err(error) => Err(format!("instant {text}: {error}")),
        },
        other => Err(format!("{other} is not an instant")),
    }
}
