//! A few lines of API, enough for the node: Pods with watch, merge patch and deletion, and ConfigMaps from a list.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::StreamExt;
use http::{Method, Request, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::watch;

type Answer = UnsyncBoxBody<Bytes, Infallible>;

/// The API's state. Clones share it.
#[derive(Clone)]
pub(super) struct Fake {
    state: Arc<Mutex<State>>,
    changes: Arc<watch::Sender<usize>>,
}

#[derive(Default)]
struct State {
    pods: BTreeMap<String, Value>,
    config_maps: BTreeMap<String, Value>,
    history: Vec<Value>,
}

impl Fake {
    pub(super) fn new() -> Self {
        Self {
            state: Arc::default(),
            changes: Arc::new(watch::Sender::new(0)),
        }
    }

    pub(super) fn client(&self) -> Client {
        let fake = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let fake = fake.clone();
            async move { Ok::<_, Infallible>(fake.answer(request).await) }
        });
        Client::new(service, "default")
    }

    pub(super) fn create(&self, name: &str, spec: &Value) {
        let metadata = json!({"name": name, "namespace": "default", "uid": format!("uid-{name}")});
        self.store("ADDED", name, json!({"metadata": metadata, "spec": spec}));
    }

    pub(super) fn add_config_map(&self, name: &str, data: &Value) {
        let map = json!({"metadata": {"name": name}, "data": data});
        self.state
            .lock()
            .expect("whole")
            .config_maps
            .insert(name.to_owned(), map);
    }

    /// Asks for a deletion as the API server does for a Pod on a node.
    pub(super) fn delete(&self, name: &str, grace: i64) {
        let mut pod = self.pod(name).expect("the Pod");
        pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        pod["metadata"]["deletionGracePeriodSeconds"] = grace.into();
        self.store("MODIFIED", name, pod);
    }

    /// Removes a Pod without asking the node.
    pub(super) fn remove(&self, name: &str) {
        let mut state = self.state.lock().expect("whole");
        if let Some(mut pod) = state.pods.remove(name) {
            let version = state.history.len() + 1;
            pod["metadata"]["resourceVersion"] = version.to_string().into();
            state
                .history
                .push(json!({"type": "DELETED", "object": pod}));
            self.changes.send_replace(version);
        }
    }

    pub(super) fn pod(&self, name: &str) -> Option<Value> {
        self.state.lock().expect("whole").pods.get(name).cloned()
    }

    /// Waits until `done` holds of a Pod.
    pub(super) async fn wait(
        &self,
        name: &str,
        done: impl Fn(Option<&Value>) -> bool,
    ) -> Option<Value> {
        let mut changes = self.changes.subscribe();
        let waiting = async {
            while !done(self.pod(name).as_ref()) {
                changes.changed().await.expect("the API lives");
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await;
        let pod = self.pod(name);
        assert!(waited.is_ok(), "waited in vain; the Pod is {pod:?}");
        pod
    }

    fn store(&self, kind: &str, name: &str, mut pod: Value) {
        let mut state = self.state.lock().expect("whole");
        let version = state.history.len() + 1;
        pod["apiVersion"] = "v1".into();
        pod["kind"] = "Pod".into();
        pod["metadata"]["resourceVersion"] = version.to_string().into();
        state
            .history
            .push(json!({"type": kind, "object": pod.clone()}));
        state.pods.insert(name.to_owned(), pod);
        self.changes.send_replace(version);
    }

    async fn answer(&self, request: Request<Body>) -> Response<Answer> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        let path: Vec<_> = head.uri.path().trim_matches('/').split('/').collect();
        let query = head.uri.query().unwrap_or_default();
        match (&head.method, path.as_slice()) {
            (&Method::GET, ["api", "v1", "pods"]) if query.contains("watch=true") => {
                self.watch(query)
            }
            (&Method::GET, ["api", "v1", "pods"]) => self.list(),
            (&Method::GET, [.., "configmaps", name]) => answer(
                self.state
                    .lock()
                    .expect("whole")
                    .config_maps
                    .get(*name)
                    .cloned(),
            ),
            (&Method::PATCH, [.., "pods", name] | [.., "pods", name, "status"]) => {
                let change = serde_json::from_slice(&body).expect("JSON");
                if let Some(mut pod) = self.pod(name) {
                    json_patch::merge(&mut pod, &change);
                    self.store("MODIFIED", name, pod);
                }
                answer(self.pod(name))
            }
            (&Method::DELETE, [.., "pods", name]) => {
                let pod = self.pod(name);
                self.remove(name);
                answer(pod)
            }
            _ => answer(None),
        }
    }

    fn list(&self) -> Response<Answer> {
        let state = self.state.lock().expect("whole");
        let items: Vec<_> = state.pods.values().collect();
        let metadata = json!({"resourceVersion": state.history.len().to_string()});
        answer(Some(
            json!({"apiVersion": "v1", "kind": "PodList", "metadata": metadata, "items": items}),
        ))
    }

    fn watch(&self, query: &str) -> Response<Answer> {
        let version = query
            .split('&')
            .find_map(|part| part.strip_prefix("resourceVersion="));
        let next = version
            .and_then(|version| version.parse::<usize>().ok())
            .unwrap_or(0);
        let start = (self.clone(), self.changes.subscribe(), next);
        let lines = futures::stream::unfold(start, |(fake, mut changes, next)| async move {
            changes.wait_for(|version| *version > next).await.ok()?;
            let event = fake.state.lock().expect("whole").history[next].to_string();
            Some((format!("{event}\n"), (fake, changes, next + 1)))
        });
        let frames = lines.map(|line| Ok::<_, Infallible>(Frame::data(Bytes::from(line))));
        Response::new(StreamBody::new(frames).boxed_unsync())
    }
}

fn answer(value: Option<Value>) -> Response<Answer> {
    let missing = || json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "message": "not found", "code": 404});
    let code = if value.is_some() { 200 } else { 404 };
    let body = value.unwrap_or_else(missing).to_string();
    Response::builder()
        .status(code)
        .body(Full::new(Bytes::from(body)).boxed_unsync())
        .expect("a response")
}
