//! Performs one reconciliation of a Job over given objects, with injected faults, and notes every effect.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kubectl_batch::job::{
    Claim, Gate, Job, JobEvent, JobStatus, Memory, NewPod, Plan, Pod, PodRef, Scale, ScaleOutcome,
    TRACKING_FINALIZER, batches, new_pod, reconcile,
};
use serde_json::Value;

/// Errors to inject.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) create_limit: Option<u64>,
    pub(crate) pod_ops_fail: bool,
    pub(crate) status_writes_fail: BTreeSet<u64>,
    pub(crate) finalizer_patch_fails: BTreeSet<String>,
    pub(crate) namespace_terminating: bool,
    pub(crate) job_deleted_live: bool,
}

/// What the reconciliation sees.
pub(crate) struct Observed<'a> {
    pub(crate) job: &'a Value,
    pub(crate) pods: &'a [Value],
    pub(crate) memory: Memory,
    pub(crate) now: Timestamp,
    pub(crate) controller: &'a str,
    pub(crate) faults: Faults,
}

/// What it did.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(crate) outcome: &'static str,
    pub(crate) adopted: BTreeSet<String>,
    pub(crate) released: BTreeSet<String>,
    /// The bodies of the creates that succeeded.
    pub(crate) created: Vec<Value>,
    pub(crate) create_calls: u64,
    pub(crate) deleted: BTreeSet<String>,
    pub(crate) stripped_first: Option<bool>,
    /// The statuses sent, stored or refused.
    pub(crate) writes: Vec<Write>,
    /// Finalizers removed between the writes, or left over and removed.
    pub(crate) unfinalized: BTreeSet<String>,
    pub(crate) events: Vec<JobEvent>,
    pub(crate) requeue: Option<SignedDuration>,
    pub(crate) memory: Memory,
    failed: bool,
}

/// One status sent to the API server.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) phase: &'static str,
    pub(crate) status: Value,
    pub(crate) stored: bool,
}

impl Effects {
    /// Whether anything at all was done.
    pub(crate) fn any(&self) -> bool {
        !self.adopted.is_empty()
            || !self.released.is_empty()
            || self.create_calls > 0
            || !self.deleted.is_empty()
            || !self.writes.is_empty()
            || !self.unfinalized.is_empty()
            || !self.events.is_empty()
    }
}

/// Runs one reconciliation.
pub(crate) fn sync(observed: &Observed) -> Result<Effects, String> {
    let job = Job::from_value(observed.job).map_err(|error| error.to_string())?;
    let mut effects = Effects {
        outcome: "ok",
        memory: observed.memory.clone(),
        ..Effects::default()
    };
    if !job.is_managed_by(observed.controller) {
        effects.outcome = "skipped";
        return Ok(effects);
    }
    let pods: Result<Vec<_>, _> = observed.pods.iter().map(Pod::from_value).collect();
    let pods: Vec<_> = pods
        .map_err(|error| error.to_string())?
        .into_iter()
        .map(Arc::new)
        .collect();
    let plan = reconcile(&job, &pods, &observed.memory, observed.now);
    effects.events.extend(plan.events.iter().cloned());
    match plan.gate {
        Gate::Open => stages(observed, &job, &plan, &mut effects)?,
        Gate::Finished => {
            effects.outcome = "finished";
            effects.memory.backoff = None;
            effects.unfinalized = unfinalize(&plan.left_behind, &mut effects.failed, observed);
        }
        Gate::EndNotSeen | Gate::UnknownMode => effects.outcome = "skipped",
    }
    if effects.failed {
        effects.outcome = "error";
        effects.requeue = None;
    }
    Ok(effects)
}

fn stages(
    observed: &Observed,
    job: &Job,
    plan: &Plan,
    effects: &mut Effects,
) -> Result<(), String> {
    for claim in &plan.release {
        check_release(&patched(observed, claim)?, job)?;
        effects.released.insert(claim.pod.name.clone());
    }
    if !plan.adopt.is_empty() && observed.faults.job_deleted_live {
        effects.failed = true;
        return Ok(());
    }
    for claim in &plan.adopt {
        check_adoption(&patched(observed, claim)?, job)?;
        effects.adopted.insert(claim.pod.name.clone());
    }
    let outcome = scale(observed, job, &plan.scale, effects);
    effects.failed = outcome.failed;
    let tracking = plan.settle(&outcome);
    effects.events.extend(tracking.events.iter().cloned());
    let before = "before_finalizer_removal";
    if !write(observed, before, tracking.write_before.as_ref(), effects) {
        return Ok(());
    }
    if tracking.backoff.is_some() {
        effects.memory.backoff = tracking.backoff;
    }
    let removals = &tracking.remove_finalizers;
    effects.unfinalized = unfinalize(removals, &mut effects.failed, observed);
    let removed = removals
        .iter()
        .filter(|pod| effects.unfinalized.contains(&pod.name))
        .map(|pod| pod.uid.clone())
        .collect();
    let ending = tracking.finish(&removed);
    let after = "after_finalizer_removal";
    if write(observed, after, ending.write_after.as_ref(), effects) {
        effects.events.extend(ending.events);
        effects.memory.finish_written |= ending.finished;
        effects.requeue = ending.wake_after;
    }
    Ok(())
}

