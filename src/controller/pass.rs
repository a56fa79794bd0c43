//! One pass over one Job: performs the three stages of a plan, in order, and stops at the first write that fails.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use kube::Client;
use serde_json::Value;

use super::announce::Announcer;
use super::queue::Key;
use super::{claim, scale, untrack};
use crate::cluster::rest::{self, JOBS};
use crate::job::{BackoffRecord, Gate, Job, JobStatus, Plan, Pod, Scale};

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
    /// The names of the Pods to create.
    pub(super) names: Vec<String>,
    /// Another process may work on the same Job: its Pods are touched only if the Job, read live, is still as it was planned for.
    pub(super) recheck: bool,
    /// Where events go.
    pub(super) announcer: Announcer,
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
    /// Pods as the server answered: adopted, created, there already, or read again.
    pub(super) pods: Vec<Pod>,
    /// Names of Pods that were expected and not created.
    pub(super) not_created: Vec<String>,
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
    /// The Job as it was read after the server refused a status: the observation was old.
    pub(super) reread: Option<Reread>,
    /// When to look again, or what went wrong.
    pub(super) result: Result<Option<SignedDuration>, kube::Error>,
}

/// What was found where a status could not be written.
#[derive(Debug)]
pub(super) enum Reread {
    /// The Job, or another one of the same name.
    Found(Value),
    /// Nothing.
    Gone,
}

impl PassReport {
    /// The pass ended before scaling: what was expected of it will not come.
    fn nothing_done(&mut self, scale: &Scale, names: Vec<String>) {
        self.not_created = names;
        if let Scale::Delete { pods, .. } = scale {
            self.not_deleted = pods.iter().map(|pod| pod.uid.clone()).collect();
        }
    }
}

impl Pass {
    /// Performs the plan.
    pub(super) async fn perform(mut self, client: Client) -> PassReport {
        let mut report = PassReport {
            key: self.key.clone(),
            uid: self.job.uid.clone(),
            pods: Vec::new(),
            not_created: Vec::new(),
            not_deleted: Vec::new(),
            freed: BTreeSet::new(),
            backoff: None,
            finished: false,
            object: None,
            reread: None,
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
        self.announcer
            .announce(&self.job, &self.plan.events, self.now);
        if self.plan.gate != Gate::Open {
            return Ok(None);
        }
        if let Err(error) = self.claim(client, report).await {
            report.nothing_done(&self.plan.scale, std::mem::take(&mut self.names));
            return Err(error);
        }
        let scaled = scale::perform(client, &self.job, &self.plan.scale, &self.names).await;
        report.pods.extend(scaled.pods);
        report.not_created = scaled.not_created;
        report.not_deleted = scaled.not_deleted;
        self.announcer.announce(&self.job, &scaled.events, self.now);
        let tracking = self.plan.settle(&scaled.outcome);
        self.announcer
            .announce(&self.job, &tracking.events, self.now);
        if let Some(status) = &tracking.write_before {
            self.write(client, status, report).await?;
        }
        report.backoff = tracking.backoff;
        let (removed, error) =
            untrack::remove_finalizers(client, &self.job.namespace, &tracking.remove_finalizers)
                .await;
        report.freed.clone_from(&removed);
        let ending = tracking.finish(&removed);
        if let Some(status) = &ending.write_after {
            self.write(client, status, report).await?;
        }
        report.finished = ending.finished;
        self.announcer.announce(&self.job, &ending.events, self.now);
        match scaled.error.or(error) {
            Some(error) => Err(error),
            None => Ok(ending.wake_after),
        }
    }

    /// Whatever has to hold before Pods are created or deleted.
    async fn claim(&self, client: &Client, report: &mut PassReport) -> Result<(), kube::Error> {
        if self.recheck && self.plan.scale != Scale::None {
            report.reread = self.reread(client).await;
            let version = |object: &Value| object.pointer("/metadata/resourceVersion").cloned();
            match &report.reread {
                Some(Reread::Found(live)) if version(live) == version(&self.object) => {
                    report.reread = None;
                }
                _ => return Err(kube::Error::Service("the Job has changed".into())),
            }
        }
        claim::perform(client, &self.job, &self.plan, &mut report.pods).await
    }

    async fn write(
        &mut self,
        client: &Client,
        status: &JobStatus,
        report: &mut PassReport,
    ) -> Result<(), kube::Error> {
        self.object["status"] = status.to_value();
        match rest::replace_status(client, JOBS, &self.object).await {
            Ok(object) => {
                self.object = object;
                report.object = Some(self.object.clone());
                Ok(())
            }
            Err(error) => {
                if [404, 409, 422]
                    .iter()
                    .any(|code| rest::is_status(&error, *code))
                {
                    report.reread = self.reread(client).await;
                }
                Err(error)
            }
        }
    }

    /// Reads the Job live, so that the next try does not depend on an event that may never come.
    async fn reread(&self, client: &Client) -> Option<Reread> {
        match rest::get(client, JOBS, &self.job.namespace, &self.job.name).await {
            Ok(live) => Some(Reread::Found(live)),
            Err(error) if rest::is_status(&error, 404) => Some(Reread::Gone),
            Err(_) => None,
        }
    }
}
