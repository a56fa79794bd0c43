//! What `watch` does for a group, whatever its size: `cargo bench --bench watch`. The budget of a frame is 16 ms, up to 100,000
//! members; at 200 events a second, an event has 5 ms.

use divan::{Bencher, black_box};
use jiff::Timestamp;
use kubectl_batch::group::{Group, JobView, Observation, PodView};
use kubectl_batch::render::{Style, View, frame};
use serde_json::{Value, json};

fn main() {
    divan::main();
}

/// How many members the group has.
const MEMBERS: &[usize] = &[100, 10_000, 100_000];

const THEN: &str = "2027-01-15T08:00:00Z";

/// What a Pod of the group does.
#[derive(Clone, Copy, Debug)]
enum Does {
    Run,
    Wait,
    WaitForItsOwn,
    Fail,
}

const ALL: [Does; 4] = [Does::Run, Does::Wait, Does::WaitForItsOwn, Does::Fail];

#[divan::bench(args = MEMBERS)]
fn frame_when_all_run(bencher: Bencher, members: usize) {
    bench_frame(bencher, &group(members, |_| Does::Run));
}

#[divan::bench(args = MEMBERS)]
fn frame_when_all_wait(bencher: Bencher, members: usize) {
    bench_frame(bencher, &group(members, |_| Does::Wait));
}

#[divan::bench(args = MEMBERS)]
fn frame_when_each_waits_for_its_own(bencher: Bencher, members: usize) {
    bench_frame(bencher, &group(members, |_| Does::WaitForItsOwn));
}

#[divan::bench(args = MEMBERS)]
fn frame_of_all_kinds(bencher: Bencher, members: usize) {
    bench_frame(bencher, &group(members, |number| ALL[number % 4]));
}

/// A Pod starts and waits again.
#[divan::bench(args = MEMBERS)]
fn two_events(bencher: Bencher, members: usize) {
    let mut group = group(members, |number| ALL[number % 4]);
    let mut number = 0;
    bencher
        .with_inputs(|| {
            number = (number + 4) % members;
            [Does::Wait, Does::Run].map(|does| pod(number, does))
        })
        .bench_local_values(|pods| {
            pods.map(|pod| group.handle(now(), Observation::Pod(Box::new(pod))).len())
        });
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_001_000).expect("in range")
}

fn bench_frame(bencher: Bencher, group: &Group) {
    let view = View {
        group,
        title: "bench",
        place: "default",
        began: now(),
        now: now(),
        size: (120, 40),
        style: Style::default(),
    };
    bencher.bench_local(|| frame(black_box(view)));
}

fn group(members: usize, does: impl Fn(usize) -> Does) -> Group {
    let mut group = Group::default();
    let mut see = |seen| group.handle(now(), seen);
    see(Observation::JobsListing);
    for number in 0..members {
        see(Observation::Job(Box::new(job(number, does(number)))));
        see(Observation::Pod(Box::new(pod(number, does(number)))));
    }
    see(Observation::JobsListed);
    see(Observation::PodsListed);
    group
}

fn job(number: usize, does: Does) -> JobView {
    let failed = json!([{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": THEN}]);
    let conditions = if matches!(does, Does::Fail) {
        failed
    } else {
        json!([])
    };
    let job = json!({
        "metadata": {
            "name": format!("load-{number}"), "uid": format!("{number:08x}-c2d4-4f55-8a51-0242ac120002"), "creationTimestamp": THEN,
            "annotations": {"kubectl-batch/item": format!("item-{number}"), "kubectl-batch/index": number.to_string()},
        },
        "spec": {"completions": 1, "backoffLimit": 0},
        "status": {"startTime": THEN, "active": 1, "conditions": conditions},
    });
    JobView::from_value(&job).expect("a Job")
}

fn pod(number: usize, does: Does) -> PodView {
    let pod = json!({
        "metadata": {
            "name": format!("load-{number}-x7k2p"), "uid": format!("{number:08x}-c2d4-4f55-8a51-0242ac120003"), "creationTimestamp": THEN,
            "labels": {"job-name": format!("load-{number}")},
        },
        "spec": {"containers": [{"name": "c", "image": "busybox:1.28"}]},
        "status": status(number, does),
    });
    PodView::from_value(&pod).expect("a Pod of a Job")
}

fn status(number: usize, does: Does) -> Value {
    let container = |state: Value| json!([{"name": "c", "state": state}]);
    match does {
        Does::Run => {
            json!({"phase": "Running", "containerStatuses": container(json!({"running": {}}))})
        }
        Does::Wait => {
            json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
            "reason": "Unschedulable", "message": "0/3 nodes are available: 3 Insufficient cpu."}]})
        }
        Does::WaitForItsOwn => json!({"phase": "Pending", "containerStatuses": container(
            json!({"waiting": {"reason": "CreateContainerConfigError", "message": format!("secret \"s-{number}\" not found")}}))}),
        Does::Fail => json!({"phase": "Failed", "containerStatuses": container(
            json!({"terminated": {"exitCode": 3, "reason": "Error", "finishedAt": THEN}}))}),
    }
}
