//! The node of the world: every Pod starts, runs for a while, and ends as the story says of its Job.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::world::World;
use crate::local::kind::POD;
use crate::local::selector::Filter;
use crate::local::store::{Patch, Target};

/// How long a Pod runs at most.
const RUN_MAX: u64 = 20_000;
/// Steps of the node.
const STEP: Duration = Duration::from_millis(700);

/// Runs Pods for ever; `succeeds` says how those of a Job end, from its annotations.
pub(super) async fn live(world: Arc<World>, succeeds: impl Fn(&str) -> bool) {
    let mut ends: BTreeMap<String, Duration> = BTreeMap::new();
    loop {
        let pods = world
            .store
            .list(&POD, None, &Filter::default(), None, None)
            .objects;
        for pod in &pods {
            step(&world, pod, &mut ends, &succeeds);
        }
        tokio::time::sleep(STEP).await;
    }
}

fn step(
    world: &World,
    pod: &Value,
    ends: &mut BTreeMap<String, Duration>,
    succeeds: &impl Fn(&str) -> bool,
) {
    let text = |pointer: &str| pod.pointer(pointer).and_then(Value::as_str).unwrap_or("");
    let now = world.elapsed();
    let end = *ends
        .entry(text("/metadata/uid").to_owned())
        .or_insert_with(|| {
            now + Duration::from_millis(world.random(|random| random.u64(..RUN_MAX)))
        });
    match text("/status/phase") {
        "Running" if now >= end => {
            let good = succeeds(text("/metadata/labels/job-name"));
            let phase = if good { "Succeeded" } else { "Failed" };
            status(world, pod, phase, Some(i32::from(!good)));
        }
        "Running" | "Succeeded" | "Failed" => {}
        _ => status(world, pod, "Running", None),
    }
}

fn status(world: &World, pod: &Value, phase: &str, exit: Option<i32>) {
    let now = world.time().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let state = match exit {
        Some(code) => json!({"terminated": {"exitCode": code, "finishedAt": now}}),
        None => json!({"running": {"startedAt": now}}),
    };
    let status = json!({"status": {
        "phase": phase,
        "containerStatuses": [{"name": "c", "restartCount": 0, "state": state}],
    }});
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    world.note(&format!("pod {name} is {phase}"));
    // A Pod that has gone since it was listed needs nothing.
    let _ = world
        .store
        .patch(&POD, "default", name, Target::Status, &Patch::Merge(status));
}
