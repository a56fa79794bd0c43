//! Tables of what a member does.

use serde_json::{Value, json};

use super::*;

fn job(fields: &Value) -> JobView {
    let mut job = json!({
        "metadata": {"name": "p", "uid": "u"},
        "spec": {"completions": 1, "backoffLimit": 6},
        "status": {"startTime": "2026-01-01T00:00:00Z"},
    });
    for (key, value) in fields.as_object().expect("an object") {
        let part = if key == "suspend" || key == "completions" || key == "activeDeadlineSeconds" {
            "spec"
        } else {
            "status"
        };
        job[part][key] = value.clone();
    }
    JobView::from_value(&job).expect("a Job")
}

fn pod(state: PodState) -> PodView {
    let pod = json!({"metadata": {"name": "p-1", "uid": "v", "labels": {"job-name": "p"}}});
    let last_cause = match &state {
        PodState::Failed(cause) | PodState::Restarting(cause, _) => Some(cause.clone()),
        _ => None,
    };
    PodView {
        state,
        last_cause,
        finished: "2026-01-01T00:00:05Z".parse().ok(),
        ..PodView::from_value(&pod).expect("a Pod of a Job")
    }
}

fn failed(cause: &str) -> PodView {
    pod(PodState::Failed(cause.into()))
}

fn known(cause: Option<&str>) -> Failures {
    Failures {
        count: 0,
        cause: cause.map(str::to_owned),
        event: None,
    }
}

fn ended(kind: &str, reason: &str) -> Value {
    json!([{"type": kind, "status": "True", "reason": reason}])
}

fn words(found: &Assessment) -> (Phase, &str) {
    (found.phase, found.reason.as_deref().unwrap_or(""))
}

#[test]
fn pods_are_ahead_of_the_job() {
    let wait = |for_good| {
        let reason = "ImagePullBackOff busyboxx:1".into();
        PodState::Pending(Some(Wait {
            reason,
            for_good,
            obstacle: Some(Obstacle::Image),
            since: None,
        }))
    };
    for (fields, pods, expected) in [
        (json!({}), vec![], (Phase::Pending, "")),
        (
            json!({"active": 1}),
            vec![pod(PodState::Pending(None))],
            (Phase::Pending, ""),
        ),
        (
            json!({}),
            vec![pod(wait(true))],
            (Phase::Pending, "ImagePullBackOff busyboxx:1"),
        ),
        (
            json!({}),
            vec![pod(PodState::Running)],
            (Phase::Running, ""),
        ),
        (
            json!({"completions": 4, "succeeded": 2}),
            vec![pod(PodState::Running)],
            (Phase::Running, "2/4 done"),
        ),
        (
            json!({"active": 1}),
            vec![pod(PodState::Succeeded)],
            (Phase::Running, "finishing"),
        ),
        (
            json!({"active": 1}),
            vec![failed("exit 3")],
            (Phase::BackingOff, "exit 3"),
        ),
        (
            json!({}),
            vec![pod(PodState::Restarting("exit 1".into(), None))],
            (Phase::BackingOff, "exit 1"),
        ),
        (json!({"suspend": true}), vec![], (Phase::Suspended, "")),
        (
            json!({"suspend": true}),
            vec![pod(PodState::Running)],
            (Phase::Running, ""),
        ),
    ] {
        let pods: Vec<_> = pods.iter().collect();
        assert_eq!(
            words(&assess(&job(&fields), &pods, &Failures::default())),
            expected,
            "{fields} {pods:?}"
        );
    }
}

#[test]
fn the_final_condition_has_the_last_word() {
    for (kind, reason, cause, expected) in [
        (
            "Complete",
            "CompletionsReached",
            Some("exit 3"),
            (Phase::Succeeded, ""),
        ),
        (
            "Failed",
            "BackoffLimitExceeded",
            Some("exit 3"),
            (Phase::Failed, "exit 3 (7 tries)"),
        ),
        (
            "Failed",
            "BackoffLimitExceeded",
            None,
            (Phase::Failed, "BackoffLimitExceeded (7 tries)"),
        ),
        (
            "Failed",
            "DeadlineExceeded",
            None,
            (Phase::Failed, "DeadlineExceeded (100s)"),
        ),
        (
            "Failed",
            "PodFailurePolicy",
            Some("exit 42"),
            (Phase::Failed, "exit 42 (PodFailurePolicy)"),
        ),
    ] {
        let job = job(
            &json!({"failed": 7, "activeDeadlineSeconds": 100, "conditions": ended(kind, reason)}),
        );
        assert_eq!(
            words(&assess(&job, &[&pod(PodState::Running)], &known(cause))),
            expected
        );
    }
}

#[test]
fn the_next_try_is_due_as_the_job_controller_reckons() {
    let at = |failures: i32| {
        let found = assess(
            &job(&json!({"failed": failures})),
            &[&failed("exit 3")],
            &Failures::default(),
        );
        found.next_try.map(|due| due.to_string())
    };
    assert_eq!(at(1).as_deref(), Some("2026-01-01T00:00:15Z"));
    assert_eq!(at(3).as_deref(), Some("2026-01-01T00:00:45Z"));
    assert_eq!(at(7), None, "the limit is reached");
}

#[test]
fn failures_are_counted_once_whoever_knows_of_them_first() {
    let pods = [failed("exit 3"), failed("exit 3")];
    let pods: Vec<_> = pods.iter().collect();
    for (known, counted) in [(0, 2), (1, 2), (2, 2), (3, 3)] {
        let found = assess(&job(&json!({"failed": known})), &pods, &Failures::default());
        assert_eq!(found.failures, counted, "status.failed {known}");
    }
    let restarting = PodView {
        restarts: 2,
        ..pod(PodState::Restarting("exit 1".into(), None))
    };
    assert_eq!(
        assess(&job(&json!({})), &[&restarting], &Failures::default()).failures,
        3
    );
    let gone = Failures {
        event: None,
        count: 5,
        cause: None,
    };
    assert_eq!(
        assess(&job(&json!({"failed": 1})), &[], &gone).failures,
        5,
        "Pods that are gone"
    );
}
