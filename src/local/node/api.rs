//! What the node asks of the API, and how it tries again.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, Preconditions};
use kube::{Api, Client};
use serde_json::{Value, json};

use super::environment::{NODE_NAME, Source, Sources};

/// First pause after a failed request; it doubles with each failure.
const RETRY_BASE: Duration = Duration::from_millis(100);
/// The longest pause.
const RETRY_CAP: Duration = Duration::from_secs(5);
/// After this many failures in a row the request is given up; with the pauses that is about two minutes.
const RETRIES: u32 = 30;

/// Which Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PodKey {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) uid: String,
}

impl std::fmt::Display for PodKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The API as the node uses it.
#[derive(Clone)]
pub(super) struct NodeApi {
    client: Client,
    resource: ApiResource,
}

impl NodeApi {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            resource: ApiResource::erase::<Pod>(&()),
        }
    }

    /// The Pods of all namespaces, as they come: one Pod of odd shape must not hide the others.
    pub(super) fn all_pods(&self) -> Api<DynamicObject> {
        Api::all_with(self.client.clone(), &self.resource)
    }

    fn pods(&self, key: &PodKey) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &key.namespace, &self.resource)
    }

    /// Binds a Pod to the node, as a scheduler does. Nothing if it is gone.
    pub(super) async fn bind(&self, key: &PodKey) -> Option<DynamicObject> {
        let body = json!({"metadata": {"uid": key.uid}, "spec": {"nodeName": NODE_NAME}});
        let (pods, params, patch) = (self.pods(key), params(), Patch::Merge(&body));
        let bound = retry("bind", key, || pods.patch(&key.name, &params, &patch)).await?;
        (bound.metadata.uid.as_deref() == Some(key.uid.as_str())).then_some(bound)
    }

    /// Writes a Pod's status. Lists replace what was there.
    pub(super) async fn write_status(&self, key: &PodKey, status: &Value) {
        let body = json!({"metadata": {"uid": key.uid}, "status": status});
        let (pods, params, patch) = (self.pods(key), params(), Patch::Merge(&body));
        retry("write the status of", key, || {
            pods.patch_status(&key.name, &params, &patch)
        })
        .await;
    }

    /// Removes a Pod whose processes have ended.
    pub(super) async fn delete(&self, key: &PodKey) {
        let params = DeleteParams {
            grace_period_seconds: Some(0),
            preconditions: Some(Preconditions {
                uid: Some(key.uid.clone()),
                resource_version: None,
            }),
            ..DeleteParams::default()
        };
        let pods = self.pods(key);
        retry("delete", key, || pods.delete(&key.name, &params)).await;
    }

    /// Reads objects that a container refers to; those that do not exist are left out.
    pub(super) async fn read(
        &self,
        namespace: &str,
        needed: BTreeSet<Source>,
    ) -> kube::Result<Sources> {
        let mut found = Sources::new();
        for source in needed {
            let data = match &source {
                Source::ConfigMap(name) => self.config_map(namespace, name).await?,
                Source::Secret(name) => self.secret(namespace, name).await?,
            };
            found.extend(data.map(|data| (source, data)));
        }
        Ok(found)
    }

    async fn config_map(&self, namespace: &str, name: &str) -> kube::Result<Option<Data>> {
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), namespace);
        Ok(api.get_opt(name).await?.map(|map| {
            let text = map.data.into_iter().flatten();
            let bytes = map.binary_data.into_iter().flatten();
            text.map(|(key, value)| (key, value.into_bytes()))
                .chain(bytes.map(|(key, value)| (key, value.0)))
                .collect()
        }))
    }

    async fn secret(&self, namespace: &str, name: &str) -> kube::Result<Option<Data>> {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), namespace);
        Ok(api.get_opt(name).await?.map(|secret| {
            let data = secret.data.into_iter().flatten();
            data.map(|(key, value)| (key, value.0)).collect()
        }))
    }
}

type Data = std::collections::BTreeMap<String, Vec<u8>>;

fn params() -> PatchParams {
    PatchParams {
        field_manager: Some("kubectl-batch-node".to_owned()),
        ..PatchParams::default()
    }
}

/// Sends a request until it is answered for good. Nothing if the Pod is gone or the answer stays no.
async fn retry<T, F: Future<Output = kube::Result<T>>>(
    verb: &str,
    key: &PodKey,
    mut request: impl FnMut() -> F,
) -> Option<T> {
    let mut pause = RETRY_BASE;
    for _ in 0..RETRIES {
        match request().await {
            Ok(answer) => return Some(answer),
            Err(kube::Error::Api(status)) if is_gone(&status) => return None,
            Err(kube::Error::Api(status)) if !may_pass(status.code) => {
                tracing::warn!(pod = %key, %status, "the node cannot {verb} the Pod");
                return None;
            }
            Err(error) => {
                tracing::debug!(pod = %key, %error, "the node tries again to {verb} the Pod");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RETRY_CAP);
    }
    tracing::warn!(pod = %key, "the node gives up to {verb} the Pod: the API has failed {RETRIES} times");
    None
}

/// The Pod, or the Pod of this uid, does not exist any more.
fn is_gone(status: &kube::core::Status) -> bool {
    status.code == 404
        || (matches!(status.code, 409 | 422) && status.message.to_lowercase().contains("uid"))
}

fn may_pass(code: u16) -> bool {
    matches!(code, 409 | 429) || code >= 500
}

/// The status of a Pod that cannot be run.
pub(super) fn failed_status(reason: &str, message: &str) -> Value {
    json!({"phase": "Failed", "reason": reason, "message": message})
}

/// The status of a Pod for which the node has no room.
pub(super) fn unschedulable_status(now: Timestamp) -> Value {
    json!({"phase": "Pending", "conditions": [{
        "type": "PodScheduled",
        "status": "False",
        "lastProbeTime": null,
        "lastTransitionTime": super::status::seconds(now),
        "reason": "Unschedulable",
        "message": "0/1 nodes are available: 1 Too many pods.",
    }]})
}
