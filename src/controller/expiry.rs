//! Deletes a finished Job whose time to live is over: read live, asked again, and only this very Job.

use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use serde_json::{Value, json};

use super::queue::Key;
use crate::cluster::rest::{self, JOBS};
use crate::job::{TtlAction, after_finished};

/// Deletes the Job if it is still over; else says when to look again.
pub(super) async fn expire(
    client: &Client,
    key: &Key,
    now: Timestamp,
) -> kube::Result<Option<Duration>> {
    let live = match rest::get(client, JOBS, &key.namespace, &key.name).await {
        Err(error) if rest::is_status(&error, 404) => return Ok(None),
        live => live?,
    };
    match after_finished(&live, now) {
        TtlAction::Delete => {}
        TtlAction::Wait(left) => return Ok(Duration::try_from(left).ok()),
        TtlAction::None | TtlAction::Unknown => return Ok(None),
    }
    let uid = live
        .pointer("/metadata/uid")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let options = json!({
        "apiVersion": "v1", "kind": "DeleteOptions",
        "propagationPolicy": "Foreground", "preconditions": {"uid": uid},
    });
    match rest::delete(client, JOBS, &key.namespace, &key.name, &options).await {
        Err(error) if !rest::is_status(&error, 404) => Err(error),
        _ => Ok(None),
    }
}
