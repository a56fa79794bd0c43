//! Kinds that check one rule each: index lists, status updates, time to live, left-over finalizers, defaults.

use std::collections::BTreeSet;

use kubectl_batch::job::indexes::IndexSet;
use kubectl_batch::job::{
    Owner, TtlAction, admission, after_finished, may_strip_finalizer, status_rules,
};
use serde_json::{Value, json};

use crate::compare::{close, now, same};

/// A text and what the strict parser says of it.
pub(crate) fn index_text(case: &Value) -> Result<(), String> {
    let (given, expect) = (&case["given"], &case["expect"]);
    let text = given["text"].as_str().ok_or("given.text is not a text")?;
    let completions = given["completions"].as_i64().ok_or("given.completions")? as i32;
    let found = IndexSet::strict(text, completions);
    same("valid", &json!(found.is_some()), &expect["valid"])?;
    same(
        "total",
        &json!(found.map_or(0, |set| set.len())),
        &expect["total"],
    )
}

/// A status update and the findings of the API server, as a set.
pub(crate) fn validate_status_update(case: &Value) -> Result<(), String> {
    let (given, expect) = (&case["given"], &case["expect"]);
    let mut job = json!({"spec": given["spec"]});
    admission::default_job(&mut job);
    let (old, new) = (&given["old_status"], &given["new_status"]);
    let found: BTreeSet<[String; 3]> = status_rules::validate_status_update(&job["spec"], old, new)
        .into_iter()
        .map(|cause| [cause.field, cause.kind.into(), cause.rule.into()])
        .collect();
    let mut wanted = BTreeSet::new();
    for error in expect["errors"]
        .as_array()
        .ok_or("expect.errors is not a list")?
    {
        wanted.insert(
            ["field", "type", "rule"].map(|key| error[key].as_str().unwrap_or_default().to_owned()),
        );
    }
    same("errors", &found, &wanted)
}

/// A finished Job and what its time to live asks for.
pub(crate) fn ttl(case: &Value) -> Result<(), String> {
    let (given, expect) = (&case["given"], &case["expect"]);
    let now = now(case)?;
    let mut action = after_finished(&object(&given["job"]), now);
    if action == TtlAction::Delete && given.get("live_job").is_some() {
        action = match &given["live_job"] {
            Value::Null => TtlAction::None,
            live => after_finished(&object(live), now),
        };
    }
    let name = match action {
        TtlAction::None => "none",
        TtlAction::Wait(_) => "wait",
        TtlAction::Delete => "delete",
        TtlAction::Unknown => "error",
    };
    same("action", &Some(name), &expect["action"].as_str())?;
    let delete = action == TtlAction::Delete;
    same(
        "propagation",
        &delete.then_some("Foreground"),
        &expect["propagation"].as_str(),
    )?;
    same(
        "precondition",
        &delete.then_some("uid"),
        &expect["precondition"].as_str(),
    )?;
    let seconds = match action {
        TtlAction::Wait(left) => Some(left.as_secs_f64()),
        _ => None,
    };
    close("seconds", seconds, expect["seconds"].as_f64())
}

/// The Job that a case of kind `ttl` writes flat.
fn object(flat: &Value) -> Value {
    json!({
        "metadata": {"deletionTimestamp": flat["deletionTimestamp"]},
        "spec": {"ttlSecondsAfterFinished": flat["ttlSecondsAfterFinished"]},
        "status": {"conditions": flat["conditions"]},
    })
}

/// A Pod with our finalizer outside a pass over its Job.
pub(crate) fn orphan_finalizer(case: &Value) -> Result<(), String> {
    let (given, expect) = (&case["given"], &case["expect"]);
    let controlled = !given["owner_kind"].is_null() && given["controller"] != false;
    let is_job = given["owner_kind"] == "Job" && given["owner_api"] == "batch/v1";
    let owner = match given["job"].as_str() {
        _ if !controlled => Owner::Nobody,
        _ if !is_job => Owner::OtherKind,
        Some("absent") => Owner::AbsentJob,
        _ if !given["job_managed_by"].is_null() => Owner::ForeignJob,
        Some("running") => Owner::RunningJob,
        Some("finished") => Owner::FinishedJob,
        other => return Err(format!("given.job {other:?} is not understood")),
    };
    same(
        "remove_finalizer",
        &json!(may_strip_finalizer(owner)),
        &expect["remove_finalizer"],
    )
}

/// A Job as submitted and what the API server fills in.
pub(crate) fn default_job(case: &Value) -> Result<(), String> {
    let (given, expect) = (&case["given"], &case["expect"]);
    let mut job = given.clone();
    admission::default_job(&mut job);
    for (field, wanted) in expect.as_object().ok_or("expect is not a mapping")? {
        let found = if field == "labels" {
            &job["metadata"]["labels"]
        } else {
            &job["spec"][field]
        };
        same(field, found, wanted)?;
    }
    Ok(())
}
