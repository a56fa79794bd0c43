//! Performs the claims of a pass: gives Pods away, then takes Pods over.

use kube::Client;

use crate::cluster::rest::{self, JOBS, PODS};
use crate::job::{Claim, Job, Plan};

/// Releases, then adopts; an error ends the pass.
pub(super) async fn perform(client: &Client, job: &Job, plan: &Plan) -> kube::Result<()> {
    for claim in &plan.release {
        match change(client, job, claim).await {
            // It is gone, or no longer ours: that is what was wanted.
            Err(error) if rest::is_status(&error, 404) || rest::is_status(&error, 422) => {}
            result => result?,
        }
    }
    if plan.adopt.is_empty() {
        return Ok(());
    }
    recheck(client, job).await?;
    for claim in &plan.adopt {
        change(client, job, claim).await?;
    }
    Ok(())
}

async fn change(client: &Client, job: &Job, claim: &Claim) -> kube::Result<()> {
    let name = &claim.pod.name;
    rest::json_patch(client, PODS, &job.namespace, name, &claim.patch).await?;
    Ok(())
}

/// A Job that is being deleted, or was replaced by a namesake, must not take Pods over (`RecheckDeletionTimestamp`).
async fn recheck(client: &Client, job: &Job) -> kube::Result<()> {
    let live = rest::get(client, JOBS, &job.namespace, &job.name).await?;
    let metadata = &live["metadata"];
    if metadata["uid"] == job.uid.as_str() && metadata["deletionTimestamp"].is_null() {
        return Ok(());
    }
    let message = format!("job `{}` is being deleted or was replaced", job.name);
    Err(kube::Error::Service(message.into()))
}
