//! What a server can do, found by asking it: its version, and what becomes of a Job that uses what is new.
//!
//! A schema lists fields that a feature gate may still switch off; a dry run tells the truth, since the server drops them.

use http::Request;
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

/// The server refuses the parameter at once where the feature is off.
async fn watch_list(client: &Client, namespace: &str) -> Option<bool> {
    let query = "watch=true&allowWatchBookmarks=true&sendInitialEvents=true\
                 &resourceVersionMatch=NotOlderThan&timeoutSeconds=1&limit=1";
    let uri = format!("{}?{query}", JOBS.path(namespace, &[]));
    let request = Request::get(uri).body(Body::empty()).ok()?;
    match client.send(request).await.ok()?.status().as_u16() {
        200 => Some(true),
        400 | 422 => Some(false),
        _ => None,
    }
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
