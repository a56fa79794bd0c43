//! What must hold after every change, whoever made it.

use std::collections::BTreeMap;
use std::fmt;

use kubectl_batch::controller::Owner;
use kubectl_batch::job::{RECONCILER_NAME, TRACKING_FINALIZER};
use kubectl_batch::local::kind::{JOB, POD};
use kubectl_batch::local::store::{Change, ChangeKind, Store};
use serde_json::Value;

use crate::ledger::{Ledger, PodFacts, condition, is_deleting, is_finished, is_finished_job, text};

/// Who wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    /// The controller's loop in one process.
    Controller(u32),
    Node,
    User,
    /// Other controllers of the cluster.
    Cluster,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Controller(number) => write!(f, "controller {number}"),
            other => write!(f, "{}", format!("{other:?}").to_lowercase()),
        }
    }
}

/// Sees every change of the store, in order.
pub(crate) struct Checks {
    owner: Owner,
    revision: u64,
    jobs: BTreeMap<String, Ledger>,
    /// The Job of each Pod, by their uids, whoever takes the owner off.
    owners: BTreeMap<String, String>,
    violation: Option<String>,
    writes: usize,
}

impl Checks {
    pub(crate) fn new(owner: Owner) -> Self {
        Self {
            owner,
            revision: 0,
            jobs: BTreeMap::new(),
            owners: BTreeMap::new(),
            violation: None,
            writes: 0,
        }
    }

    pub(crate) fn fail(&mut self, why: String) {
        self.violation.get_or_insert(why);
    }

    pub(crate) fn violation(&self) -> Option<String> {
        self.violation.clone()
    }

    /// A process asked for a write. Leases are renewed for ever, and events are only talk.
    pub(crate) fn written(&mut self, path: &str) {
        if !path.contains("/leases") && !path.ends_with("/events") {
            self.writes += 1;
        }
    }

    pub(crate) fn writes(&self) -> usize {
        self.writes
    }

    /// Whether a Job with this uid is in the store.
    pub(crate) fn exists(&self, uid: &str) -> bool {
        self.jobs.get(uid).is_some_and(|job| job.exists)
    }

    /// Somebody is about to take the owner off one of its Pods.
    pub(crate) fn disturbed(&mut self, uid: &str) {
        if let Some(job) = self.jobs.get_mut(uid) {
            job.disturbed = true;
        }
    }

    /// Whether this Job waits for its Pods to go.
    pub(crate) fn is_deleting(&self, uid: &str) -> bool {
        self.jobs
            .get(uid)
            .is_some_and(|job| job.exists && job.deleting)
    }

    /// Takes in what changed since the last time; gives lines for the trace.
    pub(crate) fn observe(&mut self, store: &Store, actor: Actor) -> Vec<String> {
        let read = |kind| {
            store
                .changes_after(kind, self.revision)
                .expect("the history is long enough for one transaction")
        };
        let (mut changes, revision) = read(&JOB);
        changes.extend(read(&POD).0);
        changes.sort_by_key(|change| change.revision);
        self.revision = revision;
        let mut lines = Vec::new();
        for change in &changes {
            lines.push(line(change));
            let result = if change.kind == &JOB {
                self.job(change, actor)
            } else {
                self.pod(change, actor)
            };
            if let Err(why) = result {
                lines.push(format!("!!!! {why}"));
                self.fail(why);
            }
        }
        lines
    }

    fn job(&mut self, change: &Change, actor: Actor) -> Result<(), String> {
        let uid = text(&change.object, "/metadata/uid");
        if change.change == ChangeKind::Added {
            let ours = match text(&change.object, "/spec/managedBy") {
                RECONCILER_NAME => true,
                "" => self.owner == Owner::Everything,
                _ => false,
            };
            self.jobs
                .insert(uid.to_owned(), Ledger::new(&change.object, ours));
        }
        let job = self
            .jobs
            .get_mut(uid)
            .ok_or("a Job that was never created")?;
        if matches!(actor, Actor::Controller(_)) && !job.ours {
            return Err(format!(
                "{actor} touches the Job {} of another controller",
                job.name
            ));
        }
        let asked_away = is_deleting(&change.object)
            && change
                .before
                .as_deref()
                .is_some_and(|before| !is_deleting(before));
        let expired = job.finished && !change.object["spec"]["ttlSecondsAfterFinished"].is_null();
        if asked_away && !expired && matches!(actor, Actor::Controller(_)) {
            return Err(format!("{actor} deletes the Job {}", job.name));
        }
        job.exists = change.change != ChangeKind::Deleted;
        job.deleting = is_deleting(&change.object);
        job.spec_seen(&change.object);
        let name = job.name.clone();
        job.status_seen(&change.object["status"])
            .map_err(|why| format!("job {name}: {why}"))
    }

    fn pod(&mut self, change: &Change, actor: Actor) -> Result<(), String> {
        let name = text(&change.object, "/metadata/name");
        let by_controller = matches!(actor, Actor::Controller(_));
        let uid = text(&change.object, "/metadata/uid");
        let owner = text(&change.object, "/metadata/ownerReferences/0/uid");
        if !owner.is_empty() {
            self.owners.insert(uid.to_owned(), owner.to_owned());
        }
        let job = self
            .owners
            .get(uid)
            .and_then(|owner| self.jobs.get_mut(owner));
        let Some(job) = job else {
            return if by_controller {
                Err(format!(
                    "{actor} touches the Pod {name}, which belongs to no Job"
                ))
            } else {
                Ok(())
            };
        };
        if by_controller && !job.ours {
            return Err(format!(
                "{actor} touches the Pod {name} of another controller's Job"
            ));
        }
        facts(job.pods.entry(uid.to_owned()).or_default(), change);
        if by_controller && change.change == ChangeKind::Added {
            created(job, uid)
                .map_err(|why| format!("job {}: Pod {name} is created: {why}", job.name))?;
        }
        released(job, uid, change).map_err(|why| format!("job {}: Pod {name}: {why}", job.name))
    }

