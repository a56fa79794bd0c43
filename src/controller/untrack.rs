//! Removes the tracking finalizer of Pods, each only where it is still the Pod that was observed.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use kube::Client;
use serde_json::{Value, json};

use crate::cluster::rest::{self, PODS};
use crate::job::{PodRef, TRACKING_FINALIZER};

/// Requests that are under way at a time.
const CONCURRENCY: usize = 32;

/// Removes the tracking finalizer of exactly this Pod; a Pod that is gone has none.
pub(super) async fn remove_finalizer(
    client: &Client,
    namespace: &str,
    pod: &PodRef,
) -> kube::Result<()> {
    patch(client, namespace, pod, &[]).await
}

/// The same for a Pod that is not wanted any more: only in the phase in which it was observed. One that has ended meanwhile
/// would never be counted, and its work would be done a second time.
///
/// # Errors
///
/// 422 if the Pod is not as observed.
pub(super) async fn remove_finalizer_in_phase(
    client: &Client,
    namespace: &str,
    pod: &PodRef,
) -> kube::Result<()> {
    let same_phase = json!({"op": "test", "path": "/status/phase", "value": pod.phase.as_str()});
    patch(client, namespace, pod, &[same_phase]).await
}

async fn patch(
    client: &Client,
    namespace: &str,
    pod: &PodRef,
    tests: &[Value],
) -> kube::Result<()> {
    let Some(index) = pod.finalizer_at else {
        return Ok(());
    };
    let path = format!("/metadata/finalizers/{index}");
    let mut operations = tests.to_vec();
    operations.extend([
        json!({"op": "test", "path": "/metadata/uid", "value": pod.uid}),
        json!({"op": "test", "path": path, "value": TRACKING_FINALIZER}),
        json!({"op": "remove", "path": path}),
    ]);
    gone_is_fine(rest::json_patch(client, PODS, namespace, &pod.name, &operations.into()).await)
}

/// Removes the finalizers of several Pods, each in the phase in which it was observed: one that a rule ignores while it is on its way
/// out may end well before that, and counts then. Gives the uids that are free of it now, and the first error.
pub(super) async fn remove_finalizers(
    client: &Client,
    namespace: &str,
    pods: &[PodRef],
) -> (BTreeSet<String>, Option<kube::Error>) {
    let mut requests = stream::iter(pods.to_vec())
        .map(|pod| async move {
            let result = remove_finalizer_in_phase(client, namespace, &pod).await;
            (pod, result)
        })
        .buffer_unordered(CONCURRENCY);
    let (mut removed, mut first_error) = (BTreeSet::new(), None);
    while let Some((pod, result)) = requests.next().await {
        match result {
            Ok(()) => {
                removed.insert(pod.uid);
            }
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    (removed, first_error)
}

pub(super) fn gone_is_fine(result: kube::Result<Value>) -> kube::Result<()> {
    match result {
        Ok(_) => Ok(()),
        Err(error) if rest::is_status(&error, 404) => Ok(()),
        Err(error) => Err(error),
    }
}
