//! A small cluster in which a Job of a trace lives: Pods that are created, run, end, are deleted and vanish.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kubectl_batch::job::{Memory, TRACKING_FINALIZER};
use serde_json::{Value, json};

use crate::compare::truth;
use crate::engine::{Effects, Faults, Observed, sync};
use crate::objects;
use crate::status::accepted;

/// More passes than this without a fixpoint are a loop.
const PASSES_MAX: usize = 2000;

/// The finalizer that keeps a Pod until a scenario releases it.
const HOLD: &str = "example.com/hold";

/// The cluster of one trace.
pub(crate) struct Simulation<'a> {
    pub(crate) job: Value,
    /// In order of creation.
    pub(crate) pods: Vec<Value>,
    pub(crate) now: Timestamp,
    /// Reasons of the events so far.
    pub(crate) events: Vec<String>,
    /// For each index, the failure counts with which its Pods were created.
    pub(crate) failure_counts: BTreeMap<String, Vec<Value>>,
    memory: Memory,
    controller: &'a str,
    created: usize,
    graceful: bool,
    hold_pods: bool,
    check_api: bool,
}

impl<'a> Simulation<'a> {
    pub(crate) fn new(case: &Value, now: Timestamp, controller: &'a str) -> Result<Self, String> {
        let given = &case["given"];
        let job = objects::job(&given["job"], controller, now);
        Ok(Self {
            pods: objects::pods(&given["pods"], &job)?,
            job,
            now,
            events: Vec::new(),
            failure_counts: BTreeMap::new(),
            memory: Memory::default(),
            controller,
            created: 0,
            graceful: truth(&given["sim"], "graceful", false)?,
            hold_pods: truth(&given["sim"], "hold_pods", false)?,
            check_api: !truth(case, "skip_api_check", false)?,
        })
    }

    /// Reconciles until nothing changes; `through_backoff` lets the clock run to whatever the controller waits for.
    pub(crate) fn settle(&mut self, through_backoff: bool) -> Result<(), String> {
        for _ in 0..PASSES_MAX {
            let effects = sync(&Observed {
                job: &self.job,
                pods: &self.pods,
                memory: self.memory.clone(),
                now: self.now,
                controller: self.controller,
                faults: Faults::default(),
            })?;
            if effects.outcome == "error" {
                return Err("a pass ends in error".into());
            }
            let (requeue, any) = (effects.requeue, effects.any());
            self.apply(effects)?;
            match requeue.filter(|_| through_backoff) {
                _ if any => {}
                Some(wait) => self.now += wait,
                None => return Ok(()),
            }
        }
        Err(format!("no fixpoint after {PASSES_MAX} passes"))
    }

    fn apply(&mut self, effects: Effects) -> Result<(), String> {
        if self.check_api {
            accepted(&self.job["spec"], &self.job["status"], &effects.writes)?;
        }
        if let Some(last) = effects.writes.last() {
            self.job["status"] = last.status.clone();
        }
        let events = effects.events.iter().map(|event| event.reason.clone());
        self.events.extend(events);
        for pod in &mut self.pods {
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            let (adopted, released) = (effects.adopted.get(name), effects.released.get(name));
            let strip = effects.stripped_first == Some(true) && effects.deleted.contains(name);
            let unfinalized = strip || effects.unfinalized.contains(name);
            let deleted = effects.deleted.contains(name);
            if adopted.is_some() {
                pod["metadata"]["ownerReferences"] = json!([{"apiVersion": "batch/v1", "kind": "Job", "uid": self.job["metadata"]["uid"], "controller": true}]);
                remove_finalizer(pod, TRACKING_FINALIZER);
                add_finalizer(pod, TRACKING_FINALIZER);
            }
            if released.is_some() {
                pod["metadata"]["ownerReferences"] = json!([]);
            }
            if unfinalized || released.is_some() {
                remove_finalizer(pod, TRACKING_FINALIZER);
            }
            if deleted {
                pod["metadata"]["deletionTimestamp"] = self.now.to_string().into();
            }
        }
        for pod in effects.created {
            self.create(pod);
        }
        // Nothing is ever stale here: what was written is seen in the next pass.
        self.memory = Memory {
            finish_written: false,
            ..effects.memory
        };
        self.vanish();
        Ok(())
    }

    fn create(&mut self, mut pod: Value) {
        self.created += 1;
        let prefix = pod["metadata"]["generateName"].as_str().unwrap_or_default();
        let name = format!("{prefix}{:05}", self.created);
        pod["metadata"]["name"] = name.as_str().into();
        pod["metadata"]["uid"] = name.into();
        pod["metadata"]["creationTimestamp"] = self.now.to_string().into();
        pod["status"] = json!({"phase": "Pending", "conditions": []});
        if self.hold_pods {
            add_finalizer(&mut pod, HOLD);
        }
        let annotation =
            |key: &str| &pod["metadata"]["annotations"][format!("batch.kubernetes.io/{key}")];
        let count = annotation("job-index-failure-count").clone();
        if let (Some(index), false) = (annotation("job-completion-index").as_str(), count.is_null())
        {
            let counts = self.failure_counts.entry(index.to_owned()).or_default();
            counts.push(count);
        }
        self.pods.push(pod);
    }

    /// Deleted Pods go once nothing holds them.
    fn vanish(&mut self) {
        let graceful = self.graceful;
        self.pods.retain(|pod| {
            let held = has_finalizer(pod, TRACKING_FINALIZER) || has_finalizer(pod, HOLD);
            let runs_on = graceful && !is_terminal(pod);
            !is_deleted(pod) || held || runs_on
        });
    }