fn scale(observed: &Observed, job: &Job, scale: &Scale, effects: &mut Effects) -> ScaleOutcome {
    let faults = &observed.faults;
    match scale {
        Scale::None => ScaleOutcome::default(),
        Scale::Create(pods) => create(faults, job, pods, effects),
        Scale::Delete {
            pods,
            strip_finalizer,
        } => {
            effects.stripped_first = Some(*strip_finalizer);
            let mut outcome = ScaleOutcome::default();
            for pod in pods {
                let patch = *strip_finalizer && pod.finalizer_at.is_some();
                let refused = patch && faults.finalizer_patch_fails.contains(&pod.name);
                if faults.pod_ops_fail || refused {
                    outcome.failed = true;
                } else {
                    outcome.deleted.insert(pod.uid.clone());
                    effects.deleted.insert(pod.name.clone());
                }
            }
            outcome
        }
    }
}

fn create(faults: &Faults, job: &Job, pods: &[NewPod], effects: &mut Effects) -> ScaleOutcome {
    let mut outcome = ScaleOutcome::default();
    let mut pods = pods.iter();
    for size in batches(pods.len()) {
        for pod in pods.by_ref().take(size) {
            effects.create_calls += 1;
            let over = faults
                .create_limit
                .is_some_and(|limit| effects.create_calls > limit);
            if faults.namespace_terminating {
                outcome.created += 1;
            } else if over || faults.pod_ops_fail {
                outcome.failed = true;
            } else {
                outcome.created += 1;
                effects.created.push(new_pod(job, pod));
            }
        }
        if outcome.failed {
            break;
        }
    }
    outcome
}

/// Stores a status; false if that failed.
fn write(
    observed: &Observed,
    phase: &'static str,
    status: Option<&JobStatus>,
    effects: &mut Effects,
) -> bool {
    let Some(status) = status else {
        return true;
    };
    let number = effects.writes.len() as u64 + 1;
    let stored = !observed.faults.status_writes_fail.contains(&number);
    effects.failed |= !stored;
    effects.writes.push(Write {
        phase,
        status: status.to_value(),
        stored,
    });
    stored
}

/// Removes finalizers; gives the names of the Pods where that went well.
fn unfinalize(pods: &[PodRef], failed: &mut bool, observed: &Observed) -> BTreeSet<String> {
    let faults = &observed.faults;
    let refused =
        |pod: &&PodRef| faults.pod_ops_fail || faults.finalizer_patch_fails.contains(&pod.name);
    *failed |= pods.iter().any(|pod| refused(&pod));
    let removed = pods.iter().filter(|pod| !refused(pod));
    removed.map(|pod| pod.name.clone()).collect()
}

fn patched(observed: &Observed, claim: &Claim) -> Result<Value, String> {
    let mut pod = observed
        .pods
        .iter()
        .find(|pod| pod["metadata"]["uid"] == claim.pod.uid.as_str())
        .ok_or("a claim on a Pod that is not there")?
        .clone();
    let patch: json_patch::Patch =
        serde_json::from_value(claim.patch.clone()).map_err(|error| error.to_string())?;
    json_patch::patch(&mut pod, &patch).map_err(|error| error.to_string())?;
    Ok(pod)
}

fn check_adoption(pod: &Value, job: &Job) -> Result<(), String> {
    let found = Pod::from_value(pod).map_err(|error| error.to_string())?;
    let finalizers = pod["metadata"]["finalizers"].as_array();
    let tracking = finalizers.map_or(0, |f| f.iter().filter(|f| *f == TRACKING_FINALIZER).count());
    if found.controller_uid.as_ref() == Some(&job.uid) && tracking == 1 {
        return Ok(());
    }
    Err(format!("adoption leaves the Pod as {pod}"))
}

fn check_release(pod: &Value, job: &Job) -> Result<(), String> {
    let found = Pod::from_value(pod).map_err(|error| error.to_string())?;
    if found.controller_uid.as_ref() != Some(&job.uid) && found.tracking_finalizer_at.is_none() {
        return Ok(());
    }
    Err(format!("release leaves the Pod as {pod}"))
}
