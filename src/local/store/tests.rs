//! Tests of the store's rules.

use serde_json::{Value, json};

use super::*;
use crate::local::kind::{JOB, POD};

fn store() -> Store {
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().expect("an instant");
    Store::new(Environment {
        now: Box::new(move || start),
        random: fastrand::Rng::with_seed(7),
    })
}

fn pod(extra: &Value) -> Value {
    let mut pod = json!({
        "metadata": {"name": "p"},
        "spec": {"nodeName": "local", "containers": [{"name": "c", "image": "busybox"}]},
    });
    json_patch::merge(&mut pod, extra);
    pod
}

fn job() -> Value {
    json!({
        "metadata": {"name": "pi"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c"}]}}},
    })
}

fn field<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object::text(object, pointer).unwrap_or_default()
}

fn now(grace: i64) -> DeleteOptions {
    DeleteOptions {
        grace: Some(grace),
        ..DeleteOptions::default()
    }
}

#[test]
fn a_created_object_has_a_uid_a_version_and_defaults_and_its_name_is_taken() {
    let store = store();
    let stored = store
        .create(&JOB, "default", job(), false)
        .expect("created");
    assert_eq!(stored["spec"]["backoffLimit"], 6);
    assert_eq!(stored["metadata"]["generation"], 1);
    assert_eq!(field(&stored, "/metadata/uid").len(), 36);
    let error = store
        .create(&JOB, "default", job(), false)
        .expect_err("taken");
    assert_eq!(
        (error.code, error.message.as_str()),
        (409, "jobs.batch \"pi\" already exists")
    );
    let error = store
        .create(&JOB, "nowhere", job(), false)
        .expect_err("no namespace");
    assert_eq!(
        (error.code, error.message.as_str()),
        (404, "namespaces \"nowhere\" not found")
    );
}

#[test]
fn a_dry_run_checks_and_keeps_nothing() {
    let store = store();
    store
        .create(&JOB, "default", job(), true)
        .expect("it would do");
    assert_eq!(
        store.get(&JOB, "default", "pi").map_err(|error| error.code),
        Err(404)
    );
}

#[test]
fn a_write_with_an_old_version_is_a_conflict_and_one_without_changes_is_no_change() {
    let store = store();
    let first = store
        .create(&JOB, "default", job(), false)
        .expect("created");
    let mut changed = (*first).clone();
    changed["spec"]["parallelism"] = json!(2);
    let second = store
        .replace(&JOB, "default", "pi", Target::Object, changed.clone())
        .expect("replaced");
    assert_eq!(second["metadata"]["generation"], 2);
    let error = store
        .replace(&JOB, "default", "pi", Target::Object, changed)
        .expect_err("old");
    assert_eq!((error.code, error.reason), (409, "Conflict"));
    let same = store
        .replace(&JOB, "default", "pi", Target::Object, (*second).clone())
        .expect("replaced");
    assert_eq!(same, second);
}

#[test]
fn status_and_spec_are_written_apart() {
    let store = store();
    let mut object = (*store
        .create(&JOB, "default", job(), false)
        .expect("created"))
    .clone();
    object["status"]["active"] = json!(1);
    object["spec"]["parallelism"] = json!(9);
    let stored = store
        .replace(&JOB, "default", "pi", Target::Status, object.clone())
        .expect("status");
    assert_eq!(
        (&stored["status"]["active"], &stored["spec"]["parallelism"]),
        (&json!(1), &json!(1))
    );
    object["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"].clone();
    object["status"]["active"] = json!(7);
    let stored = store
        .replace(&JOB, "default", "pi", Target::Object, object)
        .expect("spec");
    assert_eq!(
        (&stored["status"]["active"], &stored["spec"]["parallelism"]),
        (&json!(1), &json!(9))
    );
}

#[test]
fn a_json_patch_whose_test_fails_changes_nothing() {
    let store = store();
    store
        .create(
            &POD,
            "default",
            pod(&json!({"metadata": {"finalizers": ["f"]}})),
            false,
        )
        .expect("created");
    let patch = |uid: &str| {
        Patch::Json(
            serde_json::from_value(json!([
                {"op": "test", "path": "/metadata/uid", "value": uid},
                {"op": "remove", "path": "/metadata/finalizers/0"},
            ]))
            .expect("a patch"),
        )
    };
    let error = store
        .patch(&POD, "default", "p", Target::Object, &patch("other"))
        .expect_err("another uid");
    assert_eq!(error.code, 422);
    let uid = field(
        &store.get(&POD, "default", "p").expect("there"),
        "/metadata/uid",
    )
    .to_owned();
    let patched = store
        .patch(&POD, "default", "p", Target::Object, &patch(&uid))
        .expect("patched");
    assert_eq!(patched["metadata"]["finalizers"], json!([]));
}

#[test]
fn a_running_pod_gets_its_grace_and_goes_when_the_node_says_so() {
    let store = store();
    store
        .create(&POD, "default", pod(&json!({})), false)
        .expect("created");
    let marked = store
        .delete(&POD, "default", "p", &DeleteOptions::default())
        .expect("marked");
    assert_eq!(
        field(&marked, "/metadata/deletionTimestamp"),
        "2026-01-01T00:00:30Z"
    );
    assert!(store.get(&POD, "default", "p").is_ok());
    store.delete(&POD, "default", "p", &now(0)).expect("gone");
    assert!(store.get(&POD, "default", "p").is_err());
}

