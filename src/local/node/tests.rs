//! The node with real processes, over the embedded API.

#![expect(
    clippy::disallowed_methods,
    reason = "tells the time to the API and writes a file that a process waits for"
)]

mod killed;
mod stage;

use std::ffi::OsString;
use std::time::Duration;

use serde_json::{Value, json};

use crate::local::store::Target;
use stage::Stage;

/// A command that runs one ignored test of this test program as a process of its own.
pub(super) fn test_command(test: &str) -> Vec<OsString> {
    let own = std::env::current_exe().expect("this program has a path");
    [own.into(), test.into()]
        .into_iter()
        .chain(["--exact", "--ignored", "--nocapture", "--test-threads=1"].map(OsString::from))
        .collect()
}

/// Runs the guard.
pub(super) fn guard_command() -> Vec<OsString> {
    test_command("local::node::guard::tests::as_guard")
}

#[tokio::test]
async fn a_command_runs_and_its_end_and_output_are_told() {
    let stage = Stage::new(9).await;
    stage.shell("good", "echo one; echo two >&2; printf three");
    stage.shell("bad", "exit 3");
    // A doubled dollar is one by the rules of `command`.
    stage.shell("killed", "kill -9 $$$$");
    let end = stage.end("good", "Succeeded").await;
    assert_eq!(
        (&end["exitCode"], &end["reason"]),
        (&json!(0), &json!("Completed"))
    );
    let log = stage.log("good", false).await;
    assert!(
        log.contains("one\n") && log.contains("two\n") && log.contains("three"),
        "{log}"
    );
    let end = stage.end("bad", "Failed").await;
    assert_eq!(
        (&end["exitCode"], &end["reason"]),
        (&json!(3), &json!("Error"))
    );
    let end = stage.end("killed", "Failed").await;
    assert_eq!((&end["exitCode"], &end["signal"]), (&json!(137), &json!(9)));
    stage.close().await;
}

#[tokio::test]
async fn a_process_sees_its_own_environment_and_folder_only() {
    let stage = Stage::new(9).await;
    stage.config_map("cm", &json!({"KEY": "from the map"}));
    let script = "cat etc/app/KEY; echo; env | sed 's/=.*//' | grep -Ev '^(PWD|SHLVL|_)$' | sort | tr '\\n' ' '; echo; \
                  [ \"$HOME\" = \"$(pwd -P)\" ] && touch \"$TMPDIR/x\" && echo \"$HOSTNAME $WHO $ITEM $(ITEM)\"";
    stage.pod(
        "p",
        json!({
            "volumes": [{"name": "v", "configMap": {"name": "cm"}}],
            "containers": [{
                "name": "main", "command": ["sh", "-c", script],
                "volumeMounts": [{"name": "v", "mountPath": "/etc/app"}],
                "env": [
                    {"name": "WHO", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                    {"name": "ITEM", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "KEY"}}},
                ],
            }],
        }),
    );
    stage.end("p", "Succeeded").await;
    insta::assert_snapshot!(stage.log("p", false).await, @r"
    from the map
    HOME HOSTNAME ITEM KUBECTL_BATCH_LOCAL PATH TMPDIR WHO 
    p p from the map from the map
    ");
    assert!(!stage.folder.path().join("pods").join("x").exists());
    stage.close().await;
}

#[tokio::test]
async fn what_cannot_start_fails_with_the_reason() {
    let stage = Stage::new(9).await;
    stage.container("none", json!({"image": "busybox:1"}));
    stage.container("lost", json!({"command": ["no-such-program"]}));
    for (name, reason, part) in [
        ("none", "ContainerCannotRun", "pulls no images"),
        (
            "lost",
            "StartError",
            "exec: \"no-such-program\": executable file not found in $PATH",
        ),
    ] {
        let end = stage.end(name, "Failed").await;
        assert_eq!(
            (&end["exitCode"], &end["reason"]),
            (&json!(128), &json!(reason))
        );
        let message = end["message"].as_str().unwrap_or_default();
        assert!(message.contains(part), "{end}");
    }
    stage.close().await;
}

#[tokio::test]
async fn a_deleted_pod_gets_term_then_kill_and_goes() {
    let stage = Stage::new(9).await;
    stage.shell("polite", "trap 'exit 0' TERM; sleep 1000 & wait");
    stage.shell("stubborn", "trap '' TERM; sleep 1000; sleep 1000");
    for name in ["polite", "stubborn"] {
        stage.phase(name, "Running").await;
        stage.delete(name, None);
    }
    for name in ["polite", "stubborn"] {
        stage.wait(name, |pod| pod.is_none()).await;
    }
    stage.no_process().await;
    stage.close().await;
}

#[tokio::test]
async fn a_deleted_pod_that_a_finalizer_holds_shows_how_it_ended() {
    let stage = Stage::new(9).await;
    stage.shell("p", "sleep 1000");
    stage.patch(
        "p",
        Target::Object,
        json!({"metadata": {"finalizers": ["batch.kubernetes.io/job-tracking"]}}),
    );
    stage.phase("p", "Running").await;
    stage.delete("p", Some(5));
    let pod = stage.phase("p", "Failed").await;
    let end = &pod["status"]["containerStatuses"][0]["state"]["terminated"];
    assert_eq!(
        (&end["exitCode"], &end["signal"]),
        (&json!(143), &json!(15))
    );
    let released = |pod: Option<&Value>| {
        pod.is_some_and(|pod| pod["metadata"]["deletionGracePeriodSeconds"] == 0)
    };
    stage.wait("p", released).await;
    stage.patch(
        "p",
        Target::Object,
        json!({"metadata": {"finalizers": null}}),
    );
    stage.wait("p", |pod| pod.is_none()).await;
    stage.close().await;
}

