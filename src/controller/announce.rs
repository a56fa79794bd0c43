//! Events about a Job, for `kubectl describe`: recorded as a courtesy, beside the work, never waited for, never an error.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::cluster::rest::{self, EVENTS};
use crate::job::{Job, JobEvent};

/// Makes the names of events unique within one process.
static SERIAL: AtomicU64 = AtomicU64::new(0);
/// Events that wait to be recorded; more are dropped.
const WAITING_MAX: usize = 1000;
/// So many events of one Job are recorded at once, and then one in [`REFILL`] (`tools/record/events_cache.go`).
const BURST: i64 = 25;
/// How long an event of a Job that has used up its burst has to wait for the next.
const REFILL: SignedDuration = SignedDuration::from_secs(300);
/// Jobs whose events are counted; past that the counts begin anew.
const JOBS_MAX: usize = 4096;

/// Takes events and records them in the background. Clones share one queue.
#[derive(Clone)]
pub(super) struct Announcer {
    waiting: mpsc::Sender<Value>,
    spoken: Arc<Mutex<BTreeMap<String, Spoken>>>,
}

/// What one Job has left to say.
#[derive(Clone, Copy, Debug)]
struct Spoken {
    left: i64,
    since: Timestamp,
}

impl Spoken {
    /// Whether one more may be said.
    fn may_speak(&mut self, now: Timestamp) -> bool {
        let refilled = now.duration_since(self.since).as_secs() / REFILL.as_secs();
        if refilled > 0 {
            self.left = self.left.saturating_add(refilled).min(BURST);
            self.since = now;
        }
        let may = self.left > 0;
        self.left -= i64::from(may);
        may
    }
}

/// The queue's two ends: events go into the first, and whoever awaits the second records them.
pub(super) fn announcer(client: Client) -> (Announcer, impl Future<Output = ()> + Send) {
    let (waiting, mut events) = mpsc::channel::<Value>(WAITING_MAX);
    let record = async move {
        while let Some(event) = events.recv().await {
            let text = |pointer: &str| {
                event
                    .pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            if let Err(error) =
                rest::create(&client, EVENTS, text("/metadata/namespace"), "", &event).await
            {
                tracing::debug!(%error, reason = text("/reason"), "event not recorded");
            }
        }
    };
    let spoken = Arc::default();
    (Announcer { waiting, spoken }, record)
}

impl Announcer {
    /// Has events about one Job recorded.
    pub(super) fn announce(&self, job: &Job, events: &[JobEvent], now: Timestamp) {
        for event in events.iter().filter(|_| self.may_speak(&job.uid, now)) {
            // Nobody misses an event of a flood.
            let _ = self.waiting.try_send(object(job, event, now));
        }
    }

    fn may_speak(&self, job_uid: &str, now: Timestamp) -> bool {
        let mut spoken = self
            .spoken
            .lock()
            .expect("nothing panics while it holds the counts");
        if spoken.len() >= JOBS_MAX && !spoken.contains_key(job_uid) {
            spoken.clear();
        }
        let fresh = Spoken {
            left: BURST,
            since: now,
        };
        spoken
            .entry(job_uid.to_owned())
            .or_insert(fresh)
            .may_speak(now)
    }
}

fn object(job: &Job, event: &JobEvent, now: Timestamp) -> Value {
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    json!({
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
    })
}

/// An instant as Kubernetes writes it: whole seconds, UTC.
fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_has_a_burst_of_events_and_then_one_in_five_minutes() {
        let at = |second| Timestamp::from_second(second).expect("in range");
        let mut spoken = Spoken {
            left: BURST,
            since: at(0),
        };
        let said = (0..1000).filter(|_| spoken.may_speak(at(1))).count();
        assert_eq!(said, 25);
        assert!(!spoken.may_speak(at(299)));
        assert!(spoken.may_speak(at(300)));
        assert!(!spoken.may_speak(at(301)));
        assert!(spoken.may_speak(at(100_000)));
    }
}
