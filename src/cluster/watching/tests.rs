//! Lists in pages and as the beginning of a watch, on the embedded API.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use jiff::Timestamp;
use kube::client::Body;
use serde_json::json;

use super::*;
use crate::cluster::features::has_watch_list;
use crate::cluster::rest::{self, JOBS};
use crate::local::api::Api as Server;
use crate::local::logs::LogRegistry;
use crate::local::store::{Environment, Store};

/// The embedded API, and the queries that it was asked.
fn server() -> (Client, Arc<Mutex<Vec<String>>>) {
    let environment = Environment {
        now: Box::new(|| Timestamp::UNIX_EPOCH),
        random: fastrand::Rng::with_seed(1),
    };
    let store = Arc::new(Store::new(environment));
    let server = Server::new(store, LogRegistry::default().serve());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = asked.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let query = request.uri().query().unwrap_or_default().to_owned();
        noted.lock().expect("one thread").push(query);
        let server = server.clone();
        async move { Ok::<_, Infallible>(server.handle(request).await) }
    });
    (Client::new(service, "ci"), asked)
}

/// A server that gives one answer.
fn stub(code: u16, body: &'static str) -> Client {
    let service = tower::service_fn(move |_: Request<Body>| {
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = StatusCode::from_u16(code).expect("a status");
        std::future::ready(Ok::<_, Infallible>(response))
    });
    Client::new(service, "ci")
}

#[tokio::test]
async fn a_list_in_pages_and_one_that_begins_the_watch_tell_the_same() {
    for is_streamed in [false, true] {
        let (client, asked) = server();
        for name in ["a", "b", "other"] {
            let group = if name == "other" { "h" } else { "g" };
            let job = json!({
                "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "labels": {"jobgroup": group}},
                "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i", "env": []}]}}},
            });
            let made = rest::create(&client, JOBS, "default", "", &job).await;
            made.expect("it is valid");
        }
        let mut seen = watch_cut(&client, JOBS, Some("default"), "jobgroup=g", is_streamed);
        let mut told = Vec::new();
        while told.last().is_none_or(|last| last != "complete") {
            told.push(match seen.next().await.expect("it does not end") {
                Seen::Present(object) => {
                    assert!(object.pointer("/spec/template").is_none(), "{object}");
                    object["metadata"]["name"]
                        .as_str()
                        .unwrap_or("?")
                        .to_owned()
                }
                Seen::Listing => "listing".into(),
                Seen::Complete => "complete".into(),
                other => panic!("{other:?}"),
            });
        }
        assert_eq!(told, ["listing", "a", "b", "complete"]);
        let asked = asked.lock().expect("one thread");
        let streams = asked
            .iter()
            .any(|query| query.contains("sendInitialEvents=true"));
        assert_eq!(streams, is_streamed, "{asked:?}");
    }
}

#[tokio::test]
async fn only_a_server_that_ends_the_list_can_begin_a_watch_with_it() {
    assert!(has_watch_list(&server().0, Some("ci")).await);
    assert!(has_watch_list(&server().0, None).await);
    // One that does not know the parameter begins an ordinary watch.
    let added = r#"{"type":"ADDED","object":{"metadata":{"name":"a"}}}"#;
    for (code, body) in [
        (200, added),
        (200, ""),
        (422, "{}"),
        (400, "{}"),
        (403, "{}"),
    ] {
        assert!(
            !has_watch_list(&stub(code, body), Some("ci")).await,
            "{code} {body}"
        );
    }
}
