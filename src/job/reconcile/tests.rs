//! Tables for one pass, and whole lives of Jobs driven stage by stage.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::job::{JobStatus, NewPod, Phase, RestartPolicy, ScaleOutcome};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("in range")
}

fn job(spec: &Value, status: JobStatus) -> Job {
    let mut object = json!({"metadata": {"name": "pi", "uid": "job-uid"}, "spec": {"template": {"spec": {"restartPolicy": "Never"}}}});
    for (key, value) in spec.as_object().expect("an object") {
        object["spec"][key] = value.clone();
    }
    Job {
        status,
        ..Job::from_value(&object).expect("a Job")
    }
}

fn pod(name: &str, phase: &str, ended: Option<i64>) -> Pod {
    let mut object = json!({
        "metadata": {"name": name, "uid": name, "finalizers": ["x", crate::job::TRACKING_FINALIZER], "ownerReferences": [{"uid": "job-uid", "controller": true}], "creationTimestamp": at(0).to_string()},
        "status": {"phase": phase},
    });
    if let Some(end) = ended {
        object["status"]["containerStatuses"] =
            json!([{"state": {"terminated": {"finishedAt": at(end).to_string()}}}]);
    }
    Pod::from_value(&object).expect("a Pod")
}

fn one_pass(job: &Job, pods: &[Pod], now: i64) -> Plan {
    reconcile(job, &shared(pods), &Memory::default(), at(now))
}

fn shared(pods: &[Pod]) -> Vec<Arc<Pod>> {
    pods.iter().cloned().map(Arc::new).collect()
}

fn create(count: usize) -> Scale {
    Scale::Create(vec![NewPod::default(); count])
}

#[test]
fn creates_what_is_missing_up_to_parallelism() {
    let running = |n: usize| {
        (0..n)
            .map(|i| pod(&format!("p{i}"), "Running", None))
            .collect::<Vec<_>>()
    };
    for (spec, active, scale) in [
        (json!({}), 0, create(1)),
        (json!({"parallelism": 2, "completions": 4}), 0, create(2)),
        (json!({"parallelism": 2, "completions": 4}), 1, create(1)),
        (json!({"parallelism": 2, "completions": 4}), 2, Scale::None),
        (json!({"parallelism": 9, "completions": 2}), 0, create(2)),
        (json!({"parallelism": 3}), 0, create(3)),
        (json!({"parallelism": 900}), 0, create(500)),
        (json!({"parallelism": 0}), 0, Scale::None),
        (json!({"suspend": true}), 0, Scale::None),
    ] {
        assert_eq!(
            one_pass(&job(&spec, JobStatus::default()), &running(active), 0).scale,
            scale,
            "{spec} with {active} active"
        );
    }
}

#[test]
fn a_failure_on_record_that_ends_well_after_all_is_no_success() {
    let mut status = JobStatus::default();
    status.uncounted.failed.insert("p".into());
    let pods = [pod("p", "Succeeded", Some(1))];
    let plan = one_pass(&job(&json!({}), status), &pods, 2);
    assert_eq!(plan.scale, create(1), "its work is still to be done");
}

#[test]
fn nothing_is_created_or_decided_while_earlier_pods_are_not_seen_yet() {
    let memory = Memory {
        expecting: true,
        ..Memory::default()
    };
    let plan = reconcile(&job(&json!({}), JobStatus::default()), &[], &memory, at(0));
    assert_eq!((plan.scale, plan.decision), (Scale::None, None));
}

#[test]
fn too_many_pods_lose_the_one_that_did_least_and_it_is_never_counted() {
    let pods = [pod("runs", "Running", None), pod("waits", "Pending", None)];
    let Scale::Delete {
        pods,
        strip_finalizer,
    } = one_pass(&job(&json!({}), JobStatus::default()), &pods, 0).scale
    else {
        panic!("nothing deleted")
    };
    assert_eq!(
        pods.iter().map(|pod| pod.name.as_str()).collect::<Vec<_>>(),
        ["waits"]
    );
    assert!(strip_finalizer);
}