#[tokio::test]
async fn a_pod_that_is_removed_by_force_leaves_nothing() {
    let stage = Stage::new(9).await;
    stage.shell("p", "sleep 1000");
    let pod = stage.phase("p", "Running").await;
    let scratch = stage
        .folder
        .path()
        .join("pods")
        .join(pod["metadata"]["uid"].as_str().expect("a uid"));
    assert!(scratch.exists());
    stage.delete("p", Some(0));
    stage.no_process().await;
    for _ in 0..1000 {
        if !scratch.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!scratch.exists());
    stage.close().await;
}

#[tokio::test]
async fn pods_beyond_the_room_wait_and_then_run() {
    let stage = Stage::new(1).await;
    stage.shell("a", "while [ ! -e ../../../../go ]; do sleep 0.05; done");
    stage.phase("a", "Running").await;
    stage.shell("b", "true");
    let told = |pod: Option<&Value>| {
        pod.is_some_and(|pod| pod["status"]["conditions"][0]["reason"] == "Unschedulable")
    };
    let pod = stage.wait("b", told).await.expect("the Pod");
    let condition = &pod["status"]["conditions"][0];
    assert_eq!(
        condition["message"],
        "0/1 nodes are available: 1 Too many pods."
    );
    std::fs::write(stage.folder.path().join("go"), "").expect("a file");
    stage.phase("a", "Succeeded").await;
    stage.phase("b", "Succeeded").await;
    stage.close().await;
}

#[tokio::test]
async fn a_pod_that_is_deleted_while_it_waits_never_runs() {
    let stage = Stage::new(1).await;
    stage.shell("a", "while [ ! -e ../../../../go ]; do sleep 0.05; done");
    stage.phase("a", "Running").await;
    stage.shell("b", "touch ../../../../ran");
    stage.shell("c", "true");
    stage.delete("b", None);
    stage.wait("b", |pod| pod.is_none()).await;
    std::fs::write(stage.folder.path().join("go"), "").expect("a file");
    stage.phase("c", "Succeeded").await;
    assert!(!stage.folder.path().join("ran").exists());
    stage.close().await;
}

#[tokio::test]
async fn a_node_that_stops_ends_everything() {
    let stage = Stage::new(9).await;
    stage.shell(
        "a",
        "trap '' TERM; setsid sleep 1000 & sleep 1000; sleep 1000",
    );
    stage.phase("a", "Running").await;
    stage.close().await;
}

#[tokio::test]
async fn a_container_restarts_in_place_and_its_last_log_is_kept() {
    let stage = Stage::new(9).await;
    let seen = "../../tmp/main/seen";
    let script =
        format!("[ -e {seen} ] && {{ echo again; exit; }}; echo try; touch {seen}; exit 1");
    let container = json!({"name": "main", "command": ["sh", "-c", script]});
    stage.pod(
        "p",
        json!({"restartPolicy": "OnFailure", "containers": [container]}),
    );
    let pod = stage.phase("p", "Succeeded").await;
    let status = &pod["status"]["containerStatuses"][0];
    assert_eq!(
        (
            &status["restartCount"],
            &status["lastState"]["terminated"]["exitCode"]
        ),
        (&json!(1), &json!(1))
    );
    assert_eq!(stage.log("p", false).await, "again\n");
    assert_eq!(stage.log("p", true).await, "try\n");
    stage.close().await;
}

#[tokio::test]
async fn a_log_is_followed_to_the_end_of_the_container() {
    let stage = Stage::new(9).await;
    stage.shell("p", "for i in 1 2 3; do echo $i; sleep 0.1; done");
    stage.phase("p", "Running").await;
    assert_eq!(stage.follow("p").await, "1\n2\n3\n");
    stage.close().await;
}

#[tokio::test]
async fn output_of_what_outlives_the_container_does_not_hold_it_up() {
    let stage = Stage::new(9).await;
    stage.shell("p", "setsid sleep 1000 & echo done");
    stage.end("p", "Succeeded").await;
    assert_eq!(stage.log("p", false).await, "done\n");
    stage.close().await;
}

#[tokio::test]
async fn conditions_of_others_stay() {
    let stage = Stage::new(9).await;
    stage.shell("p", "while [ ! -e ../../../../go ]; do sleep 0.05; done");
    let pod = stage.phase("p", "Running").await;
    let mut conditions = pod["status"]["conditions"]
        .as_array()
        .expect("conditions")
        .clone();
    conditions.push(json!({"type": "DisruptionTarget", "status": "True"}));
    stage.patch(
        "p",
        Target::Status,
        json!({"status": {"conditions": conditions}}),
    );
    // The node's watch must bring the change before the process ends.
    tokio::time::sleep(Duration::from_millis(200)).await;
    std::fs::write(stage.folder.path().join("go"), "").expect("a file");
    let pod = stage.phase("p", "Succeeded").await;
    let conditions = pod["status"]["conditions"].as_array().expect("conditions");
    let kinds: Vec<_> = conditions
        .iter()
        .filter_map(|c| c["type"].as_str())
        .collect();
    assert_eq!(
        kinds,
        [
            "PodScheduled",
            "Initialized",
            "ContainersReady",
            "Ready",
            "DisruptionTarget"
        ]
    );
    stage.close().await;
}
