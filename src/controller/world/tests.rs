//! Tests of [`super::World`].

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::job::Phase;

fn job(uid: &str, version: u64) -> Value {
    json!({
        "metadata": {"name": "pi", "namespace": "default", "uid": uid, "resourceVersion": version.to_string()},
        "spec": {"selector": {"matchLabels": {"app": "x"}}, "template": {"spec": {"restartPolicy": "Never"}}},
    })
}

fn pod(uid: &str, owner: &str) -> Pod {
    Pod::from_value(&json!({
        "metadata": {
            "name": uid, "uid": uid, "finalizers": ["batch.kubernetes.io/job-tracking"],
            "ownerReferences": [{"uid": owner, "apiVersion": "batch/v1", "kind": "Job", "controller": true}],
        },
    }))
    .expect("a Pod")
}

fn seen(world: &mut World, uid: &str, version: u64) -> Key {
    world.job_seen(job(uid, version)).expect("it is taken in")
}

#[test]
fn an_older_version_does_not_overwrite_a_newer_one() {
    let mut world = World::default();
    let key = seen(&mut world, "a", 9);
    assert_eq!(world.job_seen(job("a", 8)), None);
    assert_eq!(world.job(&key).map(|entry| version(&entry.object)), Some(9));
}

#[test]
fn a_new_uid_under_the_same_name_starts_with_an_empty_memory() {
    let mut world = World::default();
    let key = seen(&mut world, "a", 1);
    world
        .job_mut(&key, "a")
        .expect("known")
        .memory
        .finish_written = true;
    assert!(world.memory_of(&key, Duration::ZERO).finish_written);
    seen(&mut world, "b", 2);
    assert!(!world.memory_of(&key, Duration::ZERO).finish_written);
    assert!(world.job_mut(&key, "a").is_none());
}

#[test]
fn a_pod_that_is_seen_twice_settles_one_creation() {
    let mut world = World::default();
    let key = seen(&mut world, "a", 1);
    let entry = world.job_mut(&key, "a").expect("known");
    entry
        .expectations
        .expect_creations(["p", "q"].into_iter(), Duration::ZERO);
    assert_eq!(world.pod_seen(pod("p", "a")), std::slice::from_ref(&key));
    world.pod_seen(pod("p", "a"));
    assert!(world.memory_of(&key, Duration::ZERO).expecting);
    world.pod_seen(pod("q", "a"));
    assert!(!world.memory_of(&key, Duration::ZERO).expecting);
    let job = world.job(&key).expect("known").job.clone();
    assert_eq!(world.pods_for(&job).len(), 2);
}

#[test]
fn pods_of_a_job_that_is_gone_are_orphans_and_those_of_a_running_one_are_not() {
    let mut world = World::default();
    let key = seen(&mut world, "a", 1);
    world.pod_seen(pod("p", "a"));
    assert_eq!(world.orphans_of("a"), []);
    let orphans = world.job_gone(&key);
    assert_eq!(orphans.len(), 1);
    assert_eq!(orphans[0].pod.finalizer_at, Some(0));
    world.pod_gone("p", 0);
    assert_eq!(world.orphans_of("a"), []);
}

fn free_pod(uid: &str, app: &str, deleting: bool) -> Pod {
    let mut object = json!({"metadata": {"name": uid, "uid": uid, "labels": {"app": app}, "finalizers": ["batch.kubernetes.io/job-tracking"]}});
    if deleting {
        object["metadata"]["deletionTimestamp"] = "2026-01-15T12:00:00Z".into();
    }
    Pod::from_value(&object).expect("a Pod")
}

#[test]
fn a_pod_without_owner_wakes_the_jobs_that_may_adopt_it_and_is_handed_to_them() {
    let mut world = World::default();
    let key = seen(&mut world, "a", 1);
    let woken = world.pod_seen(free_pod("p", "x", false));
    assert_eq!(woken, std::slice::from_ref(&key));
    assert_eq!(world.pod_seen(free_pod("q", "y", false)), []);
    let job = world.job(&key).expect("known").job.clone();
    assert_eq!(world.pods_for(&job).len(), 2);
}

