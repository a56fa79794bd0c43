//! A node over the embedded API, and the API as seen by whoever uses it.

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use jiff::Timestamp;
use kube::api::LogParams;
use kube::{Api, Client};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::guard_command;
use crate::local::api::Api as Server;
use crate::local::kind::{self, Kind, POD};
use crate::local::logs::LogRegistry;
use crate::local::node::system::marked;
use crate::local::node::{Node, Options};
use crate::local::store::{DeleteOptions, Environment, Patch, Store, Target};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A node, its API and its folder.
pub(super) struct Stage {
    pub(super) store: Arc<Store>,
    pub(super) client: Client,
    pub(super) marker: String,
    pub(super) folder: TempDir,
    node: Node,
}

impl Stage {
    pub(super) async fn new(max_pods: usize) -> Self {
        let folder = TempDir::new().expect("a folder");
        let environment = Environment {
            now: Box::new(Timestamp::now),
            random: fastrand::Rng::with_seed(1),
        };
        let (store, logs) = (Arc::new(Store::new(environment)), LogRegistry::default());
        let client = Client::new(Server::new(store.clone(), logs.serve()), "default");
        let marker = format!("node-test-{}", folder.path().display());
        let options = Options {
            max_pods,
            logs,
            guard: Some(guard_command()),
            ..Options::new(folder.path(), &marker)
        };
        let node = Node::start(client.clone(), options).await.expect("a node");
        Self {
            store,
            client,
            marker,
            folder,
            node,
        }
    }

    /// A Pod of one container that runs a shell.
    pub(super) fn shell(&self, name: &str, script: &str) {
        self.container(name, json!({"command": ["sh", "-c", script]}));
    }

    /// A Pod of one container.
    pub(super) fn container(&self, name: &str, mut container: Value) {
        container["name"] = "main".into();
        let spec = json!({"terminationGracePeriodSeconds": 1, "containers": [container]});
        self.pod(name, spec);
    }

    /// A Pod that is not restarted, unless its spec says so.
    pub(super) fn pod(&self, name: &str, mut spec: Value) {
        if spec["restartPolicy"].is_null() {
            spec["restartPolicy"] = "Never".into();
        }
        let pod = json!({"metadata": {"name": name}, "spec": spec});
        self.create(&POD, pod);
    }

    pub(super) fn config_map(&self, name: &str, data: &Value) {
        let kind = kind::find("", "v1", "configmaps").expect("a kind");
        self.create(kind, json!({"metadata": {"name": name}, "data": data}));
    }

    fn create(&self, kind: &'static Kind, object: Value) {
        let created = self.store.create(kind, "default", object, false);
        created.expect("the API takes it");
    }

    pub(super) fn patch(&self, name: &str, target: Target, patch: Value) {
        let patched = self
            .store
            .patch(&POD, "default", name, target, &Patch::Merge(patch));
        patched.expect("the API takes it");
    }

    pub(super) fn delete(&self, name: &str, grace: Option<i64>) {
        let options = DeleteOptions {
            grace,
            ..DeleteOptions::default()
        };
        let deleted = self.store.delete(&POD, "default", name, &options);
        deleted.expect("the API takes it");
    }

    pub(super) fn get(&self, name: &str) -> Option<Value> {
        let pod = self.store.get(&POD, "default", name).ok()?;
        Some((*pod).clone())
    }

    /// Waits until `done` holds of a Pod.
    pub(super) async fn wait(
        &self,
        name: &str,
        done: impl Fn(Option<&Value>) -> bool,
    ) -> Option<Value> {
        let waiting = async {
            loop {
                let revision = self.store.revision();
                if done(self.get(name).as_ref()) {
                    break;
                }
                self.store.beyond(revision).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        let pod = self.get(name);
        assert!(waited.is_ok(), "waited in vain; the Pod is {pod:#?}");
        pod
    }

    pub(super) async fn phase(&self, name: &str, phase: &str) -> Value {
        let is = |pod: Option<&Value>| pod.is_some_and(|pod| pod["status"]["phase"] == phase);
        self.wait(name, is).await.expect("the Pod")
    }

    /// The end of the one container, once the Pod has come to `phase`.
    pub(super) async fn end(&self, name: &str, phase: &str) -> Value {
        let mut pod = self.phase(name, phase).await;
        pod["status"]["containerStatuses"][0]["state"]["terminated"].take()
    }

    /// What `kubectl logs` shows.
    pub(super) async fn log(&self, name: &str, previous: bool) -> String {
        let pods: Api<k8s_openapi::api::core::v1::Pod> =
            Api::default_namespaced(self.client.clone());
        let params = LogParams {
            previous,
            ..LogParams::default()
        };
        pods.logs(name, &params).await.expect("a log")
    }

    /// Follows a log to its end.
    pub(super) async fn follow(&self, name: &str) -> String {
        let pod = self.get(name).expect("the Pod");
        let options = crate::local::logs::LogOptions {
            follow: true,
            ..Default::default()
        };
        let uid = pod["metadata"]["uid"].as_str().expect("a uid");
        let log = self.node.logs().stream(uid, "main", options);
        let chunks: Vec<_> = log.try_collect().await.expect("a log");
        String::from_utf8(chunks.concat()).expect("text")
    }

    /// Waits until no process of the node is left.
    pub(super) async fn no_process(&self) {
        no_process(&self.marker).await;
    }

    pub(super) async fn close(self) {
        let (node, marker) = (self.node, self.marker);
        node.shutdown().await;
        // One that was killed is seen until somebody has taken note of its end.
        no_process(&marker).await;
    }
}

async fn no_process(marker: &str) {
    let gone = async {
        while !marked(marker).is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, gone).await;
    assert!(waited.is_ok(), "processes are left");
}
