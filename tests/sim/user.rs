//! The users of the cluster: they create Jobs, change their minds, and have objects that are nobody else's business.

use std::sync::Arc;
use std::time::Duration;

use kubectl_batch::controller::Owner;
use kubectl_batch::job::{RECONCILER_NAME, TRACKING_FINALIZER};
use kubectl_batch::local::kind::{JOB, POD};
use kubectl_batch::local::selector::Filter;
use kubectl_batch::local::store::{DeleteOptions, Patch, Propagation, Target};
use serde_json::{Value, json};

use crate::checks::Actor;
use crate::ledger::{is_deleting, is_finished, is_finished_job, text};
use crate::world::World;

/// The manager of Jobs that are none of ours.
const STRANGER: &str = "example.com/other";

/// Creates Jobs over the first half of the run, and changes them if users are restless.
pub(crate) async fn live(world: Arc<World>) {
    let swarm = world.swarm();
    strange(&world);
    for number in 0..swarm.jobs {
        create(&world, number);
        pause(&world, swarm.chaos / (2 * swarm.jobs as u32)).await;
    }
    loop {
        pause(&world, swarm.chaos / 8).await;
        if world.swarm().restless {
            change(&world);
        }
    }
}

async fn pause(world: &World, longest: Duration) {
    let millis = longest.as_millis() as u64;
    let pause = world.random(|random| random.u64(0..=millis));
    tokio::time::sleep(Duration::from_millis(pause.max(10))).await;
}

fn create(world: &World, number: usize) {
    let owner = world.swarm().owner;
    let mut job = world.random(|random| job(&format!("job-{number}"), random));
    if owner == Owner::Everything && world.random(|random| random.u8(..4)) == 0 {
        // Elsewhere the cluster's own controller sees to that.
        job["spec"]["ttlSecondsAfterFinished"] = world.random(|random| random.u32(..120)).into();
    }
    if owner == Owner::HandedOver || world.random(fastrand::Rng::bool) {
        job["spec"]["managedBy"] = RECONCILER_NAME.into();
    }
    world.note(&format!(
        "user creates {}: {}",
        text(&job, "/metadata/name"),
        brief(&job["spec"])
    ));
    let created = world.store.create(&JOB, "default", job, false);
    if let Err(error) = created {
        world.fail(format!(
            "the simulation makes a Job that is refused: {error}"
        ));
    }
    world.observe(Actor::User);
}

fn brief(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Some(fields) = spec.as_object_mut() {
        fields.shift_remove("template");
    }
    spec
}

fn job(name: &str, random: &mut fastrand::Rng) -> Value {
    let template = json!({
        "metadata": {"labels": {"app": name}},
        "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": random.u8(0..30), "containers": [{"name": "main", "image": "none"}]},
    });
    let mut spec = json!({"template": template, "parallelism": random.i32(1..=6), "backoffLimit": random.i32(0..=5)});
    if random.u8(..4) > 0 {
        spec["completions"] = random.i32(1..=12).into();
        if random.u8(..3) == 0 {
            index(&mut spec, random);
        }
    }
    if random.u8(..5) == 0 {
        spec["activeDeadlineSeconds"] = random.i64(1..600).into();
    }
    if random.u8(..5) == 0 {
        spec["suspend"] = true.into();
    }
    if random.u8(..4) == 0 {
        spec["podReplacementPolicy"] = "Failed".into();
    }
    match random.u8(..5) {
        0 => restart_in_place(&mut spec),
        1 => judge_failures(&mut spec, random),
        _ => {}
    }
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec})
}

/// Containers that fail start again in their Pod, which an Indexed Job's limits of its own do not go with.
fn restart_in_place(spec: &mut Value) {
    if spec["backoffLimitPerIndex"].is_null() {
        spec["template"]["spec"]["restartPolicy"] = "OnFailure".into();
    }
}

/// Rules that match the exit codes and the disruptions of [`crate::node`].
fn judge_failures(spec: &mut Value, random: &mut fastrand::Rng) {
    let mut actions = vec!["FailJob", "Ignore", "Count"];
    if !spec["backoffLimitPerIndex"].is_null() {
        actions.push("FailIndex");
    }
    let mut rules = Vec::new();
    for code in crate::node::EXIT_CODES {
        if random.bool() {
            let action = actions[random.usize(..actions.len())];
            let on = json!({"operator": "In", "values": [code]});
            rules.push(json!({"action": action, "onExitCodes": on}));
        }
    }
    let disrupted = json!([{"type": "DisruptionTarget", "status": "True"}]);
    rules.push(json!({"action": "Ignore", "onPodConditions": disrupted}));
    spec["podFailurePolicy"] = json!({ "rules": rules });
    spec["podReplacementPolicy"] = "Failed".into();
}

/// Every completion has an index, and maybe a limit of its own.
fn index(spec: &mut Value, random: &mut fastrand::Rng) {
    spec["completionMode"] = "Indexed".into();
    if random.bool() {
        spec["backoffLimitPerIndex"] = random.i32(0..=2).into();
        spec["backoffLimit"] = random.i32(5..=50).into();
    }
    if random.u8(..4) == 0 {
        spec["successPolicy"] = json!({"rules": [{"succeededCount": 1}]});
    }
}