    /// Performs one operation of a step.
    pub(crate) fn operate(&mut self, operation: &Value) -> Result<(), String> {
        let (name, argument) = operation
            .as_object()
            .filter(|map| map.len() == 1)
            .and_then(|map| map.iter().next())
            .ok_or_else(|| format!("{operation} is not one operation"))?;
        match name.as_str() {
            "advance" => {
                let seconds = argument.as_f64().ok_or("advance is not a number")?;
                self.now += SignedDuration::from_secs_f64(seconds);
            }
            "patch_spec" => self.patch_spec(argument)?,
            "restart_controller" => self.memory = Memory::default(),
            "delete_job" => {
                self.job["metadata"]["deletionTimestamp"] = self.now.to_string().into();
            }
            "finish_terminating" => {
                let now = self.now;
                for pod in &mut self.pods {
                    if is_deleted(pod) && !is_terminal(pod) {
                        set_phase(pod, argument, now)?;
                    }
                }
            }
            "release_holds" => self
                .pods
                .iter_mut()
                .for_each(|pod| remove_finalizer(pod, HOLD)),
            _ => self.operate_on_pods(name, argument)?,
        }
        self.vanish();
        Ok(())
    }

    fn patch_spec(&mut self, fields: &Value) -> Result<(), String> {
        for (field, value) in fields.as_object().ok_or("patch_spec is not a mapping")? {
            if !objects::is_spec_key(field) || field == "restartPolicy" {
                return Err(format!("patch_spec: `{field}` is not understood"));
            }
            self.job["spec"][field] = value.clone();
        }
        Ok(())
    }

    fn operate_on_pods(&mut self, name: &str, argument: &Value) -> Result<(), String> {
        let mut keys = vec!["count", "index"];
        if name == "set_phase" {
            keys.extend(["phase", "exit_code", "conditions"]);
        }
        let now = self.now;
        for place in self.selected(argument) {
            let pod = &mut self.pods[place];
            match name {
                "set_phase" => set_phase(pod, argument, now)?,
                "set_running" => set_phase(pod, &json!({"phase": "Running"}), now)?,
                "set_ready" => {
                    let ready = json!([{"type": "Ready", "status": "True"}]);
                    set_phase(pod, &json!({"phase": "Running", "conditions": ready}), now)?;
                }
                "delete_pods" => pod["metadata"]["deletionTimestamp"] = now.to_string().into(),
                "set_owner_none" => pod["metadata"]["ownerReferences"] = json!([]),
                "clear_labels" => pod["metadata"]["labels"] = json!({}),
                _ => return Err(format!("operation `{name}` is not understood")),
            }
        }
        Ok(())
    }

    /// The places of the active Pods that an operation is about, oldest first.
    fn selected(&self, argument: &Value) -> Vec<usize> {
        let index = argument["index"].as_i64();
        let mut places: Vec<usize> = (0..self.pods.len())
            .filter(|place| is_active(&self.pods[*place]))
            .filter(|place| index.is_none() || completion_index(&self.pods[*place]) == index)
            .collect();
        let created =
            |place: &usize| self.pods[*place]["metadata"]["creationTimestamp"].to_string();
        places.sort_by_key(created);
        let count = argument["count"].as_u64();
        places.truncate(count.map_or(usize::MAX, |count| count as usize));
        places
    }
}

/// Sets a phase; a terminal one ends the container `main` now.
fn set_phase(pod: &mut Value, argument: &Value, now: Timestamp) -> Result<(), String> {
    let phase = argument["phase"].as_str().ok_or("no phase")?;
    pod["status"]["phase"] = phase.into();
    pod["spec"]["nodeName"] = "node-1".into();
    let entries = argument["conditions"].as_array().into_iter().flatten();
    let conditions = entries.map(|entry| {
        json!({"type": entry["type"], "status": entry["status"], "lastTransitionTime": now.to_string()})
    });
    pod["status"]["conditions"] = conditions.collect();
    if is_terminal(pod) {
        let default = i64::from(phase != "Succeeded");
        let code = argument["exit_code"].as_i64().unwrap_or(default);
        pod["status"]["containerStatuses"] = json!([{"name": "main", "restartCount": 0, "state": {"terminated": {"exitCode": code, "finishedAt": now.to_string()}}}]);
    }
    Ok(())
}

pub(crate) fn is_active(pod: &Value) -> bool {
    !is_terminal(pod) && !is_deleted(pod)
}

pub(crate) fn is_tracked(pod: &Value) -> bool {
    has_finalizer(pod, TRACKING_FINALIZER)
}

pub(crate) fn completion_index(pod: &Value) -> Option<i64> {
    let annotations = &pod["metadata"]["annotations"];
    let text = annotations["batch.kubernetes.io/job-completion-index"].as_str()?;
    text.parse().ok()
}

fn is_terminal(pod: &Value) -> bool {
    matches!(
        pod["status"]["phase"].as_str(),
        Some("Succeeded" | "Failed")
    )
}

fn is_deleted(pod: &Value) -> bool {
    !pod["metadata"]["deletionTimestamp"].is_null()
}

fn has_finalizer(pod: &Value, name: &str) -> bool {
    let finalizers = pod["metadata"]["finalizers"].as_array();
    finalizers.is_some_and(|finalizers| finalizers.iter().any(|known| known == name))
}

fn add_finalizer(pod: &mut Value, name: &str) {
    let finalizers = pod["metadata"]["finalizers"].as_array();
    let mut finalizers = finalizers.cloned().unwrap_or_default();
    finalizers.push(name.into());
    pod["metadata"]["finalizers"] = finalizers.into();
}

fn remove_finalizer(pod: &mut Value, name: &str) {
    if let Some(finalizers) = pod["metadata"]["finalizers"].as_array_mut() {
        finalizers.retain(|known| known != name);
    }
}
