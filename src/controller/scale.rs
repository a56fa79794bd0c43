//! Performs the first stage of a pass: creates Pods in batches that double while they succeed, or deletes Pods.

use futures::{StreamExt, stream};
use kube::Client;
use serde_json::Value;

use super::untrack::{gone_is_fine, remove_finalizer_in_phase};
use crate::cluster::rest::{self, PODS};
use crate::job::{Job, JobEvent, NewPod, Pod, PodRef, Scale, ScaleOutcome, batches, new_pod};

/// Requests of one pass that are under way at a time.
const CONCURRENCY: usize = 32;

/// What came of the actions, and what to say of it.
#[derive(Default)]
pub(super) struct Scaled {
    /// For [`crate::job::Plan::settle`].
    pub(super) outcome: ScaleOutcome,
    /// Pods as the server answered: created, there already, or read again because they are not as observed.
    pub(super) pods: Vec<Pod>,
    /// Names that were asked for and will not be seen.
    pub(super) not_created: Vec<String>,
    /// Deletions that were asked for and will not be seen.
    pub(super) not_deleted: Vec<String>,
    /// Events to record.
    pub(super) events: Vec<JobEvent>,
    /// The first error.
    pub(super) error: Option<kube::Error>,
}

/// Performs a [`Scale`]; each Pod to create has a name of its own in `names`.
pub(super) async fn perform(client: &Client, job: &Job, scale: &Scale, names: &[String]) -> Scaled {
    match scale {
        Scale::None => Scaled::default(),
        Scale::Create(pods) => create(client, job, pods, names).await,
        Scale::Delete {
            pods,
            strip_finalizer,
        } => delete(client, job, pods, *strip_finalizer).await,
    }
}

impl Scaled {
    fn failed(&mut self, error: kube::Error) {
        self.outcome.failed = true;
        self.error.get_or_insert(error);
    }

    fn created(&mut self, name: &str, result: kube::Result<Value>) {
        match result.map(|pod| Pod::from_value(&pod)) {
            Ok(Ok(pod)) => {
                // What was there already may have ended meanwhile.
                self.outcome.created += usize::from(pod.is_active());
                let message = format!("Created pod: {}", pod.name);
                self.events
                    .push(JobEvent::normal("SuccessfulCreate", message));
                self.pods.push(pod);
            }
            Ok(Err(shape)) => self.failed(kube::Error::Service(shape.into())),
            // Nothing more will be created there, and the Job is on its way out too: no reason to try again.
            Err(error) if is_terminating_namespace(&error) => {
                self.outcome.created += 1;
                self.not_created.push(name.to_owned());
            }
            Err(error) => {
                let message = format!("Error creating: {error}");
                self.events.push(JobEvent::warning("FailedCreate", message));
                self.not_created.push(name.to_owned());
                self.failed(error);
            }
        }
    }

    fn deleted(&mut self, pod: &PodRef, result: kube::Result<()>) {
        match result {
            Ok(()) => {
                self.outcome.deleted.insert(pod.uid.clone());
                let message = format!("Deleted pod: {}", pod.name);
                self.events
                    .push(JobEvent::normal("SuccessfulDelete", message));
            }
            Err(error) => {
                self.not_deleted.push(pod.uid.clone());
                let message = format!("Error deleting: {error}");
                self.events.push(JobEvent::warning("FailedDelete", message));
                self.failed(error);
            }
        }
    }
}

async fn create(client: &Client, job: &Job, pods: &[NewPod], names: &[String]) -> Scaled {
    let mut scaled = Scaled::default();
    let wanted: Vec<(NewPod, String)> = pods.iter().copied().zip(names.iter().cloned()).collect();
    let mut left = wanted.as_slice();
    for size in batches(wanted.len()) {
        let (batch, rest) = left.split_at(size);
        left = rest;
        let requests = stream::iter(batch.to_vec())
            .map(|(pod, name)| async move {
                let result = create_one(client, job, pod, &name).await;
                (name, result)
            })
            .buffer_unordered(CONCURRENCY);
        for (name, result) in requests.collect::<Vec<_>>().await {
            scaled.created(&name, result);
        }
        if scaled.outcome.failed {
            break;
        }
    }
    scaled
        .not_created
        .extend(left.iter().map(|(_, name)| name.clone()));
    scaled
}

async fn create_one(client: &Client, job: &Job, pod: NewPod, name: &str) -> kube::Result<Value> {
    let mut body = new_pod(job, &pod);
    let labels = body["metadata"]["labels"].as_object();
    if labels.is_none_or(serde_json::Map::is_empty) {
        return Err(kube::Error::Service(
            "unable to create pods, no labels".into(),
        ));
    }
    body["metadata"]["name"] = name.into();
    match rest::create(client, PODS, &job.namespace, "", &body).await {
        Err(error) if rest::is_status(&error, 409) => taken(client, job, body, name, error).await,
        result => result,
    }
}

/// The name is taken. A Pod of this Job is the one that was wanted, whoever asked for it; another Pod only has the name.
async fn taken(
    client: &Client,
    job: &Job,
    mut body: Value,
    name: &str,
    conflict: kube::Error,
) -> kube::Result<Value> {
    let found = match rest::get(client, PODS, &job.namespace, name).await {
        // It was going, or is seen by one server only: later.
        Err(error) if rest::is_status(&error, 404) => return Err(conflict),
        found => found?,
    };
    let owner = Pod::from_value(&found)
        .ok()
        .and_then(|pod| pod.controller_uid);
    if owner.as_deref() == Some(job.uid.as_str()) {
        return Ok(found);
    }
    if let Some(metadata) = body["metadata"].as_object_mut() {
        metadata.shift_remove("name");
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
            let reread = match &result {
                Err(error) if rest::is_status(error, 422) => reread(client, job, &pod).await,
                _ => None,
            };
            (pod, result, reread)
        })
        .buffer_unordered(CONCURRENCY);
    let mut scaled = Scaled::default();
    for (pod, result, reread) in requests.collect::<Vec<_>>().await {
        scaled.pods.extend(reread);
        scaled.deleted(&pod, result);
    }
    scaled
}

async fn delete_one(client: &Client, job: &Job, pod: &PodRef, strip: bool) -> kube::Result<()> {
    if strip {
        remove_finalizer_in_phase(client, &job.namespace, pod).await?;
    }
    let options = rest::only_uid(&pod.uid);
    gone_is_fine(rest::delete(client, PODS, &job.namespace, &pod.name, &options).await)
}

/// Reads a Pod live that is not as it was observed, so that the next try does not depend on an event that may never come.
async fn reread(client: &Client, job: &Job, pod: &PodRef) -> Option<Pod> {
    let live = rest::get(client, PODS, &job.namespace, &pod.name).await;
    Pod::from_value(&live.ok()?).ok()
}
