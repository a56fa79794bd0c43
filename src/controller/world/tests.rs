//! Tests of [`super::World`].

use std::time::Duration;

use serde_json::{Value, json};

use super::*;

fn job(uid: &str, version: u64) -> Value {
    json!({
        "metadata": {"name": "pi", "namespace": "default", "uid": uid, "resourceVersion": version.to_string()},
        "spec": {"template": {"spec": {"restartPolicy": "Never"}}},
    })
}

fn pod(uid: &str, owner: &str) -> Pod {
    Pod::from_value(&json!({
        "metadata": {
            "name": uid, "uid": uid, "finalizers": ["batch.kubernetes.io/job-tracking"],
            "ownerReferences": [{"uid": owner, "controller": true}],
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
    entry.expectations.expect_creations(2, Duration::ZERO);
    assert_eq!(world.pod_seen(pod("p", "a")), Some(key.clone()));
    world.pod_seen(pod("p", "a"));
    assert!(world.memory_of(&key, Duration::ZERO).expecting);
    world.pod_seen(pod("q", "a"));
    assert!(!world.memory_of(&key, Duration::ZERO).expecting);
    assert_eq!(world.pods_of("a").len(), 2);
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
    world.pod_gone("p");
    assert_eq!(world.orphans_of("a"), []);
}
