//! What a server can do, found by asking it: its version, and what becomes of a Job that uses what is new.
//!
//! A schema lists fields that a feature gate may still switch off; a dry run tells the truth, since the server drops them.

use std::time::Duration;

use http::Request;
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use super::problem::Problem;
use super::rest::{self, JOBS, get_path};

/// A feature, and whether the server has it; `None` if it would not say.
pub type Feature = (&'static str, Option<bool>);

/// Fields of a Job's spec that came after `batch/v1` itself.
const FIELDS: &[&str] = &[
    "podFailurePolicy",
    "podReplacementPolicy",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
    "successPolicy",
    "managedBy",
];
/// A watch that begins with what is there, instead of a list before it.
const WATCH_LIST: &str = "WatchList";

/// The annotation of the bookmark that ends such a list.
const LIST_ENDS: &str = "k8s.io/initial-events-end";
/// A server that has it answers within this time.
const WATCH_LIST_WAIT: Duration = Duration::from_secs(3);
/// What is read of an answer to see that.
const PROBE_BYTES_MAX: usize = 64 * 1024;

/// What the server says of its version.
pub async fn version(client: &Client) -> Result<Value, Problem> {
    Ok(get_path(client, "/version").await?)
}

/// Every feature that the tool has a use for.
pub async fn features(client: &Client, namespace: &str) -> Vec<Feature> {
    let query = "dryRun=All&fieldValidation=Ignore";
    let job = probe();
    let (kept, watch_list) = tokio::join!(
        rest::create(client, JOBS, namespace, query, &job),
        watch_list(client, namespace),
    );
    let mut features = kept_fields(kept.ok().as_ref());
    features.push((WATCH_LIST, watch_list));
    features
}

/// A valid Job that uses every field.
fn probe() -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "kubectl-batch-probe-"},
        "spec": {
            "suspend": true, "completions": 1, "parallelism": 1, "completionMode": "Indexed",
            "backoffLimitPerIndex": 1, "maxFailedIndexes": 1, "managedBy": "kubectl-batch/reconciler",
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]},
            "successPolicy": {"rules": [{"succeededCount": 1}]},
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "probe", "image": "probe"}]}},
        },
    })
}

/// Which fields of the probe are still there in the server's answer.
fn kept_fields(answer: Option<&Value>) -> Vec<Feature> {
    let kept = |field: &str| answer.map(|job| job["spec"].get(field).is_some());
    FIELDS.iter().map(|field| (*field, kept(field))).collect()
}

/// The server refuses the parameter at once where the feature is off; one that does not know it never says that the list ends.
async fn watch_list(client: &Client, namespace: &str) -> Option<bool> {
    watch_list_at(client, &JOBS.path(namespace, &[])).await
}

/// Whether a list of Jobs can be the beginning of a watch, in a namespace or in all; `false` if the server does not say so at once.
pub async fn has_watch_list(client: &Client, namespace: Option<&str>) -> bool {
    let path = match namespace {
        Some(namespace) => JOBS.path(namespace, &[]),
        None => format!("{}/{}", JOBS.root, JOBS.plural),
    };
    let asked = tokio::time::timeout(WATCH_LIST_WAIT, watch_list_at(client, &path));
    asked.await.ok().flatten().unwrap_or(false)
}

async fn watch_list_at(client: &Client, path: &str) -> Option<bool> {
    // No Job has this label, so the list is empty.
    let query = "watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan\
                 &timeoutSeconds=2&labelSelector=kubectl-batch%2Fprobe%3Dnone";
    let uri = format!("{path}?{query}");
    let ask = || async {
        let request = Request::get(&uri).body(Body::empty()).ok()?;
        client.send(request).await.ok()
    };
    // A connection that was kept may end just then.
    let answer = match ask().await {
        Some(answer) => answer,
        None => ask().await?,
    };
    match answer.status().as_u16() {
        200 => Some(ends_list(answer.into_body()).await),
        400 | 422 => Some(false),
        _ => None,
    }
}

/// Whether the first events say that the list has ended.
async fn ends_list(mut body: Body) -> bool {
    let mut read = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        read.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        if String::from_utf8_lossy(&read).contains(LIST_ENDS) {
            return true;
        }
        if read.len() > PROBE_BYTES_MAX {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probe_uses_every_field() {
        let found = kept_fields(Some(&probe()));
        assert!(found.iter().all(|(_, has)| *has == Some(true)), "{found:?}");
    }

    #[test]
    fn a_field_that_the_server_dropped_is_a_feature_that_it_lacks() {
        let mut answer = probe();
        answer["spec"]
            .as_object_mut()
            .expect("a spec")
            .remove("managedBy");
        let found = kept_fields(Some(&answer));
        assert!(found.contains(&("managedBy", Some(false))), "{found:?}");
        assert!(found.contains(&("successPolicy", Some(true))), "{found:?}");
        assert!(kept_fields(None).contains(&("managedBy", None)));
    }
}
