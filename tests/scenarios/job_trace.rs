//! Kind `job_trace`: the life of one Job in a small cluster.

use serde_json::{Value, json};

use crate::compare::{now, same};
use crate::simulation::{Simulation, completion_index, is_active, is_tracked};
use crate::status::same_status;

/// Operations, passes until nothing changes, and a look, over and over.
pub(crate) fn job_trace(case: &Value, controller: &str) -> Result<(), String> {
    let (given, expect) = (&case["given"], &case["expect"]);
    let controller = given["controller_name"].as_str().unwrap_or(controller);
    let mut cluster = Simulation::new(case, now(case)?, controller)?;
    let steps = case["steps"].as_array().ok_or("no steps")?;
    for (number, step) in steps.iter().enumerate() {
        take(&mut cluster, step).map_err(|error| format!("step {number}: {error}"))?;
    }
    let wanted = expect["events"].as_array().cloned().unwrap_or_default();
    same("events", &json!(cluster.events), &json!(wanted))?;
    let wanted = match &expect["created_failure_counts"] {
        Value::Null => json!({}),
        counts => counts.clone(),
    };
    let found = json!(cluster.failure_counts);
    same("created_failure_counts", &found, &wanted)
}

fn take(cluster: &mut Simulation, step: &Value) -> Result<(), String> {
    for operation in step["do"].as_array().into_iter().flatten() {
        cluster.operate(operation)?;
    }
    match step["settle"].as_str() {
        Some("instant") => cluster.settle(false)?,
        Some("through_backoff") => cluster.settle(true)?,
        other => return Err(format!("settle {other:?} is not understood")),
    }
    look(cluster, &step["expect"])
}

fn look(cluster: &Simulation, expect: &Value) -> Result<(), String> {
    let keys = [
        "status",
        "pods_active",
        "pods_with_tracking_finalizer",
        "active_indexes",
        "now",
    ];
    same_status("status", &cluster.job["status"], &expect["status"])?;
    let active = || cluster.pods.iter().filter(|pod| is_active(pod));
    let tracked = cluster.pods.iter().filter(|pod| is_tracked(pod)).count();
    for (key, found) in [(keys[1], active().count()), (keys[2], tracked)] {
        same(key, &json!(found), &expect[key])?;
    }
    let mut indexes: Vec<i64> = active().filter_map(completion_index).collect();
    indexes.sort_unstable();
    let wanted = match &expect["active_indexes"] {
        Value::Null => json!([]),
        indexes => indexes.clone(),
    };
    same("active_indexes", &json!(indexes), &wanted)?;
    let wanted = expect["now"].as_str().ok_or("no clock")?.parse();
    let wanted = wanted.map_err(|error| format!("now: {error}"))?;
    same("now", &cluster.now, &wanted)
}