#[test]
fn a_failed_pod_is_replaced_after_the_back_off() {
    let job = job(
        &json!({}),
        JobStatus {
            start_time: Some(at(0)),
            ..JobStatus::default()
        },
    );
    for (now, scale, wake) in [
        (5, Scale::None, Some(10)),
        (14, Scale::None, Some(1)),
        (15, create(1), None),
    ] {
        let plan = one_pass(&job, &[pod("p", "Failed", Some(5))], now);
        assert_eq!(
            (plan.scale, plan.wake_after.map(|wait| wait.as_secs())),
            (scale, wake),
            "at {now}"
        );
    }
}

#[test]
fn one_failure_more_than_the_limit_ends_the_job() {
    for (limit, failed, reason) in [
        (0, 0, None),
        (0, 1, Some("BackoffLimitExceeded")),
        (1, 1, None),
        (1, 2, Some("BackoffLimitExceeded")),
    ] {
        let pods: Vec<_> = (0..failed)
            .map(|i| pod(&format!("p{i}"), "Failed", Some(1)))
            .collect();
        let plan = one_pass(
            &job(&json!({"backoffLimit": limit}), JobStatus::default()),
            &pods,
            2,
        );
        assert_eq!(
            plan.decision.map(|decision| decision.reason).as_deref(),
            reason,
            "limit {limit}, failed {failed}"
        );
    }
}

#[test]
fn restarts_in_place_count_towards_the_limit() {
    for (limit, restarts, ends) in [(0, 0, false), (0, 1, true), (2, 1, false), (2, 2, true)] {
        let mut job = job(&json!({"backoffLimit": limit}), JobStatus::default());
        job.spec.restart_policy = RestartPolicy::OnFailure;
        let running = Pod {
            restarts,
            ..pod("p", "Running", None)
        };
        assert_eq!(
            one_pass(&job, &[running], 0).decision.is_some(),
            ends,
            "limit {limit}, restarts {restarts}"
        );
    }
}

#[test]
fn the_deadline_counts_from_the_start_and_ends_the_job_exactly_then() {
    let job = job(
        &json!({"activeDeadlineSeconds": 10}),
        JobStatus {
            start_time: Some(at(0)),
            ..JobStatus::default()
        },
    );
    let running = [pod("p", "Running", None)];
    let early = one_pass(&job, &running, 9);
    assert_eq!(
        (early.decision, early.wake_after.map(|wait| wait.as_secs())),
        (None, Some(1))
    );
    let late = one_pass(&job, &running, 10);
    assert_eq!(late.decision.expect("an end").reason, "DeadlineExceeded");
    assert!(matches!(
        late.scale,
        Scale::Delete {
            strip_finalizer: false,
            ..
        }
    ));
}

/// Performs all stages with everything going well, and returns the status as stored afterwards.
fn perform(job: &mut Job, pods: &mut [Pod], now: i64) -> Vec<String> {
    let plan = one_pass(job, pods, now);
    let deleted = match &plan.scale {
        Scale::Delete { pods, .. } => pods.iter().map(|pod| pod.uid.clone()).collect(),
        _ => BTreeSet::new(),
    };
    let created = match &plan.scale {
        Scale::Create(pods) => pods.len(),
        _ => 0,
    };
    let tracking = plan.settle(&ScaleOutcome {
        created,
        deleted,
        failed: false,
    });
    job.status = tracking.write_before.clone().unwrap_or(job.status.clone());
    let removed: BTreeSet<String> = tracking
        .remove_finalizers
        .iter()
        .map(|pod| pod.uid.clone())
        .collect();
    for pod in pods.iter_mut().filter(|pod| removed.contains(&pod.uid)) {
        pod.tracking_finalizer_at = None;
    }
    let ending = tracking.finish(&removed);
    job.status = ending.write_after.unwrap_or(job.status.clone());
    ending
        .events
        .into_iter()
        .map(|event| event.reason)
        .collect()
}