#[test]
fn a_pod_that_loses_its_owner_wakes_the_job_that_it_leaves() {
    let mut world = World::default();
    let key = seen(&mut world, "a", 1);
    world.pod_seen(pod("p", "a"));
    assert_eq!(world.pod_seen(free_pod("p", "y", false)), [key]);
    assert_eq!(world.orphans_of("a"), []);
    assert_eq!(world.known().1.len(), 1);
}

#[test]
fn a_pod_is_abandoned_when_nobody_will_adopt_it() {
    let mut world = World::default();
    seen(&mut world, "a", 1);
    for (pod, abandoned) in [
        (free_pod("p", "x", false), false),
        (free_pod("q", "x", true), true),
        (free_pod("r", "y", false), true),
        (pod("s", "a"), false),
    ] {
        let uid = pod.uid.clone();
        world.pod_seen(pod);
        assert_eq!(world.abandoned(&uid).is_some(), abandoned, "{uid}");
    }
}

#[test]
fn a_pod_of_another_kind_of_owner_is_left_alone() {
    let mut world = World::default();
    let other = Pod {
        controller_is_job: false,
        ..pod("p", "replica-set")
    };
    world.pod_seen(other);
    assert_eq!(world.orphans_of("replica-set"), []);
}

#[test]
fn only_what_is_wanted_of_a_job_is_news_and_not_its_status() {
    let mut world = World::default();
    assert!(world.is_news(&job("a", 1)), "it is new");
    seen(&mut world, "a", 1);
    let changed = |field: &str, value: Value| {
        let mut object = job("a", 2);
        object["metadata"][field] = value;
        object["status"] = json!({"active": 1});
        object
    };
    assert!(!world.is_news(&changed("labels", json!({"a": "b"}))));
    assert!(world.is_news(&changed("generation", json!(2))));
    assert!(world.is_news(&changed("deletionTimestamp", json!("2026-01-15T12:00:00Z"))));
}

#[test]
fn old_news_of_a_pod_neither_overwrites_nor_revives_it() {
    let pod_at = |version: u64, phase| {
        let mut pod = pod("p", "a");
        (pod.resource_version, pod.phase) = (version.to_string(), phase);
        pod
    };
    let mut world = World::default();
    seen(&mut world, "a", 1);
    world.pod_seen(pod_at(7, Phase::Succeeded));
    world.pod_seen(pod_at(6, Phase::Running));
    let job = world
        .job_mut(&seen(&mut World::default(), "a", 1), "a")
        .expect("known")
        .job
        .clone();
    let phases = |world: &World| {
        world
            .pods_for(&job)
            .iter()
            .map(|pod| pod.phase)
            .collect::<Vec<_>>()
    };
    assert_eq!(phases(&world), [Phase::Succeeded]);
    world.pod_gone("p", 9);
    world.pod_seen(pod_at(8, Phase::Succeeded));
    assert_eq!(phases(&world), []);
}

#[test]
fn a_status_of_somebody_else_is_not_trusted_until_the_pods_are_listed() {
    let mut world = World::default();
    let key = seen(&mut world, "a", 1);
    let mut object = job("a", 2);
    object["status"] = json!({"succeeded": 1});
    world.job_seen(object.clone());
    let is_trusted = |world: &World| world.job(&key).is_some_and(JobEntry::is_trusted);
    assert!(!is_trusted(&world));
    let mut counted = pod("p", "a");
    (counted.resource_version, counted.labels) = ("3".into(), [("app".into(), "x".into())].into());
    world.pod_seen(counted);
    let owner = world.job(&key).expect("known").job.clone();
    world.pods_listed(&owner, Vec::new(), 5);
    assert!(
        world.pods_for(&owner).is_empty(),
        "what the list does not name is gone"
    );
    world.job_mut(&key, "a").expect("known").trusted = object["status"].clone();
    assert!(is_trusted(&world));
}
