//! The nodes of the cluster, and all that may happen to a Pod on them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kubectl_batch::local::kind::POD;
use kubectl_batch::local::selector::Filter;
use kubectl_batch::local::store::{DeleteOptions, Patch, Target};
use serde_json::{Value, json};

use crate::checks::Actor;
use crate::ledger::{is_deleting, is_finished, text};
use crate::world::World;

/// What containers that fail end with.
pub(crate) const EXIT_CODES: [i32; 3] = [1, 7, 42];

/// What one Pod is going to do.
struct Fortune {
    /// The Pod as it was at the last step, if it has ended and nobody wants it gone.
    resting: Option<Arc<Value>>,
    starts: Duration,
    ends: Duration,
    succeeds: bool,
    restarts: i32,
}

/// Runs Pods for ever.
pub(crate) async fn live(world: Arc<World>) {
    let mut fortunes: BTreeMap<String, Fortune> = BTreeMap::new();
    loop {
        let pods = world
            .store
            .list(&POD, None, &Filter::default(), None, None)
            .objects;
        let mut busy = false;
        for pod in &pods {
            // Reading JSON is what a run spends its time with, and most Pods have ended.
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            if let Some(fortune) = fortunes.get(name)
                && fortune
                    .resting
                    .as_ref()
                    .is_some_and(|before| Arc::ptr_eq(before, pod))
            {
                if world.chance(|swarm| swarm.vanishing) {
                    delete(&world, pod, Some(0), "vanishes");
                }
                continue;
            }
            let fortune = fortunes
                .entry(name.to_owned())
                .or_insert_with(|| tell(&world));
            let rests = is_finished(pod) && !is_deleting(pod);
            fortune.resting = rests.then(|| pod.clone());
            busy |= !rests;
            step(&world, pod, fortune);
        }
        let pause = if busy { 500 } else { 10_000 };
        tokio::time::sleep(Duration::from_millis(
            world.random(|random| random.u64(pause / 5..pause)),
        ))
        .await;
    }
}

fn tell(world: &World) -> Fortune {
    let (run_max, now) = (world.swarm().run_max, world.clock.elapsed());
    let succeeds = !world.chance(|swarm| swarm.failing);
    let starts = now + Duration::from_millis(world.random(|random| random.u64(0..3000)));
    let ends = starts
        + Duration::from_millis(world.random(|random| random.u64(0..=run_max.as_millis() as u64)));
    Fortune {
        resting: None,
        starts,
        ends,
        succeeds,
        restarts: 0,
    }
}

fn step(world: &World, pod: &Value, fortune: &mut Fortune) {
    let now = world.clock.elapsed();
    if is_deleting(pod) {
        terminate(world, pod);
    } else if world.chance(|swarm| swarm.vanishing) {
        delete(world, pod, Some(0), "vanishes");
    } else if is_finished(pod) {
        // Its containers are gone; the object stays until somebody deletes it.
    } else if world.chance(|swarm| swarm.evicted) {
        disrupt(world, pod);
        delete(world, pod, None, "is evicted");
    } else if text(pod, "/spec/nodeName").is_empty() && now >= fortune.starts {
        let bound = json!({"spec": {"nodeName": "sim"}});
        patch(world, pod, Target::Object, &bound);
    } else if text(pod, "/status/phase") == "Pending" && now >= fortune.starts {
        status(world, pod, "Running", None, fortune.restarts);
    } else if now >= fortune.ends && fortune.succeeds {
        status(world, pod, "Succeeded", Some(0), fortune.restarts);
    } else if now >= fortune.ends && pod["spec"]["restartPolicy"] == "OnFailure" {
        let again = tell(world);
        fortune.restarts += 1;
        (fortune.ends, fortune.succeeds) = (again.ends, again.succeeds);
        status(world, pod, "Running", None, fortune.restarts);
    } else if now >= fortune.ends {
        let code = world.random(|random| EXIT_CODES[random.usize(..EXIT_CODES.len())]);
        status(world, pod, "Failed", Some(code), fortune.restarts);
    }
}

/// A Pod that is to go ends, mostly badly, and then its grace is over.
fn terminate(world: &World, pod: &Value) {
    let grace = pod
        .pointer("/metadata/deletionGracePeriodSeconds")
        .and_then(Value::as_i64);
    if !world.random(fastrand::Rng::bool) {
        return;
    }
    // For a Pod that never reached a node, the cluster's garbage collector says so.
    if !is_finished(pod) {
        let good = world.random(|random| random.u8(..4)) == 0;
        let (phase, code) = if good {
            ("Succeeded", 0)
        } else {
            ("Failed", 143)
        };
        status(world, pod, phase, Some(code), 0);
    } else if grace.is_some_and(|seconds| seconds > 0) {
        delete(world, pod, Some(0), "is over");
    }
}

/// Says why it is going to go, as the eviction API does.
fn disrupt(world: &World, pod: &Value) {
    let mut conditions = pod["status"]["conditions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    conditions.push(
        json!({"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}),
    );
    let merge = json!({"status": {"conditions": conditions}});
    patch(world, pod, Target::Status, &merge);
}

fn status(world: &World, pod: &Value, phase: &str, exit: Option<i32>, restarts: i32) {
    let now = world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let ready = if phase == "Running" { "True" } else { "False" };
    let state = match exit {
        Some(code) => json!({"terminated": {"exitCode": code, "finishedAt": now}}),
        None => json!({"running": {"startedAt": now}}),
    };
    let mut conditions = pod["status"]["conditions"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    conditions.retain(|entry| entry["type"] != "Ready");
    conditions.push(json!({"type": "Ready", "status": ready, "lastTransitionTime": now}));
    let status = json!({
        "phase": phase,
        "conditions": conditions,
        "containerStatuses": [{"name": "main", "restartCount": restarts, "state": state}],
    });
    world.note(&format!("pod {} is {phase}", text(pod, "/metadata/name")));
    patch(world, pod, Target::Status, &json!({ "status": status }));
}

fn patch(world: &World, pod: &Value, target: Target, merge: &Value) {
    let (namespace, name) = (
        text(pod, "/metadata/namespace"),
        text(pod, "/metadata/name"),
    );
    // A Pod that has gone since it was listed needs nothing.
    let _ = world
        .store
        .patch(&POD, namespace, name, target, &Patch::Merge(merge.clone()));
    world.observe(Actor::Node);
}

fn delete(world: &World, pod: &Value, grace: Option<i64>, what: &str) {
    let (namespace, name) = (
        text(pod, "/metadata/namespace"),
        text(pod, "/metadata/name"),
    );
    world.note(&format!("pod {name} {what}"));
    let options = DeleteOptions {
        grace,
        ..DeleteOptions::default()
    };
    // Somebody else may have deleted it.
    let _ = world.store.delete(&POD, namespace, name, &options);
    world.observe(Actor::Node);
}