#[test]
fn a_finalizer_keeps_an_object_until_it_is_removed() {
    let store = store();
    store
        .create(
            &POD,
            "default",
            pod(&json!({"metadata": {"finalizers": ["f"]}})),
            false,
        )
        .expect("created");
    store.delete(&POD, "default", "p", &now(0)).expect("marked");
    assert!(store.get(&POD, "default", "p").is_ok());
    let none = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    store
        .patch(&POD, "default", "p", Target::Object, &none)
        .expect("patched");
    assert!(store.get(&POD, "default", "p").is_err());
}

#[test]
fn deletion_of_an_owner_reaches_its_dependents_as_the_policy_says() {
    for (propagation, pod_stays, job_stays) in [
        (Propagation::Background, false, false),
        (Propagation::Foreground, false, false),
        (Propagation::Orphan, true, false),
    ] {
        let store = store();
        let owner = store
            .create(&JOB, "default", job(), false)
            .expect("created");
        let reference = json!([{"uid": owner["metadata"]["uid"], "kind": "Job", "name": "pi"}]);
        let dependent =
            pod(&json!({"metadata": {"ownerReferences": reference}, "spec": {"nodeName": null}}));
        store
            .create(&POD, "default", dependent, false)
            .expect("created");
        let options = DeleteOptions {
            propagation,
            ..DeleteOptions::default()
        };
        store
            .delete(&JOB, "default", "pi", &options)
            .expect("deleted");
        assert_eq!(
            store.get(&POD, "default", "p").is_ok(),
            pod_stays,
            "{propagation:?}"
        );
        assert_eq!(
            store.get(&JOB, "default", "pi").is_ok(),
            job_stays,
            "{propagation:?}"
        );
    }
}

fn foreground() -> DeleteOptions {
    DeleteOptions {
        propagation: Propagation::Foreground,
        ..DeleteOptions::default()
    }
}

#[test]
fn a_foreground_owner_waits_for_a_dependent_that_is_held() {
    let store = store();
    let owner = store
        .create(&JOB, "default", job(), false)
        .expect("created");
    let reference = json!([{"uid": owner["metadata"]["uid"], "kind": "Job", "name": "pi"}]);
    let dependent = pod(&json!({"metadata": {"ownerReferences": reference}}));
    store
        .create(&POD, "default", dependent, false)
        .expect("created");
    store
        .delete(&JOB, "default", "pi", &foreground())
        .expect("marked");
    assert!(store.get(&JOB, "default", "pi").is_ok());
    store.delete(&POD, "default", "p", &now(0)).expect("gone");
    assert!(store.get(&JOB, "default", "pi").is_err());
}

#[test]
fn an_owner_without_dependents_goes_at_once() {
    let store = store();
    store
        .create(&JOB, "default", job(), false)
        .expect("created");
    store
        .delete(&JOB, "default", "pi", &foreground())
        .expect("deleted");
    assert!(store.get(&JOB, "default", "pi").is_err());
}

#[test]
fn a_deletion_whose_precondition_fails_is_a_conflict() {
    let store = store();
    store
        .create(&JOB, "default", job(), false)
        .expect("created");
    let options = DeleteOptions {
        uid: Some("other".into()),
        ..DeleteOptions::default()
    };
    assert_eq!(
        store
            .delete(&JOB, "default", "pi", &options)
            .map_err(|error| error.code),
        Err(409)
    );
}

#[test]
fn pages_join_to_the_whole_list() {
    let store = store();
    for n in 0..7 {
        let map = json!({"metadata": {"name": format!("m{n}")}});
        store
            .create(find("configmaps"), "default", map, false)
            .expect("created");
    }
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = store.list(
            find("configmaps"),
            Some("default"),
            &Filter::default(),
            Some(3),
            after.as_deref(),
        );
        names.extend(
            page.objects
                .iter()
                .map(|object| field(object, "/metadata/name").to_owned()),
        );
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(names, ["m0", "m1", "m2", "m3", "m4", "m5", "m6"]);
}

fn find(plural: &str) -> &'static Kind {
    kind::find("", "v1", plural).expect("a kind")
}

#[test]
fn history_gives_changes_in_order_and_says_when_it_does_not_reach_back() {
    let store = store();
    let before = store.changes_after(&JOB, 0).expect("kept").1;
    store
        .create(&JOB, "default", job(), false)
        .expect("created");
    store
        .delete(&JOB, "default", "pi", &DeleteOptions::default())
        .expect("deleted");
    let (changes, _) = store.changes_after(&JOB, before).expect("kept");
    let kinds: Vec<_> = changes.iter().map(|change| change.change).collect();
    assert_eq!(kinds.first(), Some(&ChangeKind::Added));
    assert_eq!(kinds.last(), Some(&ChangeKind::Deleted));
    for n in 0..20_000 {
        let patch = Patch::Merge(json!({"metadata": {"labels": {"n": n.to_string()}}}));
        store
            .patch(&kind::NAMESPACE, "", "default", Target::Object, &patch)
            .expect("patched");
    }
    assert_eq!(
        store
            .changes_after(&JOB, before)
            .map(|_| ())
            .map_err(|error| error.code),
        Err(410)
    );
}

#[test]
fn a_job_status_that_breaks_a_rule_is_refused_and_says_which() {
    let store = store();
    let mut object = (*store
        .create(&JOB, "default", job(), false)
        .expect("created"))
    .clone();
    object["status"] = json!({"active": 1, "ready": 2});
    let error = store
        .replace(&JOB, "default", "pi", Target::Status, object.clone())
        .expect_err("refused");
    assert_eq!(error.code, 422);
    assert!(
        error.message.contains("RejectMoreReadyThanActivePods"),
        "{error}"
    );
    object["status"] = json!({"active": 2, "ready": 2});
    store
        .replace(&JOB, "default", "pi", Target::Status, object)
        .expect("taken");
}
