//! The machine of a Pod, fed by hand.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Effect, Input, PodRun};
use crate::local::node::container::Terminated;
use crate::local::node::plan::PodPlan;

struct Pod {
    run: PodRun,
    now: Timestamp,
    status: Value,
}

impl Pod {
    fn new(spec: &Value) -> Self {
        let pod = json!({"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": spec});
        let plan = PodPlan::read(&serde_json::from_value(pod).expect("an object")).expect("a Pod");
        let now = "2026-01-01T00:00:00Z".parse().expect("a time");
        Self {
            run: PodRun::new(Arc::new(plan), now),
            now,
            status: Value::Null,
        }
    }

    fn one(policy: &str) -> Self {
        Self::new(&json!({"restartPolicy": policy, "containers": [{"name": "main"}]}))
    }

    /// What the input leads to, in short, but for statuses, which are kept.
    fn put(&mut self, input: Input) -> String {
        let mut short = Vec::new();
        for effect in self.run.handle(self.now, input) {
            short.push(match effect {
                Effect::Start { container, attempt } => format!("start {container}.{attempt}"),
                Effect::Signal { container, kill } => {
                    format!("{} {container}", if kill { "kill" } else { "term" })
                }
                Effect::WakeAt(at) => format!("wake {}", at.duration_since(self.now).as_secs()),
                Effect::Delete => "delete".to_owned(),
                Effect::Done => "done".to_owned(),
                Effect::WriteStatus(status) => {
                    self.status = status;
                    continue;
                }
            });
        }
        short.join(", ")
    }

    fn tick(&mut self) -> String {
        self.put(Input::Tick)
    }

    fn started(&mut self, container: usize) -> String {
        self.put(Input::Started {
            container,
            pid: 100 + container as u32,
        })
    }

    fn ended(&mut self, container: usize, exit_code: i32) -> String {
        let end = Terminated {
            exit_code,
            signal: None,
            reason: if exit_code == 0 { "Completed" } else { "Error" },
            message: None,
            started: self.now,
            finished: self.now,
            pid: Some(100),
        };
        self.put(Input::Ended { container, end })
    }

    fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    fn at(&self, pointer: &str) -> String {
        let value = self.status.pointer(pointer);
        value.map_or_else(String::new, |v| {
            v.as_str().map_or_else(|| v.to_string(), str::to_owned)
        })
    }

    fn phase(&self) -> String {
        self.at("/phase")
    }

    fn condition(&self, kind: &str) -> String {
        let all = self.status["conditions"].as_array().expect("conditions");
        let found = all
            .iter()
            .find(|c| c["type"] == kind)
            .expect("the condition");
        let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}", text("status"), text("reason"))
            .trim()
            .to_owned()
    }
}