/// Objects that the controller has to leave alone.
fn strange(world: &World) {
    let mut other = world.random(|random| job("other", random));
    other["spec"]["managedBy"] = STRANGER.into();
    let other = world
        .store
        .create(&JOB, "default", other, false)
        .expect("the stranger's Job is good");
    let owner = json!({"apiVersion": "batch/v1", "kind": "Job", "name": "other", "uid": text(&other, "/metadata/uid"), "controller": true});
    let spec = json!({"containers": [{"name": "main", "image": "none"}]});
    let pods = [
        json!({"metadata": {"name": "other-pod", "finalizers": [TRACKING_FINALIZER], "ownerReferences": [owner]}, "spec": spec}),
        json!({"metadata": {"name": "bare", "labels": {"app": "job-0"}}, "spec": spec}),
    ];
    for pod in pods {
        world
            .store
            .create(&POD, "default", pod, false)
            .expect("the stranger's Pod is good");
    }
    world.observe(Actor::User);
}

fn change(world: &World) {
    let jobs = world
        .store
        .list(&JOB, None, &Filter::default(), None, None)
        .objects;
    let jobs: Vec<_> = jobs
        .into_iter()
        .filter(|job| !is_finished_job(job) && text(job, "/metadata/name") != "other")
        .collect();
    if jobs.is_empty() {
        return;
    }
    let job = world.random(|random| jobs[random.usize(..jobs.len())].clone());
    let name = text(&job, "/metadata/name");
    let suspended = job["spec"]["suspend"] == true;
    match world.random(|random| random.u8(..9)) {
        0 => {
            let propagation = world.random(|random| {
                if random.bool() {
                    Propagation::Background
                } else {
                    Propagation::Foreground
                }
            });
            world.note(&format!("user deletes {name}: {propagation:?}"));
            let options = DeleteOptions {
                propagation,
                ..DeleteOptions::default()
            };
            let _ = world.store.delete(&JOB, "default", name, &options);
        }
        1..=3 => spec(world, name, &json!({"suspend": !suspended})),
        4 => orphan(world, text(&job, "/metadata/uid")),
        _ => {
            let parallelism = world.random(|random| random.i32(0..=6));
            spec(world, name, &json!({ "parallelism": parallelism }));
        }
    }
    world.observe(Actor::User);
}

fn spec(world: &World, name: &str, change: &Value) {
    world.note(&format!("user changes {name}: {change}"));
    // Somebody may have deleted it.
    let _ = world.store.patch(
        &JOB,
        "default",
        name,
        Target::Object,
        &Patch::Merge(json!({ "spec": change })),
    );
}

/// Takes the owner off a Pod that runs: whoever serves the Job takes it over again. (One that was counted would be counted
/// again, upstream's way as well.)
fn orphan(world: &World, job: &str) {
    let pods = world
        .store
        .list(&POD, None, &Filter::default(), None, None)
        .objects;
    let owned = |pod: &&Arc<Value>| {
        text(pod, "/metadata/ownerReferences/0/uid") == job && !is_finished(pod)
    };
    let Some(pod) = pods.iter().find(owned) else {
        return;
    };
    let name = text(pod, "/metadata/name");
    world.note(&format!("user takes the owner off {name}"));
    world.checks(|checks| checks.disturbed(job));
    let merge = Patch::Merge(json!({"metadata": {"ownerReferences": null}}));
    // It may be gone since it was listed.
    let _ = world
        .store
        .patch(&POD, "default", name, Target::Object, &merge);
}

/// Lets every Job run: at the end of the faults nothing may stand in the way of an end.
pub(crate) fn release(world: &World) {
    for job in world
        .store
        .list(&JOB, None, &Filter::default(), None, None)
        .objects
    {
        let name = text(&job, "/metadata/name");
        if job["spec"]["suspend"] == true {
            spec(world, name, &json!({"suspend": false}));
        }
        if job["spec"]["parallelism"] == 0 {
            spec(world, name, &json!({"parallelism": 2}));
        }
    }
    world.observe(Actor::User);
}

/// What the cluster's other controllers do: they free Pods of Jobs that are gone, and delete those of Jobs that wait for it.
pub(crate) async fn sweep(world: Arc<World>) {
    let alone = world.swarm().owner == Owner::Everything;
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        for pod in world
            .store
            .list(&POD, None, &Filter::default(), None, None)
            .objects
        {
            let (owner, name) = (
                text(&pod, "/metadata/ownerReferences/0/uid"),
                text(&pod, "/metadata/name"),
            );
            let held = pod["metadata"]["finalizers"]
                .as_array()
                .is_some_and(|list| !list.is_empty());
            if owner.is_empty() {
                if held && !alone && !is_strange(&pod) {
                    free(&world, name);
                }
                continue;
            }
            if world.checks(|checks| checks.is_deleting(owner)) && !is_deleting(&pod) {
                let _ = world
                    .store
                    .delete(&POD, "default", name, &DeleteOptions::default());
            } else if held && !alone && !world.checks(|checks| checks.exists(owner)) {
                free(&world, name);
            }
            world.observe(Actor::Cluster);
        }
    }
}

fn free(world: &World, pod: &str) {
    let merge = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    let _ = world
        .store
        .patch(&POD, "default", pod, Target::Object, &merge);
}

/// Whether a Pod is one of [`strange`].
fn is_strange(pod: &Value) -> bool {
    ["other-pod", "bare"].contains(&text(pod, "/metadata/name"))
}
