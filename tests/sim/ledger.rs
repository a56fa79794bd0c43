//! What is known of one Job by looking at every change of the store: the truth that its status is compared with.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Text at a pointer, or nothing.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

pub(crate) fn is_finished(pod: &Value) -> bool {
    matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

pub(crate) fn is_deleting(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

/// The condition of a status that is true, if it is there.
pub(crate) fn condition<'a>(status: &'a Value, kind: &str) -> Option<&'a Value> {
    let conditions = status["conditions"].as_array()?;
    conditions
        .iter()
        .find(|entry| entry["type"] == kind && entry["status"] == "True")
}

pub(crate) fn is_finished_job(job: &Value) -> bool {
    condition(&job["status"], "Complete")
        .or_else(|| condition(&job["status"], "Failed"))
        .is_some()
}

/// One Pod of a Job.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one fact; they come in any combination"
)]
pub(crate) struct PodFacts {
    /// Neither finished nor being deleted.
    pub(crate) live: bool,
    /// It ended well before anybody wanted it gone.
    pub(crate) clean_success: bool,
    pub(crate) ever_succeeded: bool,
    /// It ended badly, or somebody wanted it gone, or took it away.
    pub(crate) ever_failed: bool,
    pub(crate) index: Option<i64>,
}

/// One Job.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one fact; they come in any combination"
)]
pub(crate) struct Ledger {
    pub(crate) name: String,
    pub(crate) ours: bool,
    pub(crate) exists: bool,
    pub(crate) deleting: bool,
    pub(crate) completions: Option<i64>,
    pub(crate) indexed: bool,
    success_policy: bool,
    /// The most that `parallelism` ever was: whoever acts may have seen any of them.
    pub(crate) parallelism_max: i64,
    /// Pods may have been removed without being counted.
    pub(crate) scaled_down: bool,
    /// Somebody took the owner off a Pod: until it is taken over again, others may do its work.
    pub(crate) disturbed: bool,
    /// A failure may count for nothing.
    pub(crate) judged: bool,
    pub(crate) status: Value,
    pub(crate) finished: bool,
    pub(crate) pods: BTreeMap<String, PodFacts>,
    /// Uids that were ever on record.
    succeeded: BTreeSet<String>,
    failed: BTreeSet<String>,
}

impl Ledger {
    pub(crate) fn new(job: &Value, ours: bool) -> Self {
        let mut ledger = Self {
            name: text(job, "/metadata/name").to_owned(),
            ours,
            exists: true,
            deleting: false,
            completions: job["spec"]["completions"].as_i64(),
            indexed: job["spec"]["completionMode"] == "Indexed",
            success_policy: !job["spec"]["successPolicy"].is_null(),
            parallelism_max: 0,
            scaled_down: false,
            disturbed: false,
            judged: !job["spec"]["podFailurePolicy"].is_null(),
            status: Value::Null,
            finished: false,
            pods: BTreeMap::new(),
            succeeded: BTreeSet::new(),
            failed: BTreeSet::new(),
        };
        ledger.spec_seen(job);
        ledger
    }

    pub(crate) fn spec_seen(&mut self, job: &Value) {
        let parallelism = job["spec"]["parallelism"].as_i64().unwrap_or(1);
        self.scaled_down |= parallelism < self.parallelism_max || job["spec"]["suspend"] == true;
        self.parallelism_max = self.parallelism_max.max(parallelism);
    }

    pub(crate) fn live(&self) -> i64 {
        self.pods.values().filter(|pod| pod.live).count() as i64
    }

    pub(crate) fn clean_successes(&self) -> i64 {
        self.pods.values().filter(|pod| pod.clean_success).count() as i64
    }

    pub(crate) fn is_on_record(&self, uid: &str) -> bool {
        self.succeeded.contains(uid) || self.failed.contains(uid)
    }

