//! Kind `job_sync`: one reconciliation of one Job.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kubectl_batch::job::{BackoffRecord, Memory};
use serde_json::{Value, json};

use crate::compare::{close, names, now, same, truth};
use crate::engine::{Effects, Faults, Observed, sync};
use crate::objects;
use crate::status::{accepted, same_status, times_of_conditions};

/// One reconciliation and all its effects.
pub(crate) fn job_sync(case: &Value, controller: &str) -> Result<(), String> {
    let (given, expect) = (&case["given"], &case["expect"]);
    let now = now(case)?;
    let controller = given["controller_name"].as_str().unwrap_or(controller);
    let job = objects::job(&given["job"], controller, now);
    let effects = sync(&Observed {
        job: &job,
        pods: &objects::pods(&given["pods"], &job)?,
        memory: memory(given)?,
        now,
        controller,
        faults: faults(given)?,
    })?;
    outcome(given, &effects, expect)?;
    same("adopt", &effects.adopted, &names(&expect["adopt"])?)?;
    same("release", &effects.released, &names(&expect["release"])?)?;
    created(&effects, &expect["create"])?;
    deleted(&effects, &expect["delete"])?;
    let removed = &expect["remove_finalizer"];
    counted("remove_finalizer", &effects.unfinalized, removed)?;
    written(&job, &effects, expect, now)?;
    let skip = truth(case, "skip_api_check", false)?;
    if !skip {
        accepted(&job["spec"], &job["status"], &effects.writes)?;
    }
    events(&effects, &expect["events"])?;
    if let Some(wanted) = expect["requeue_after_seconds"].as_f64() {
        let found = effects.requeue.map(|wait| wait.as_secs_f64());
        close("requeue_after_seconds", found, Some(wanted))?;
    }
    backoff(&effects, &expect["backoff_record"])
}

fn memory(given: &Value) -> Result<Memory, String> {
    let record = &given["backoff_record"];
    let keys = ["failures_after_last_success", "last_failure_time"];
    let last = record["last_failure_time"].as_str();
    let backoff = record.is_object().then(|| BackoffRecord {
        failures: record[keys[0]].as_u64().unwrap_or(0) as u32,
        last_failure: last.and_then(|text| text.parse().ok()),
    });
    Ok(Memory {
        backoff,
        expecting: !truth(given, "expectations_satisfied", true)?,
        removals_in_flight: names(&given["finalizer_removals_in_flight"])?,
        finish_written: truth(given, "finished_write_pending", false)?,
    })
}

fn faults(given: &Value) -> Result<Faults, String> {
    let faults = &given["faults"];
    let refused = faults["status_writes_fail"].as_array();
    Ok(Faults {
        create_limit: faults["create_limit"].as_u64(),
        pod_ops_fail: truth(faults, "pod_ops_fail", false)?,
        status_writes_fail: refused
            .into_iter()
            .flatten()
            .filter_map(Value::as_u64)
            .collect(),
        finalizer_patch_fails: names(&faults["finalizer_patch_fails"])?,
        namespace_terminating: truth(faults, "namespace_terminating", false)?,
        job_deleted_live: truth(given, "job_deleted_live", false)?,
    })
}

fn outcome(given: &Value, effects: &Effects, expect: &Value) -> Result<(), String> {
    let wanted = expect["outcome"].as_str().ok_or("no outcome")?;
    // A pass that waits for its own last write has no effect, so "ok" and "skipped" say the same of it.
    let waits = given["finished_write_pending"] == true && effects.outcome == "skipped";
    if waits && wanted == "ok" && !effects.any() {
        return Ok(());
    }
    same("outcome", &effects.outcome, &wanted)
}

