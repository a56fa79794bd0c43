//! The last words of groups of every kind.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::group::{JobView, Observation, Place, PodView};

fn see(group: &mut Group, name: &str, reason: &str, pod: &Value) {
    let kind = if reason.is_empty() {
        "Complete"
    } else {
        "Failed"
    };
    let job = json!({
        "metadata": {"name": name, "uid": name}, "spec": {"completions": 1, "backoffLimit": 0},
        "status": {"failed": 1, "conditions": [{"type": kind, "status": "True", "reason": reason}]},
    });
    let pod = json!({
        "metadata": {"name": "x", "uid": format!("{name}-x"), "labels": {"job-name": name}}, "status": pod,
    });
    let view = PodView::from_value(&pod).expect("a Pod of a Job");
    let job = JobView::from_value(&job).expect("a Job");
    group.handle(Timestamp::UNIX_EPOCH, Observation::Pod(Box::new(view)));
    group.handle(Timestamp::UNIX_EPOCH, Observation::Job(Box::new(job)));
}

fn exit(code: i32) -> Value {
    json!({"phase": "Failed", "containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": code}}}]})
}

fn words(group: &Group) -> String {
    summary(group, "g", SignedDuration::from_secs(75), Style::default()).join("\n")
}

#[test]
fn success_is_one_line() {
    let mut group = Group::default();
    see(&mut group, "a", "", &json!({"phase": "Succeeded"}));
    assert_eq!(words(&group), "✓ g: 1 succeeded in 75s");
}

#[test]
fn failures_are_named_and_grouped_by_cause() {
    let mut group = Group::default();
    see(&mut group, "apple", "BackoffLimitExceeded", &exit(2));
    see(&mut group, "banana", "BackoffLimitExceeded", &exit(2));
    see(
        &mut group,
        "cherry",
        "BackoffLimitExceeded",
        &json!({"phase": "Failed", "reason": "Evicted"}),
    );
    let place = Place {
        namespace: "default".into(),
        name: "banana".into(),
    };
    group.handle(
        Timestamp::UNIX_EPOCH,
        Observation::LastLine(place, "no such bucket\x07".into()),
    );
    insta::assert_snapshot!(words(&group), @r#"
    ✗ apple   failed  exit 2 (1 try)
    ✗ banana  failed  exit 2 (1 try)
    ✗ cherry  failed  Evicted (1 try)
    3 failed, 2 causes: 2 × exit 2 "no such bucket^G", 1 × Evicted
    ✗ g: 3 failed in 75s
    "#);
}

#[test]
fn many_failures_are_counted() {
    let mut group = Group::default();
    for index in 0..1204 {
        see(
            &mut group,
            &format!("j{index}"),
            "BackoffLimitExceeded",
            &exit(1),
        );
    }
    let words = words(&group);
    assert_eq!(words.lines().count(), NAMED_MAX + 3, "{words}");
    assert!(
        words.contains("  and 1,184 more\n1,204 failed, 1 cause: 1,204 × exit 1\n"),
        "{words}"
    );
}
