//! Performs the first stage of a pass: creates Pods in batches that double while they succeed, or deletes Pods.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use kube::Client;
use serde_json::{Value, json};

use crate::cluster::rest::{self, PODS};
use crate::job::{Job, JobEvent, NewPod, PodRef, Scale, ScaleOutcome, batches, new_pod};

/// Requests of one pass that are under way at a time.
const CONCURRENCY: usize = 32;

/// What came of the actions, and what to say of it.
pub(super) struct Scaled {
    /// For [`crate::job::Plan::settle`].
    pub(super) outcome: ScaleOutcome,
    /// Creations that were asked for and will not be seen.
    pub(super) not_created: usize,
    /// Deletions that were asked for and will not be seen.
    pub(super) not_deleted: Vec<String>,
    /// Events to record.
    pub(super) events: Vec<JobEvent>,
    /// The first error.
    pub(super) error: Option<kube::Error>,
}

/// Performs a [`Scale`].
pub(super) async fn perform(client: &Client, job: &Job, scale: &Scale) -> Scaled {
    match scale {
        Scale::None => Scaled::nothing(),
        Scale::Create(pods) => create(client, job, pods).await,
        Scale::Delete {
            pods,
            strip_finalizer,
        } => delete(client, job, pods, *strip_finalizer).await,
    }
}

impl Scaled {
    fn nothing() -> Self {
        Self {
            outcome: ScaleOutcome::default(),
            not_created: 0,
            not_deleted: Vec::new(),
            events: Vec::new(),
            error: None,
        }
    }

    fn failed(&mut self, error: kube::Error) {
        self.outcome.failed = true;
        self.error.get_or_insert(error);
    }
}

async fn create(client: &Client, job: &Job, pods: &[NewPod]) -> Scaled {
    let mut scaled = Scaled::nothing();
    let (mut left, mut refused) = (pods, 0);
    for size in batches(pods.len()) {
        let (batch, rest) = left.split_at(size);
        left = rest;
        let requests = stream::iter(batch.to_vec())
            .map(|pod| create_one(client, job, pod))
            .buffer_unordered(CONCURRENCY);
        for result in requests.collect::<Vec<_>>().await {
            match result {
                Ok(pod) => {
                    scaled.outcome.created += 1;
                    let message = format!("Created pod: {}", name(&pod));
                    let event = JobEvent::normal("SuccessfulCreate", message);
                    scaled.events.push(event);
                }
                // Nothing more will be created there, and the Job is on its way out too: no reason to try again.
                Err(error) if is_terminating_namespace(&error) => refused += 1,
                Err(error) => {
                    let message = format!("Error creating: {error}");
                    let event = JobEvent::warning("FailedCreate", message);
                    scaled.events.push(event);
                    scaled.failed(error);
                }
            }
        }
        if scaled.outcome.failed {
            break;
        }
    }
    scaled.not_created = pods.len() - scaled.outcome.created;
    scaled.outcome.created += refused;
    scaled
}

async fn create_one(client: &Client, job: &Job, pod: NewPod) -> kube::Result<Value> {
    let body = new_pod(job, &pod);
    let labels = body["metadata"]["labels"].as_object();
    if labels.is_none_or(serde_json::Map::is_empty) {
        return Err(kube::Error::Service(
            "unable to create pods, no labels".into(),
        ));
    }
    rest::create(client, PODS, &job.namespace, "", &body).await
}

/// Whether a create was refused because its namespace is going away (`NamespaceTerminatingCause`).
fn is_terminating_namespace(error: &kube::Error) -> bool {
    let kube::Error::Api(status) = error else {
        return false;
    };
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes
        .into_iter()
        .any(|cause| cause.reason == "NamespaceTerminating")
}

async fn delete(client: &Client, job: &Job, pods: &[PodRef], strip: bool) -> Scaled {
    let requests = stream::iter(pods.to_vec())
        .map(|pod| async move {
            let result = delete_one(client, job, &pod, strip).await;
            (pod, result)
        })
        .buffer_unordered(CONCURRENCY);
    let mut scaled = Scaled::nothing();
    for (pod, result) in requests.collect::<Vec<_>>().await {
        match result {
            Ok(()) => {
                scaled.outcome.deleted.insert(pod.uid.clone());
                let message = format!("Deleted pod: {}", pod.name);
                let event = JobEvent::normal("SuccessfulDelete", message);
                scaled.events.push(event);
            }
            Err(error) => {
                scaled.not_deleted.push(pod.uid.clone());
                let message = format!("Error deleting: {error}");
                let event = JobEvent::warning("FailedDelete", message);
                scaled.events.push(event);
                scaled.failed(error);
            }
        }
    }
    scaled
}

async fn delete_one(client: &Client, job: &Job, pod: &PodRef, strip: bool) -> kube::Result<()> {
    if strip {
        remove_finalizer(client, &job.namespace, pod).await?;
    }
    let options = rest::only_uid(&pod.uid);
    gone_is_fine(rest::delete(client, PODS, &job.namespace, &pod.name, &options).await)
}

/// Removes the tracking finalizer of exactly this Pod; a Pod that is gone has none.
pub(super) async fn remove_finalizer(
    client: &Client,
    namespace: &str,
    pod: &PodRef,
) -> kube::Result<()> {
    let Some(index) = pod.finalizer_at else {
        return Ok(());
    };
    let path = format!("/metadata/finalizers/{index}");
    let operations = json!([
        {"op": "test", "path": "/metadata/uid", "value": pod.uid},
        {"op": "test", "path": path, "value": crate::job::TRACKING_FINALIZER},
        {"op": "remove", "path": path},
    ]);
    gone_is_fine(rest::json_patch(client, PODS, namespace, &pod.name, &operations).await)
}

/// Removes the finalizers of several Pods; gives the uids that are free of it now, and the first error.
pub(super) async fn remove_finalizers(
    client: &Client,
    namespace: &str,
    pods: &[PodRef],
) -> (BTreeSet<String>, Option<kube::Error>) {
    let mut requests = stream::iter(pods.to_vec())
        .map(|pod| async move {
            let result = remove_finalizer(client, namespace, &pod).await;
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

fn name(object: &Value) -> String {
    let name = object.pointer("/metadata/name").and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}
