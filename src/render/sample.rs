//! Groups for the tests of what is shown.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::group::{Group, JobView, Observation, PodView};

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

/// A Job and, if it is to have one, its Pod.
pub(crate) fn member(group: &mut Group, name: &str, job: &Value, pod: &Value) {
    let mut object = json!({
        "metadata": {"name": name, "uid": name},
        "spec": {"completions": 1, "backoffLimit": 6},
        "status": {"startTime": "1970-01-01T00:00:01Z"},
    });
    for (key, value) in job.as_object().into_iter().flatten() {
        let part = if key == "suspend" { "spec" } else { "status" };
        object[part][key] = value.clone();
    }
    let job = JobView::from_value(&object).expect("a Job");
    group.handle(at(0), Observation::Job(Box::new(job)));
    if pod.is_null() {
        return;
    }
    let pod = json!({
        "metadata": {"name": format!("{name}-x"), "uid": format!("{name}-x"), "labels": {"job-name": name}},
        "spec": {"containers": [{"name": "c", "image": "busyboxx:1"}]},
        "status": pod,
    });
    let pod = PodView::from_value(&pod).expect("a Pod of a Job");
    group.handle(at(0), Observation::Pod(Box::new(pod)));
}

pub(crate) fn ended(kind: &str, reason: &str) -> Value {
    json!({
        "completionTime": "1970-01-01T00:00:06Z", "failed": if kind == "Failed" { 7 } else { 0 },
        "conditions": [{"type": kind, "status": "True", "reason": reason, "lastTransitionTime": "1970-01-01T00:02:11Z"}],
    })
}

pub(crate) fn exit(code: i32) -> Value {
    let state = json!({"terminated": {"exitCode": code, "finishedAt": "1970-01-01T00:00:30Z"}});
    json!({"phase": "Failed", "containerStatuses": [{"name": "c", "state": state}]})
}

/// One member of every kind.
pub(crate) fn zoo() -> Group {
    let mut group = Group::default();
    let none = Value::Null;
    member(&mut group, "apple", &ended("Complete", ""), &none);
    member(
        &mut group,
        "banana",
        &ended("Failed", "BackoffLimitExceeded"),
        &exit(3),
    );
    member(
        &mut group,
        "cherry",
        &json!({}),
        &json!({"phase": "Running"}),
    );
    member(&mut group, "date", &json!({"failed": 1}), &exit(1));
    let waiting = json!({"waiting": {"reason": "ImagePullBackOff"}});
    let pod = json!({"phase": "Pending", "containerStatuses": [{"name": "c", "state": waiting}]});
    member(&mut group, "elderberry", &json!({}), &pod);
    member(&mut group, "fig", &json!({"suspend": true}), &none);
    member(&mut group, "grape\x1b[2J", &json!({}), &none);
    group
}
