//! Kind `cronjob_sync`: one reconciliation of one CronJob.

use std::collections::BTreeMap;

use kubectl_batch::cron::admission::default_cron_job;
use kubectl_batch::cron::{
    Child, CreateOutcome, CronEnding, CronJob, CronStatus, Facts, LiveJob, Replaced, Start,
    StartOutcome, history, missing_jobs, needs_live_cron_job, plan,
};
use serde_json::{Value, json};

use crate::compare::{close, now, same, truth};
use crate::cron::instant;

/// The cluster of one case, and what was done to it.
struct World<'a> {
    faults: &'a Value,
    live: Vec<Value>,
    created: Vec<Value>,
    deleted: Vec<String>,
}

/// One reconciliation and all its effects.
pub(crate) fn cronjob_sync(case: &Value) -> Result<(), String> {
    let (given, expect) = (&case["given"], &case["expect"]);
    let cron_job = CronJob::from_value(&object(&given["cronjob"]));
    let cron_job = cron_job.map_err(|error| error.to_string())?;
    let jobs = jobs(&given["jobs"], &cron_job)?;
    let children: Vec<_> = jobs
        .iter()
        .filter_map(|job| Child::of(&cron_job, job))
        .collect();
    let live = match given.get("live_jobs") {
        Some(live) => self::jobs(live, &cron_job)?,
        None => jobs,
    };
    let mut world = World {
        faults: &given["faults"],
        live,
        created: Vec::new(),
        deleted: Vec::new(),
    };
    let facts = world.facts(&cron_job, &children, &given["live_active_uids"]);
    let plan = plan(&cron_job, &children, &facts, now(case)?);
    let outcome = match &plan.start {
        Some(start) => world.perform(start),
        None => StartOutcome::default(),
    };
    compare(&world, &plan.finish(&outcome), expect)
}

impl World<'_> {
    fn fault(&self, name: &str) -> bool {
        self.faults[name] == true
    }

    /// A live read of a Job.
    fn get(&self, name: &str) -> Option<&Value> {
        self.live.iter().find(|job| job["metadata"]["name"] == name)
    }

    fn delete(&mut self, name: &str) -> Result<(), String> {
        if self.fault("job_delete_error") {
            return Err("refused".into());
        }
        self.live.retain(|job| job["metadata"]["name"] != name);
        self.deleted.push(name.to_owned());
        Ok(())
    }

    fn facts(&mut self, cron_job: &CronJob, children: &[Child], uids: &Value) -> Facts {
        let victims = history(cron_job, children).into_iter().cloned();
        let victims: Vec<Child> = victims.collect();
        let mut history = BTreeMap::new();
        for child in victims {
            let result = self.delete(&child.name);
            history.insert(child.uid, result);
        }
        let live_status =
            needs_live_cron_job(cron_job, children).then(|| live_status(cron_job, children, uids));
        let status = live_status.as_ref().unwrap_or(&cron_job.status);
        let look = |name: &str| match self.get(name) {
            _ if self.fault("job_get_error") => LiveJob::Unknown,
            Some(_) => LiveJob::Found,
            None => LiveJob::Gone,
        };
        let jobs = missing_jobs(status, children)
            .into_iter()
            .map(|active| (active.uid.clone(), look(&active.name)))
            .collect();
        Facts {
            history,
            live_status,
            live_status_failed: false,
            jobs,
        }
    }

    fn perform(&mut self, start: &Start) -> StartOutcome {
        let mut outcome = StartOutcome::default();
        for active in &start.replace {
            let replaced = if self.fault("job_get_error") || self.get(&active.name).is_none() {
                Replaced::NotRead("not found".into())
            } else {
                let result = self.delete(&active.name);
                result.map_or_else(Replaced::NotDeleted, |()| Replaced::Deleted)
            };
            let failed = replaced != Replaced::Deleted;
            outcome.replaced.push(replaced);
            if failed {
                return outcome;
            }
        }
        outcome.created = Some(self.create(&start.job));
        outcome
    }

    fn create(&mut self, job: &Value) -> CreateOutcome {
        if self.fault("namespace_terminating") {
            return CreateOutcome::NamespaceTerminating;
        }
        if self.fault("job_create_error") {
            return CreateOutcome::Failed("refused".into());
        }
        let name = job["metadata"]["name"].as_str().unwrap_or_default();
        if let Some(known) = self.get(name) {
            let read = !self.fault("job_get_error");
            return CreateOutcome::Exists(read.then(|| known.clone()));
        }
        let mut stored = job.clone();
        stored["metadata"]["uid"] = format!("uid of {name}").into();
        self.created.push(stored.clone());
        self.live.push(stored.clone());
        CreateOutcome::Created(stored)
    }
}