fn created(effects: &Effects, wanted: &Value) -> Result<(), String> {
    let count = wanted["count"].as_u64().unwrap_or(0);
    same("create.count", &(effects.created.len() as u64), &count)?;
    if let Some(calls) = wanted["calls"].as_u64() {
        same("create.calls", &effects.create_calls, &calls)?;
    }
    if let Some(name) = wanted["generate_name"].as_str() {
        for pod in &effects.created {
            let found = &pod["metadata"]["generateName"];
            same("create.generate_name", found, &json!(name))?;
            same("hostname", &pod["spec"]["hostname"], &Value::Null)?;
        }
    }
    let Some(pods) = wanted["pods"].as_array() else {
        return Ok(());
    };
    let keys = [
        "index",
        "generate_name",
        "hostname",
        "failure_count",
        "ignored_failure_count",
    ];
    let short = |pod: &Value| keys.map(|key| pod[key].clone());
    let found: Vec<_> = effects.created.iter().map(indexed_pod).collect();
    same("create.pods", &found, &pods.iter().map(short).collect())
}

/// An indexed Pod as scenarios write it.
fn indexed_pod(pod: &Value) -> [Value; 5] {
    let annotation =
        |key: &str| &pod["metadata"]["annotations"][format!("batch.kubernetes.io/{key}")];
    let index = annotation("job-completion-index").as_str();
    [
        json!(index.and_then(|text| text.parse::<i64>().ok())),
        pod["metadata"]["generateName"].clone(),
        pod["spec"]["hostname"].clone(),
        annotation("job-index-failure-count").clone(),
        annotation("job-index-ignored-failure-count").clone(),
    ]
}

fn deleted(effects: &Effects, wanted: &Value) -> Result<(), String> {
    counted("delete", &effects.deleted, wanted)?;
    match wanted["strip_finalizer_first"].as_bool() {
        Some(strip) => same(
            "strip_finalizer_first",
            &effects.stripped_first,
            &Some(strip),
        ),
        None if effects.deleted.is_empty() => Ok(()),
        None => Err("the case does not say how Pods are deleted".into()),
    }
}

fn counted(what: &str, found: &BTreeSet<String>, wanted: &Value) -> Result<(), String> {
    let count = wanted["count"].as_u64().unwrap_or(0);
    same(&format!("{what}.count"), &(found.len() as u64), &count)?;
    if wanted["pods"].is_array() {
        same(&format!("{what}.pods"), found, &names(&wanted["pods"])?)?;
    }
    Ok(())
}

/// A refused write may be listed among the writes or not; the final status tells either way what was stored.
fn written(job: &Value, effects: &Effects, expect: &Value, now: Timestamp) -> Result<(), String> {
    let wanted = expect["status_writes"].as_array().ok_or("no writes")?;
    let all = wanted.len() == effects.writes.len();
    let writes = || effects.writes.iter().filter(|write| all || write.stored);
    let phases: Vec<_> = writes().map(|write| write.phase).collect();
    same(
        "status_write_phases",
        &json!(phases),
        &expect["status_write_phases"],
    )?;
    same("number of writes", &writes().count(), &wanted.len())?;
    for (write, wanted) in writes().zip(wanted) {
        same_status(write.phase, &write.status, wanted)?;
    }
    let mut stored = &job["status"];
    for write in &effects.writes {
        times_of_conditions(stored, &write.status, now)?;
        if write.stored {
            stored = &write.status;
        }
    }
    same_status("final_status", stored, &expect["final_status"])
}

fn events(effects: &Effects, wanted: &Value) -> Result<(), String> {
    let mut list = Vec::new();
    for event in wanted.as_array().into_iter().flatten() {
        list.push(["type", "reason", "message"].map(|key| event[key].clone()));
    }
    let found: Vec<_> = effects
        .events
        .iter()
        .map(|event| {
            let kind = if event.warning { "Warning" } else { "Normal" };
            [json!(kind), json!(event.reason), json!(event.message)]
        })
        .collect();
    same("events", &found, &list)
}

fn backoff(effects: &Effects, wanted: &Value) -> Result<(), String> {
    let keys = ["failures_after_last_success", "last_failure_time"];
    let last = wanted["last_failure_time"].as_str();
    let wanted = wanted.is_object().then(|| BackoffRecord {
        failures: wanted[keys[0]].as_u64().unwrap_or(0) as u32,
        last_failure: last.and_then(|text| text.parse().ok()),
    });
    same("backoff_record", &effects.memory.backoff, &wanted)
}
