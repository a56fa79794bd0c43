//! Events about a Job, for `kubectl describe`: recorded as a courtesy, never waited for twice, never an error.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use kube::Client;
use serde_json::json;

use crate::cluster::rest::{self, EVENTS};
use crate::job::{Job, JobEvent};

/// Makes the names of events unique within one process.
static SERIAL: AtomicU64 = AtomicU64::new(0);

/// Records events about one Job.
pub(super) async fn announce(client: &Client, job: &Job, events: &[JobEvent], now: Timestamp) {
    for event in events {
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let object = json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {
                "name": format!("{}.{:x}{serial:04x}", job.name, now.as_microsecond()),
                "namespace": job.namespace,
            },
            "involvedObject": {
                "apiVersion": "batch/v1", "kind": "Job",
                "name": job.name, "namespace": job.namespace, "uid": job.uid,
            },
            "type": if event.warning { "Warning" } else { "Normal" },
            "reason": event.reason,
            "message": event.message,
            "count": 1,
            "firstTimestamp": seconds(now),
            "lastTimestamp": seconds(now),
            "source": {"component": "job-controller"},
            "reportingComponent": "job-controller",
            "reportingInstance": "",
        });
        if let Err(error) = rest::create(client, EVENTS, &job.namespace, "", &object).await {
            tracing::debug!(%error, job = job.name, reason = event.reason, "event not recorded");
        }
    }
}

/// An instant as Kubernetes writes it: whole seconds, UTC.
fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
