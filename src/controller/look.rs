//! A fresh look at one Job's Pods, for when somebody else wrote its status: the watch of Pods may be behind what that
//! status already counts, and a Pod that was counted must not be counted again.

use kube::Client;
use serde_json::Value;

use super::queue::Key;
use crate::cluster::act::encode;
use crate::cluster::rest::{self, PODS};

/// Objects in one page of a list.
const PAGE: usize = 500;

/// What a look found.
#[derive(Debug)]
pub(super) struct Look {
    /// Which Job.
    pub(super) key: Key,
    /// Its uid.
    pub(super) uid: String,
    /// The status that the Job had before the look: the Pods are at least as new.
    pub(super) status: Value,
    /// The Pods that its selector matches, and the version of the list; or what went wrong.
    pub(super) pods: kube::Result<(Vec<Value>, u64)>,
}

/// Lists the Pods that the Job's selector matches, as the server has them now.
pub(super) async fn look(client: &Client, key: Key, object: &Value) -> Look {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    Look {
        uid: text("/metadata/uid").to_owned(),
        status: object["status"].clone(),
        pods: list(client, &key.namespace, &selector(object)).await,
        key,
    }
}

async fn list(client: &Client, namespace: &str, selector: &str) -> kube::Result<(Vec<Value>, u64)> {
    let path = PODS.path(namespace, &[]);
    let (mut found, mut next, mut version) = (Vec::new(), String::new(), u64::MAX);
    loop {
        let uri = format!(
            "{path}?limit={PAGE}&labelSelector={}{next}",
            encode(selector)
        );
        let mut page = rest::get_path(client, &uri).await?;
        let own = page["metadata"]["resourceVersion"]
            .as_str()
            .and_then(|text| text.parse().ok());
        version = version.min(own.unwrap_or(0));
        if let Some(items) = page["items"].as_array_mut() {
            found.append(items);
        }
        match page["metadata"]["continue"].as_str() {
            Some(token) if !token.is_empty() => next = format!("&continue={}", encode(token)),
            _ => return Ok((found, version)),
        }
    }
}

/// The labels of the selector; its expressions only narrow what they match, so that nothing is missed without them.
fn selector(object: &Value) -> String {
    let labels = object
        .pointer("/spec/selector/matchLabels")
        .and_then(Value::as_object);
    let pairs: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    pairs.join(",")
}