#[test]
fn a_success_is_counted_once_and_completes_the_job() {
    let mut job = job(&json!({}), JobStatus::default());
    assert!(perform(&mut job, &mut [], 0).is_empty());
    assert_eq!((job.status.active, job.status.start_time), (1, Some(at(0))));
    let mut pods = [pod("p", "Succeeded", Some(5))];
    assert_eq!(perform(&mut job, &mut pods, 6), ["Completed"]);
    insta::assert_snapshot!(job.status.to_value(), @r#"{"ready":0,"terminating":0,"uncountedTerminatedPods":{},"succeeded":1,"startTime":"2027-01-15T08:00:00Z","completionTime":"2027-01-15T08:00:06Z","conditions":[{"type":"SuccessCriteriaMet","status":"True","lastProbeTime":"2027-01-15T08:00:06Z","lastTransitionTime":"2027-01-15T08:00:06Z","reason":"CompletionsReached","message":"Reached expected number of succeeded pods"},{"type":"Complete","status":"True","lastProbeTime":"2027-01-15T08:00:06Z","lastTransitionTime":"2027-01-15T08:00:06Z","reason":"CompletionsReached","message":"Reached expected number of succeeded pods"}]}"#);
    let again = one_pass(&job, &pods, 7);
    assert_eq!(again.gate, Gate::Finished);
}

#[test]
fn a_pod_whose_uid_is_on_record_is_counted_when_its_finalizer_is_gone_even_after_a_crash() {
    let mut status = JobStatus {
        start_time: Some(at(0)),
        ..JobStatus::default()
    };
    status.uncounted.succeeded.insert("p".into());
    let mut job = job(&json!({"completions": 2}), status);
    let mut pods = [Pod {
        tracking_finalizer_at: None,
        ..pod("p", "Succeeded", Some(5))
    }];
    perform(&mut job, &mut pods, 6);
    assert_eq!(
        (job.status.succeeded, job.status.uncounted.succeeded.len()),
        (1, 0)
    );
    perform(&mut job, &mut pods, 7);
    assert_eq!(job.status.succeeded, 1);
}

#[test]
fn a_failing_job_waits_for_its_pods_before_it_is_failed() {
    let mut job = job(
        &json!({"parallelism": 2, "completions": 2, "backoffLimit": 0}),
        JobStatus::default(),
    );
    let mut pods = [pod("bad", "Failed", Some(1)), pod("runs", "Running", None)];
    assert!(perform(&mut job, &mut pods, 2).is_empty());
    assert!(job.status.is_true("FailureTarget") && !job.status.is_true("Failed"));
    assert_eq!(
        (job.status.active, job.status.terminating, job.status.failed),
        (0, Some(1), 2)
    );
    pods[1] = Pod {
        deleting: true,
        phase: Phase::Failed,
        tracking_finalizer_at: None,
        ..pods[1].clone()
    };
    assert_eq!(perform(&mut job, &mut pods, 3), ["BackoffLimitExceeded"]);
    assert!(job.status.is_true("Failed"));
}

#[test]
fn suspension_takes_the_pods_and_the_start_time_and_resuming_gives_a_new_one() {
    let mut job = job(
        &json!({"suspend": true}),
        JobStatus {
            start_time: Some(at(0)),
            ..JobStatus::default()
        },
    );
    perform(&mut job, &mut [pod("p", "Running", None)], 5);
    assert!(job.status.is_true("Suspended"));
    assert_eq!(
        (
            job.status.start_time,
            job.status.terminating,
            job.status.failed
        ),
        (None, Some(1), 0)
    );
    job.spec.suspend = false;
    perform(&mut job, &mut [], 9);
    assert!(!job.status.is_true("Suspended"));
    assert_eq!((job.status.start_time, job.status.active), (Some(at(9)), 1));
}

#[test]
fn an_unchanged_world_gives_no_actions() {
    let mut job = job(
        &json!({"parallelism": 2, "completions": 4}),
        JobStatus::default(),
    );
    let mut pods = [pod("a", "Running", None), pod("b", "Running", None)];
    perform(&mut job, &mut pods, 0);
    let plan = one_pass(&job, &pods, 1);
    let tracking = plan.settle(&ScaleOutcome::default());
    assert_eq!(plan.scale, Scale::None);
    assert_eq!(
        (
            tracking.write_before.clone(),
            tracking.remove_finalizers.len()
        ),
        (None, 0)
    );
    assert_eq!(tracking.finish(&BTreeSet::new()).write_after, None);
}