    /// Compares a new status with the old one and with the truth; gives what is wrong.
    pub(crate) fn status_seen(&mut self, new: &Value) -> Result<(), String> {
        let old = std::mem::replace(&mut self.status, new.clone());
        for field in ["succeeded", "failed"] {
            if count(new, field) < count(&old, field) {
                return Err(format!(
                    "{field} falls from {} to {}",
                    count(&old, field),
                    count(new, field)
                ));
            }
        }
        for kind in ["Complete", "Failed"] {
            let before = condition(&old, kind);
            if before.is_some() && before != condition(new, kind) {
                return Err(format!(
                    "condition {kind} changes: {before:?} to {:?}",
                    condition(new, kind)
                ));
            }
        }
        if self.finished && old != *new {
            return Err(format!(
                "the status of a finished Job changes: {old} to {new}"
            ));
        }
        self.finished = ["Complete", "Failed"]
            .iter()
            .any(|kind| condition(new, kind).is_some());
        self.each_pod_once(new)?;
        self.each_index_rightly(new)?;
        let short = self
            .completions
            .filter(|_| !self.success_policy)
            .is_some_and(|wanted| count(new, "succeeded") < wanted);
        if condition(new, "Complete").is_some() && new["completionTime"].is_null() {
            return Err("Complete without a completionTime".into());
        }
        if condition(new, "Complete").is_some() && short {
            return Err(format!(
                "Complete with {} successes",
                count(new, "succeeded")
            ));
        }
        Ok(())
    }

    /// An index is completed because a Pod of it succeeded, and stays so.
    fn each_index_rightly(&self, status: &Value) -> Result<(), String> {
        if !self.indexed {
            return Ok(());
        }
        let completed = indexes(text(status, "/completedIndexes"));
        let succeeded = |index: &i64| {
            self.pods
                .values()
                .any(|pod| pod.ever_succeeded && pod.index == Some(*index))
        };
        if let Some(index) = completed.iter().find(|index| !succeeded(index)) {
            return Err(format!(
                "index {index} is completed and no Pod of it succeeded"
            ));
        }
        if completed.len() as i64 != count(status, "succeeded") {
            return Err(format!(
                "{} indexes are completed and succeeded is {}",
                completed.len(),
                count(status, "succeeded")
            ));
        }
        Ok(())
    }

    /// Every uid that was ever on record is in the counters or still on record, once, and rightly so.
    fn each_pod_once(&mut self, status: &Value) -> Result<(), String> {
        let failing = condition(status, "FailureTarget").is_some();
        for uid in uids(status, "succeeded") {
            if !self.pods.get(&uid).is_some_and(|pod| pod.ever_succeeded) {
                return Err(format!(
                    "{uid} is on record as succeeded and never succeeded"
                ));
            }
            self.succeeded.insert(uid);
        }
        for uid in uids(status, "failed") {
            if !self
                .pods
                .get(&uid)
                .is_some_and(|pod| pod.ever_failed || failing)
            {
                return Err(format!("{uid} is on record as failed and never failed"));
            }
            self.failed.insert(uid);
        }
        if let Some(uid) = self.succeeded.intersection(&self.failed).next() {
            return Err(format!("{uid} was on record both ways"));
        }
        let sums = [("succeeded", &self.succeeded), ("failed", &self.failed)];
        for (field, ever) in sums.into_iter().skip(usize::from(self.indexed)) {
            let now = count(status, field) + uids(status, field).len() as i64;
            if now != ever.len() as i64 {
                return Err(format!(
                    "{field} and the record add up to {now}, {} Pods were ever on record",
                    ever.len()
                ));
            }
        }
        Ok(())
    }
}

/// `1,3-5` as numbers.
fn indexes(text: &str) -> BTreeSet<i64> {
    let number = |text: &str| text.parse::<i64>().unwrap_or(-1);
    let run = |part: &str| match part.split_once('-') {
        Some((first, last)) => number(first)..=number(last),
        None => number(part)..=number(part),
    };
    text.split(',')
        .filter(|part| !part.is_empty())
        .flat_map(run)
        .collect()
}

fn count(status: &Value, field: &str) -> i64 {
    status[field].as_i64().unwrap_or(0)
}

fn uids(status: &Value, list: &str) -> Vec<String> {
    let uids = status["uncountedTerminatedPods"][list].as_array();
    uids.into_iter()
        .flatten()
        .filter_map(|uid| uid.as_str().map(str::to_owned))
        .collect()
}