#[test]
fn a_pod_that_runs_well_succeeds() {
    let mut pod = Pod::one("Never");
    assert_eq!(pod.tick(), "start 0.0");
    assert_eq!(pod.started(0), "");
    assert_eq!(
        (pod.phase(), pod.condition("Ready")),
        ("Running".into(), "True".into())
    );
    pod.wait(5);
    assert_eq!(pod.ended(0, 0), "done");
    assert_eq!(pod.condition("Ready"), "False PodCompleted");
    assert_eq!(pod.condition("PodScheduled"), "True");
    insta::assert_snapshot!(pod.status, @r#"{"phase":"Succeeded","conditions":[{"type":"PodScheduled","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-01-01T00:00:00Z"},{"type":"Initialized","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-01-01T00:00:00Z","reason":"PodCompleted"},{"type":"ContainersReady","status":"False","lastProbeTime":null,"lastTransitionTime":"2026-01-01T00:00:05Z","reason":"PodCompleted"},{"type":"Ready","status":"False","lastProbeTime":null,"lastTransitionTime":"2026-01-01T00:00:05Z","reason":"PodCompleted"}],"hostIP":"127.0.0.1","podIP":"127.0.0.1","podIPs":[{"ip":"127.0.0.1"}],"startTime":"2026-01-01T00:00:00Z","containerStatuses":[{"name":"main","state":{"terminated":{"exitCode":0,"reason":"Completed","startedAt":"2026-01-01T00:00:05Z","finishedAt":"2026-01-01T00:00:05Z","containerID":"process://100"}},"lastState":{},"ready":false,"restartCount":0,"image":"","imageID":"","started":false,"containerID":"process://100"}]}"#);
}

#[test]
fn never_means_that_a_failure_fails_the_pod() {
    let mut pod = Pod::one("Never");
    pod.tick();
    pod.started(0);
    assert_eq!(pod.ended(0, 3), "done");
    assert_eq!(
        (pod.phase(), pod.condition("Ready")),
        ("Failed".into(), "False PodFailed".into())
    );
    assert_eq!(
        pod.at("/containerStatuses/0/state/terminated/exitCode"),
        "3"
    );
}

#[test]
fn restarts_in_place_wait_longer_each_time() {
    let mut pod = Pod::one("OnFailure");
    pod.tick();
    pod.started(0);
    assert_eq!(pod.ended(0, 1), "start 0.1");
    pod.started(0);
    assert_eq!(pod.at("/containerStatuses/0/restartCount"), "1");
    assert_eq!(
        pod.at("/containerStatuses/0/lastState/terminated/exitCode"),
        "1"
    );
    assert_eq!(pod.ended(0, 2), "wake 10");
    assert_eq!(pod.phase(), "Running");
    insta::assert_snapshot!(pod.at("/containerStatuses/0/state/waiting"), @r#"{"reason":"CrashLoopBackOff","message":"back-off 10s restarting failed container=main pod=p_n(u)"}"#);
    assert_eq!(
        pod.at("/containerStatuses/0/lastState/terminated/exitCode"),
        "2"
    );
    assert_eq!(pod.at("/containerStatuses/0/restartCount"), "1");
    assert_eq!(pod.condition("Ready"), "False ContainersNotReady");
    pod.wait(9);
    assert_eq!(pod.tick(), "wake 1");
    pod.wait(1);
    assert_eq!(pod.tick(), "start 0.2");
    pod.started(0);
    assert_eq!(pod.ended(0, 1), "wake 20");
    pod.wait(20);
    assert_eq!(pod.tick(), "start 0.3");
    pod.started(0);
    assert_eq!(pod.ended(0, 0), "done");
    assert_eq!(
        (pod.phase(), pod.at("/containerStatuses/0/restartCount")),
        ("Succeeded".into(), "3".into())
    );
}

#[test]
fn always_restarts_after_success_too() {
    let mut pod = Pod::one("Always");
    pod.tick();
    pod.started(0);
    assert_eq!(pod.ended(0, 0), "start 0.1");
    pod.started(0);
    assert_eq!(pod.ended(0, 0), "wake 10");
    assert_eq!(pod.phase(), "Running");
}

#[test]
fn init_containers_run_one_after_the_other() {
    let mut pod = Pod::new(&json!({
        "restartPolicy": "Never",
        "initContainers": [{"name": "i"}, {"name": "j"}],
        "containers": [{"name": "a"}, {"name": "b"}],
    }));
    assert_eq!(pod.tick(), "start 0.0");
    pod.started(0);
    assert_eq!(pod.phase(), "Pending");
    assert_eq!(
        pod.condition("Initialized"),
        "False ContainersNotInitialized"
    );
    assert_eq!(
        pod.at("/containerStatuses/0/state/waiting/reason"),
        "PodInitializing"
    );
    assert_eq!(pod.ended(0, 0), "start 1.0");
    pod.started(1);
    assert_eq!(pod.ended(1, 0), "start 2.0, start 3.0");
    pod.started(2);
    pod.started(3);
    assert_eq!(
        (pod.phase(), pod.condition("Initialized")),
        ("Running".into(), "True".into())
    );
    assert_eq!(pod.ended(2, 1), "");
    assert_eq!(pod.phase(), "Running");
    assert_eq!(pod.ended(3, 0), "done");
    assert_eq!(pod.phase(), "Failed");
}

#[test]
fn a_failed_init_container_fails_the_pod_or_is_tried_again() {
    for (policy, expected, phase) in [
        ("Never", "done", "Failed"),
        ("OnFailure", "start 0.1", "Pending"),
    ] {
        let mut pod = Pod::new(&json!({
            "restartPolicy": policy, "initContainers": [{"name": "i"}], "containers": [{"name": "a"}],
        }));
        pod.tick();
        pod.started(0);
        assert_eq!(pod.ended(0, 1), expected);
        assert_eq!(pod.phase(), phase);
    }
}

#[test]
fn a_sidecar_starts_first_and_ends_last() {
    let mut pod = Pod::new(&json!({
        "restartPolicy": "Never", "terminationGracePeriodSeconds": 7,
        "initContainers": [{"name": "s", "restartPolicy": "Always"}], "containers": [{"name": "a"}],
    }));
    assert_eq!(pod.tick(), "start 0.0");
    assert_eq!(pod.started(0), "start 1.0");
    pod.started(1);
    assert_eq!(pod.ended(1, 0), "term 0, wake 7");
    assert_eq!(pod.phase(), "Succeeded");
    assert_eq!(pod.ended(0, 143), "done");
    assert_eq!(pod.phase(), "Succeeded");
}

#[test]
fn deletion_is_term_then_kill_then_delete() {
    let mut pod = Pod::one("OnFailure");
    pod.tick();
    pod.started(0);
    let grace = SignedDuration::from_secs(30);
    assert_eq!(pod.put(Input::Delete { grace }), "term 0, wake 30");
    assert_eq!(pod.put(Input::Delete { grace }), "wake 30");
    pod.wait(30);
    assert_eq!(pod.tick(), "kill 0");
    assert_eq!(pod.ended(0, 137), "delete, done");
    assert_eq!(pod.phase(), "Failed");
    assert_eq!(
        pod.at("/containerStatuses/0/state/terminated/exitCode"),
        "137"
    );
}

#[test]
fn a_shorter_grace_brings_kill_forward() {
    let mut pod = Pod::one("Never");
    pod.tick();
    pod.started(0);
    pod.put(Input::Delete {
        grace: SignedDuration::from_secs(30),
    });
    assert_eq!(
        pod.put(Input::Delete {
            grace: SignedDuration::ZERO
        }),
        "kill 0"
    );
}

#[test]
fn a_container_that_starts_during_deletion_is_ended() {
    let mut pod = Pod::one("Never");
    pod.tick();
    assert_eq!(
        pod.put(Input::Delete {
            grace: SignedDuration::from_secs(5)
        }),
        ""
    );
    assert_eq!(pod.started(0), "term 0, wake 5");
    assert_eq!(pod.ended(0, 0), "delete, done");
    assert_eq!(pod.phase(), "Succeeded");
}

#[test]
fn a_pod_deleted_between_restarts_fails_with_its_last_end() {
    let mut pod = Pod::one("OnFailure");
    pod.tick();
    pod.started(0);
    pod.ended(0, 1);
    pod.started(0);
    pod.ended(0, 1);
    assert_eq!(
        pod.put(Input::Delete {
            grace: SignedDuration::from_secs(5)
        }),
        "delete, done"
    );
    assert_eq!(pod.phase(), "Failed");
    assert_eq!(
        pod.at("/containerStatuses/0/state/terminated/exitCode"),
        "1"
    );
}

#[test]
fn the_deadline_of_a_pod_ends_it() {
    let mut pod = Pod::new(&json!({
        "restartPolicy": "Never", "activeDeadlineSeconds": 60, "terminationGracePeriodSeconds": 3,
        "containers": [{"name": "main"}],
    }));
    assert_eq!(pod.tick(), "start 0.0, wake 60");
    pod.started(0);
    pod.wait(60);
    assert_eq!(pod.tick(), "term 0, wake 3");
    assert_eq!(pod.phase(), "Running");
    assert_eq!(pod.ended(0, 0), "done");
    assert_eq!(
        (pod.phase(), pod.at("/reason")),
        ("Failed".into(), "DeadlineExceeded".into())
    );
}

#[test]
fn a_pod_whose_object_is_gone_ends_without_a_word() {
    let mut pod = Pod::one("Never");
    pod.tick();
    pod.started(0);
    let before = pod.status.clone();
    assert_eq!(pod.put(Input::Gone), "term 0, wake 2");
    pod.wait(2);
    assert_eq!(pod.tick(), "kill 0");
    assert_eq!(pod.ended(0, 137), "done");
    assert_eq!(pod.status, before);
    assert_eq!(pod.tick(), "");
}

#[test]
fn a_container_that_lacks_something_waits_for_it() {
    let mut pod = Pod::one("Never");
    pod.tick();
    let message = "configmap \"x\" not found".to_owned();
    assert_eq!(
        pod.put(Input::NotConfigured {
            container: 0,
            message
        }),
        "wake 10"
    );
    assert_eq!(pod.phase(), "Pending");
    assert_eq!(
        pod.at("/containerStatuses/0/state/waiting/reason"),
        "CreateContainerConfigError"
    );
    pod.wait(10);
    assert_eq!(pod.tick(), "start 0.0");
}

#[test]
fn a_condition_keeps_the_time_of_its_last_change() {
    let mut pod =
        Pod::new(&json!({"restartPolicy": "Never", "containers": [{"name": "a"}, {"name": "b"}]}));
    pod.tick();
    pod.started(0);
    pod.started(1);
    let ready = "/conditions/3/lastTransitionTime";
    pod.wait(5);
    pod.ended(0, 0);
    assert_eq!(pod.at(ready), "2026-01-01T00:00:05Z");
    pod.wait(5);
    pod.ended(1, 0);
    assert_eq!(pod.at(ready), "2026-01-01T00:00:05Z");
    assert_eq!(pod.at("/conditions/3/reason"), "PodCompleted");
}