    /// What is not as it should be when all is quiet.
    pub(crate) fn unfinished(&self, store: &Store) -> Option<String> {
        let list = |kind| {
            store
                .list(
                    kind,
                    None,
                    &kubectl_batch::local::selector::Filter::default(),
                    None,
                    None,
                )
                .objects
        };
        for job in list(&JOB) {
            let ours = self
                .jobs
                .get(text(&job, "/metadata/uid"))
                .is_some_and(|job| job.ours);
            if ours && !is_finished_job(&job) {
                return Some(format!(
                    "job {} has not ended: {}",
                    text(&job, "/metadata/name"),
                    job["status"]
                ));
            }
            // Only the embedded cluster's Jobs are given a time to live here.
            if ours && !job["spec"]["ttlSecondsAfterFinished"].is_null() {
                return Some(format!(
                    "job {} outlives its time",
                    text(&job, "/metadata/name")
                ));
            }
        }
        for pod in list(&POD) {
            let job = self.jobs.get(text(&pod, "/metadata/ownerReferences/0/uid"));
            if job.is_some_and(|job| job.ours && (job.finished || !job.exists)) && is_tracked(&pod)
            {
                return Some(format!(
                    "Pod {} keeps its finalizer",
                    text(&pod, "/metadata/name")
                ));
            }
        }
        None
    }
}

fn is_tracked(pod: &Value) -> bool {
    pod["metadata"]["finalizers"]
        .as_array()
        .is_some_and(|list| list.iter().any(|name| name == TRACKING_FINALIZER))
}

fn facts(pod: &mut PodFacts, change: &Change) {
    let object = &change.object;
    let gone = change.change == ChangeKind::Deleted;
    let succeeded = text(object, "/status/phase") == "Succeeded";
    pod.live = !gone && !is_finished(object) && !is_deleting(object);
    pod.clean_success |=
        succeeded && !is_deleting(object) && is_tracked(object) && !pod.ever_failed;
    pod.ever_succeeded |= succeeded;
    pod.ever_failed |=
        text(object, "/status/phase") == "Failed" || is_deleting(object) || (gone && !succeeded);
    pod.index = text(
        object,
        "/metadata/annotations/batch.kubernetes.io~1job-completion-index",
    )
    .parse()
    .ok();
}

/// A Pod is created only where one is missing.
fn created(job: &Ledger, uid: &str) -> Result<(), String> {
    if job.finished {
        return Err("the Job has ended".into());
    }
    let live = job.live();
    if live > job.parallelism_max && !job.disturbed {
        return Err(format!(
            "{live} live Pods, parallelism was never above {}",
            job.parallelism_max
        ));
    }
    let done = job.clean_successes();
    if let Some(wanted) = job.completions.filter(|_| !job.indexed && !job.disturbed)
        && live + done > wanted
    {
        return Err(format!(
            "{live} live Pods and {done} successes, {wanted} are wanted"
        ));
    }
    let index = job.pods[uid].index;
    let others = || {
        job.pods
            .iter()
            .filter(|(other, pod)| *other != uid && pod.index == index)
    };
    if job.indexed && !job.disturbed && others().any(|(_, pod)| pod.live || pod.clean_success) {
        return Err(format!("index {index:?} has a live or succeeded Pod"));
    }
    Ok(())
}

/// A Pod that ended keeps its finalizer until it is on record.
fn released(job: &mut Ledger, uid: &str, change: &Change) -> Result<(), String> {
    let Some(before) = change.before.as_deref() else {
        return Ok(());
    };
    let free =
        is_tracked(before) && (change.change == ChangeKind::Deleted || !is_tracked(&change.object));
    // Once a Job has succeeded, Pods that were going anyway are let go without being counted.
    let over = job.finished || condition(&job.status, "SuccessCriteriaMet").is_some();
    let watched =
        job.exists && !job.deleting && !over && !job.scaled_down && !job.indexed && !job.disturbed;
    let ignored = job.judged && text(before, "/status/phase") == "Failed";
    if free && watched && is_finished(before) && !ignored && !job.is_on_record(uid) {
        return Err("it ended and loses its finalizer without being on record".into());
    }
    if free && !job.indexed && !job.is_on_record(uid) {
        // Scaled down while it was about to end: the same work is wanted once more.
        job.pods.entry(uid.to_owned()).or_default().clean_success = false;
    }
    Ok(())
}

/// What the trace says of a change.
fn line(change: &Change) -> String {
    let name = text(&change.object, "/metadata/name");
    if change.kind == &JOB {
        return format!(
            "job {name} {:?}: {}",
            change.change, change.object["status"]
        );
    }
    let (phase, deleting) = (
        text(&change.object, "/status/phase"),
        is_deleting(&change.object),
    );
    let tracked = is_tracked(&change.object);
    format!(
        "pod {name} {:?}: {phase}, deleting {deleting}, tracked {tracked}",
        change.change
    )
}