/// The status that a live read shows: it may list Jobs that the copy does not.
fn live_status(cron_job: &CronJob, children: &[Child], uids: &Value) -> CronStatus {
    let mut status = cron_job.status.to_value();
    let mut active = status["active"].as_array().cloned().unwrap_or_default();
    for uid in uids.as_array().into_iter().flatten() {
        let listed = active.iter().any(|entry| entry["uid"] == *uid);
        let child = children.iter().find(|child| *uid == child.uid.as_str());
        if let Some(child) = child.filter(|_| !listed) {
            active.push(json!({"name": child.name, "uid": child.uid}));
        }
    }
    status["active"] = active.into();
    CronStatus::from_value(&status)
}

fn compare(world: &World, ending: &CronEnding, expect: &Value) -> Result<(), String> {
    let outcome = if ending.failed { "error" } else { "ok" };
    same("outcome", &json!(outcome), &expect["outcome"])?;
    let mut wanted = Vec::new();
    for create in expect["create"].as_array().into_iter().flatten() {
        wanted.push([
            create["name"].clone(),
            create["scheduled_timestamp"].clone(),
        ]);
    }
    let key = "batch.kubernetes.io/cronjob-scheduled-timestamp";
    let created = |job: &Value| {
        let metadata = &job["metadata"];
        [
            metadata["name"].clone(),
            metadata["annotations"][key].clone(),
        ]
    };
    let found: Vec<_> = world.created.iter().map(created).collect();
    same("create", &found, &wanted)?;
    for job in &world.created {
        let metadata = &job["metadata"];
        same("labels", &metadata["labels"], &json!({"a": "b"}))?;
        same("annotation x", &metadata["annotations"]["x"], &json!("y"))?;
    }
    let deleted = expect["delete"].as_array().cloned().unwrap_or_default();
    same("delete", &json!(world.deleted), &json!(deleted))?;
    let write = truth(expect, "status_update", false)?;
    same("status_update", &ending.write, &write)?;
    status(&ending.status, &expect["status"])?;
    events(ending, &expect["events"])?;
    let wait = ending.wake_after.map(|wait| wait.as_secs_f64());
    close("requeue", wait, expect["requeue_after_seconds"].as_f64())
}

fn status(found: &CronStatus, wanted: &Value) -> Result<(), String> {
    let names: Vec<_> = found.active.iter().map(|active| &active.name).collect();
    let active = wanted["active"].as_array().cloned().unwrap_or_default();
    same("active", &json!(names), &json!(active))?;
    let last = instant(&wanted["lastScheduleTime"])?;
    same("lastScheduleTime", &found.last_schedule, &last)?;
    let last = instant(&wanted["lastSuccessfulTime"])?;
    same("lastSuccessfulTime", &found.last_successful, &last)
}

fn events(ending: &CronEnding, wanted: &Value) -> Result<(), String> {
    let wanted = wanted.as_array().cloned().unwrap_or_default();
    same("number of events", &ending.events.len(), &wanted.len())
        .map_err(|error| format!("{error}: {:?}", ending.events))?;
    for (event, wanted) in ending.events.iter().zip(&wanted) {
        let kind = if event.warning { "Warning" } else { "Normal" };
        same("event type", &json!(kind), &wanted["type"])?;
        same("event reason", &json!(event.reason), &wanted["reason"])?;
        if !wanted["message"].is_null() {
            same("event message", &json!(event.message), &wanted["message"])?;
        }
    }
    Ok(())
}

/// The CronJob as the API server has it stored.
fn object(form: &Value) -> Value {
    let mut cron_job = json!({
        "metadata": {"name": "mycronjob", "namespace": "snazzycats", "uid": "cj-uid-1"},
        "status": form["status"],
    });
    for (key, value) in form["metadata"].as_object().into_iter().flatten() {
        cron_job["metadata"][key] = value.clone();
    }
    cron_job["spec"] = form["spec"].clone();
    cron_job["spec"]["jobTemplate"] = json!({
        "metadata": {"labels": {"a": "b"}, "annotations": {"x": "y"}}, "spec": {},
    });
    default_cron_job(&mut cron_job);
    // Defaults are for absent keys only: a limit that is null is no limit.
    for (key, value) in form["spec"].as_object().into_iter().flatten() {
        cron_job["spec"][key] = value.clone();
    }
    cron_job
}

fn jobs(forms: &Value, cron_job: &CronJob) -> Result<Vec<Value>, String> {
    let mut jobs = Vec::new();
    for form in forms.as_array().into_iter().flatten() {
        let uid = if form["uid"].is_null() {
            &form["name"]
        } else {
            &form["uid"]
        };
        let owner = if truth(form, "owned", true)? {
            cron_job.uid.as_str()
        } else {
            "other"
        };
        jobs.push(json!({
            "metadata": {
                "name": form["name"], "namespace": cron_job.namespace, "uid": uid,
                "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "uid": owner, "controller": true}],
            },
            "status": {"conditions": form["conditions"], "startTime": form["startTime"], "completionTime": form["completionTime"]},
        }));
    }
    Ok(jobs)
}
