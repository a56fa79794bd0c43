//! One pass over a Job with many Pods: `cargo bench --bench reconcile`. The budget is 10 ms for 10,000 Pods.

use std::collections::BTreeSet;
use std::sync::Arc;

use divan::{Bencher, black_box};
use jiff::Timestamp;
use kubectl_batch::job::{
    Ending, Job, Memory, Plan, Pod, Scale, ScaleOutcome, TRACKING_FINALIZER, reconcile,
};
use serde_json::{Value, json};

fn main() {
    divan::main();
}

/// How many Pods the Job has.
const PODS: &[usize] = &[1_000, 10_000, 100_000];

#[divan::bench(args = PODS)]
fn all_run(bencher: Bencher, pods: usize) {
    bench(bencher, &json!({}), pods, |_| "Running");
}

#[divan::bench(args = PODS)]
fn all_succeeded(bencher: Bencher, pods: usize) {
    bench(bencher, &json!({}), pods, |_| "Succeeded");
}

#[divan::bench(args = PODS)]
fn all_are_too_many(bencher: Bencher, pods: usize) {
    bench(bencher, &json!({"parallelism": 0}), pods, |_| "Running");
}

#[divan::bench(args = PODS)]
fn the_job_fails(bencher: Bencher, pods: usize) {
    let phase = |pod| if pod == 0 { "Failed" } else { "Running" };
    bench(bencher, &json!({"backoffLimit": 0}), pods, phase);
}

#[divan::bench(args = PODS)]
fn indexes_with_policies(bencher: Bencher, pods: usize) {
    let spec = json!({
        "completionMode": "Indexed", "backoffLimitPerIndex": 3,
        "podFailurePolicy": {"rules": [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [42]}}]},
        "successPolicy": {"rules": [{"succeededIndexes": "0,2,4-90"}]},
    });
    let phases = ["Succeeded", "Running", "Failed", "Pending"];
    bench(bencher, &spec, pods, |pod| phases[pod % 4]);
}

fn bench(bencher: Bencher, spec: &Value, pods: usize, phase: impl Fn(usize) -> &'static str) {
    let job = job(spec, pods);
    let pods: Vec<_> = (0..pods).map(|number| pod(number, phase(number))).collect();
    let now = Timestamp::from_second(1_800_001_000).expect("in range");
    bencher.bench_local(|| {
        let plan = reconcile(black_box(&job), black_box(&pods), &Memory::default(), now);
        stages(&plan)
    });
}

/// The later stages, with everything going well.
fn stages(plan: &Plan) -> Ending {
    let mut outcome = ScaleOutcome::default();
    match &plan.scale {
        Scale::None => {}
        Scale::Create(pods) => outcome.created = pods.len(),
        Scale::Delete { pods, .. } => {
            outcome.deleted = pods.iter().map(|pod| pod.uid.clone()).collect();
        }
    }
    let tracking = plan.settle(&outcome);
    let removed: BTreeSet<String> = tracking
        .remove_finalizers
        .iter()
        .map(|pod| pod.uid.clone())
        .collect();
    tracking.finish(&removed)
}

fn job(spec: &Value, pods: usize) -> Job {
    let mut object = json!({
        "metadata": {"name": "pi", "uid": "job-uid"},
        "spec": {
            "completions": pods, "parallelism": pods,
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "job-uid"}},
            "template": {"spec": {"restartPolicy": "Never"}},
        },
        "status": {"startTime": "2027-01-15T08:00:00Z"},
    });
    for (key, value) in spec.as_object().into_iter().flatten() {
        object["spec"][key] = value.clone();
    }
    Job::from_value(&object).expect("a Job")
}

fn pod(number: usize, phase: &str) -> Arc<Pod> {
    let uid = format!("{number:08x}-c2d4-4f55-8a51-0242ac120002");
    let ended = json!([{"name": "main", "state": {"terminated": {"exitCode": 1, "finishedAt": "2027-01-15T08:10:00Z"}}}]);
    let object = json!({
        "metadata": {
            "name": format!("pi-{number}-abcde"), "uid": uid, "creationTimestamp": "2027-01-15T08:00:00Z",
            "labels": {
                "batch.kubernetes.io/controller-uid": "job-uid", "controller-uid": "job-uid",
                "batch.kubernetes.io/job-name": "pi", "job-name": "pi",
            },
            "annotations": {"batch.kubernetes.io/job-completion-index": number.to_string()},
            "finalizers": [TRACKING_FINALIZER],
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "uid": "job-uid", "controller": true}],
        },
        "spec": {"nodeName": "node-1"},
        "status": {
            "phase": phase, "containerStatuses": if phase == "Running" { json!([]) } else { ended },
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2027-01-15T08:00:05Z"}],
        },
    });
    Arc::new(Pod::from_value(&object).expect("a Pod"))
}
