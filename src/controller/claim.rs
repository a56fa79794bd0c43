//! Performs the claims of a pass: gives Pods away, then takes Pods over.

use kube::Client;
use serde_json::Value;

use crate::cluster::rest::{self, JOBS, PODS};
use crate::job::{Claim, Job, Plan, Pod};

/// Releases, then adopts; an error ends the pass. What was adopted is put into `adopted` as the server answers: the watch may
/// show it so only after it was counted.
pub(super) async fn perform(
    client: &Client,
    job: &Job,
    plan: &Plan,
    adopted: &mut Vec<Pod>,
) -> kube::Result<()> {
    for claim in &plan.release {
        match change(client, job, claim).await {
            // It is gone, or no longer ours: that is what was wanted.
            Err(error) if rest::is_status(&error, 404) || rest::is_status(&error, 422) => {}
            result => drop(result?),
        }
    }
    if plan.adopt.is_empty() {
        return Ok(());
    }
    recheck(client, job).await?;
    for claim in &plan.adopt {
        let pod = change(client, job, claim).await?;
        adopted.extend(Pod::from_value(&pod));
    }
    Ok(())
}

async fn change(client: &Client, job: &Job, claim: &Claim) -> kube::Result<Value> {
    let name = &claim.pod.name;
    rest::json_patch(client, PODS, &job.namespace, name, &claim.patch).await
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
