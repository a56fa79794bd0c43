//! The node with real processes, as a client of a few lines of API.

#![expect(
    clippy::disallowed_methods,
    reason = "waits for processes and writes a file that one waits for"
)]

mod fake;

use std::ffi::OsString;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::system::marked;
use super::{Node, Options};
use crate::local::logs::LogOptions;
use fake::Fake;

/// Runs the guard: this test program, told to run the one test that is the guard's body.
pub(super) fn guard_command() -> Vec<OsString> {
    let own = std::env::current_exe().expect("this program has a path");
    let test = "local::node::guard::tests::as_guard";
    [own.into(), test.into()]
        .into_iter()
        .chain(["--exact", "--ignored", "--test-threads=1"].map(OsString::from))
        .collect()
}

struct Stage {
    api: Fake,
    node: Node,
    marker: String,
    folder: TempDir,
}

impl Stage {
    async fn new(max_pods: usize) -> Self {
        let (api, folder) = (Fake::new(), TempDir::new().expect("a folder"));
        let marker = format!("node-test-{}", folder.path().display());
        let options = Options {
            max_pods,
            guard: Some(guard_command()),
            ..Options::new(folder.path(), &marker)
        };
        let node = Node::start(api.client(), options).await.expect("a node");
        Self {
            api,
            node,
            marker,
            folder,
        }
    }

    fn shell(&self, name: &str, script: &str) {
        let container = json!({"name": "main", "command": ["sh", "-c", script]});
        self.create(name, &container);
    }

    fn create(&self, name: &str, container: &Value) {
        let spec = json!({"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]});
        self.api.create(name, &spec);
    }

    async fn phase(&self, name: &str, phase: &str) -> Value {
        let is = |pod: Option<&Value>| pod.is_some_and(|pod| pod["status"]["phase"] == phase);
        self.api.wait(name, is).await.expect("the Pod")
    }

    /// The end of the one container, once the Pod has come to `phase`.
    async fn end(&self, name: &str, phase: &str) -> Value {
        self.phase(name, phase).await["status"]["containerStatuses"][0]["state"]["terminated"]
            .take()
    }

    async fn log(&self, name: &str) -> String {
        let uid = format!("uid-{name}");
        let log = self.node.logs().stream(&uid, "main", LogOptions::default());
        let chunks: Vec<_> = log.try_collect().await.expect("a log");
        String::from_utf8(chunks.concat()).expect("text")
    }

    async fn close(self) {
        self.node.shutdown().await;
        assert!(marked(&self.marker).is_empty(), "processes are left");
    }
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
    let mut lines: Vec<_> = stage.log("good").await.lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines.concat().len(), "onetwothree".len(), "{lines:?}");
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
    stage
        .api
        .add_config_map("cm", &json!({"KEY": "from the map"}));
    let script = "cat etc/app/KEY; echo; env | sed 's/=.*//' | grep -Ev '^(PWD|SHLVL|_)$' | sort | tr '\\n' ' '; echo; \
                  [ \"$HOME\" = \"$(pwd -P)\" ] && touch \"$TMPDIR/x\" && echo \"$HOSTNAME $WHO $ITEM $(ITEM)\"";
    let spec = json!({
        "restartPolicy": "Never",
        "volumes": [{"name": "v", "configMap": {"name": "cm"}}],
        "containers": [{
            "name": "main", "command": ["sh", "-c", script], "volumeMounts": [{"name": "v", "mountPath": "/etc/app"}],
            "env": [
                {"name": "WHO", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "ITEM", "valueFrom": {"configMapKeyRef": {"name": "cm", "key": "KEY"}}},
            ],
        }],
    });
    stage.api.create("p", &spec);
    stage.end("p", "Succeeded").await;
    insta::assert_snapshot!(stage.log("p").await, @r"
    from the map
    HOME HOSTNAME ITEM KUBECTL_BATCH_LOCAL PATH TMPDIR WHO 
    p p from the map from the map
    ");
    stage.close().await;
}

#[tokio::test]
async fn what_cannot_start_fails_with_the_reason() {
    let stage = Stage::new(9).await;
    stage.create("none", &json!({"name": "main", "image": "busybox:1"}));
    stage.create(
        "lost",
        &json!({"name": "main", "command": ["no-such-program"]}),
    );
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
        assert!(
            end["message"]
                .as_str()
                .is_some_and(|message| message.contains(part)),
            "{end}"
        );
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
        stage.api.delete(name, 1);
    }
    for name in ["polite", "stubborn"] {
        stage.api.wait(name, |pod| pod.is_none()).await;
    }
    assert!(marked(&stage.marker).is_empty(), "processes are left");
    stage.close().await;
}

#[tokio::test]
async fn a_pod_that_is_removed_by_force_leaves_nothing() {
    let stage = Stage::new(9).await;
    stage.shell("p", "sleep 1000");
    stage.phase("p", "Running").await;
    stage.api.remove("p");
    let scratch = stage.folder.path().join("pods/uid-p");
    let end = Instant::now() + Duration::from_secs(10);
    while (scratch.exists() || !marked(&stage.marker).is_empty()) && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!scratch.exists() && marked(&stage.marker).is_empty());
    stage.close().await;
}

#[tokio::test]
async fn pods_beyond_the_room_wait_and_then_run() {
    let stage = Stage::new(1).await;
    stage.shell("a", "while [ ! -e ../../../../go ]; do sleep 0.05; done");
    stage.phase("a", "Running").await;
    stage.shell("b", "true");
    let pod = stage.phase("b", "Pending").await;
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
    let script = "echo try; [ -e ../../tmp/main/seen ] || { touch ../../tmp/main/seen; exit 1; }; echo again";
    let container = json!({"name": "main", "command": ["sh", "-c", script]});
    stage.api.create(
        "p",
        &json!({"restartPolicy": "OnFailure", "containers": [container]}),
    );
    let pod = stage.phase("p", "Succeeded").await;
    assert_eq!(pod["status"]["containerStatuses"][0]["restartCount"], 1);
    assert_eq!(stage.log("p").await, "try\nagain\n");
    stage.close().await;
}
