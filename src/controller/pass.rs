//! One pass over one Job: performs the three stages of a plan, in order, and stops at the first write that fails.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use kube::Client;
use serde_json::Value;

use super::announce::announce;
use super::queue::Key;
use super::{claim, scale};
use crate::cluster::rest::{self, JOBS};
use crate::job::{BackoffRecord, Gate, Job, JobStatus, Plan, Scale};

/// Everything that a pass needs; taken from the world before it starts.
pub(super) struct Pass {
    /// Which Job.
    pub(super) key: Key,
    /// The object that the status is written into.
    pub(super) object: Value,
    /// The same, parsed.
    pub(super) job: Job,
    /// What to do.
    pub(super) plan: Plan,
    /// When it was planned.
    pub(super) now: Timestamp,
}

/// What the loop has to take in after a pass.
#[derive(Debug)]
pub(super) struct PassReport {
    /// Which Job.
    pub(super) key: Key,
    /// Its uid.
    pub(super) uid: String,
    /// Creations that were expected and did not happen.
    pub(super) not_created: usize,
    /// Deletions that were expected and did not happen.
    pub(super) not_deleted: Vec<String>,
    /// Pods whose tracking finalizer is gone now.
    pub(super) freed: BTreeSet<String>,
    /// The back-off to remember, if there is a new one.
    pub(super) backoff: Option<BackoffRecord>,
    /// The final condition is written.
    pub(super) finished: bool,
    /// The Job as the server answered last.
    pub(super) object: Option<Value>,
    /// When to look again, or what went wrong.
    pub(super) result: Result<Option<SignedDuration>, kube::Error>,
}

impl PassReport {
    /// The pass ended before scaling: what was expected of it will not come.
    fn nothing_done(&mut self, scale: &Scale) {
        match scale {
            Scale::None => {}
            Scale::Create(pods) => self.not_created = pods.len(),
            Scale::Delete { pods, .. } => {
                self.not_deleted = pods.iter().map(|pod| pod.uid.clone()).collect();
            }
        }
    }
}

impl Pass {
    /// Performs the plan.
    pub(super) async fn perform(mut self, client: Client) -> PassReport {
        let mut report = PassReport {
            key: self.key.clone(),
            uid: self.job.uid.clone(),
            not_created: 0,
            not_deleted: Vec::new(),
            freed: BTreeSet::new(),
            backoff: None,
            finished: false,
            object: None,
            result: Ok(None),
        };
        report.result = self.stages(&client, &mut report).await;
        report
    }

    async fn stages(
        &mut self,
        client: &Client,
        report: &mut PassReport,
    ) -> Result<Option<SignedDuration>, kube::Error> {
        announce(client, &self.job, &self.plan.events, self.now).await;
        if self.plan.gate != Gate::Open {
            return Ok(None);
        }
        if let Err(error) = claim::perform(client, &self.job, &self.plan).await {
            report.nothing_done(&self.plan.scale);
            return Err(error);
        }
        let scaled = scale::perform(client, &self.job, &self.plan.scale).await;
        report.not_created = scaled.not_created;
        report.not_deleted = scaled.not_deleted;
        announce(client, &self.job, &scaled.events, self.now).await;
        let tracking = self.plan.settle(&scaled.outcome);
        announce(client, &self.job, &tracking.events, self.now).await;
        if let Some(status) = &tracking.write_before {
            self.write(client, status, report).await?;
        }
        report.backoff = tracking.backoff;
        let (removed, error) =
            scale::remove_finalizers(client, &self.job.namespace, &tracking.remove_finalizers)
                .await;
        report.freed.clone_from(&removed);
        let ending = tracking.finish(&removed);
        if let Some(status) = &ending.write_after {
            self.write(client, status, report).await?;
        }
        report.finished = ending.finished;
        announce(client, &self.job, &ending.events, self.now).await;
        match scaled.error.or(error) {
            Some(error) => Err(error),
            None => Ok(ending.wake_after),
        }
    }

    async fn write(
        &mut self,
        client: &Client,
        status: &JobStatus,
        report: &mut PassReport,
    ) -> Result<(), kube::Error> {
        self.object["status"] = status.to_value();
        self.object = rest::replace_status(client, JOBS, &self.object).await?;
        report.object = Some(self.object.clone());
        Ok(())
    }
}
