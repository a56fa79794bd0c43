//! Makes API objects of the short forms in which scenarios write Jobs and Pods.

use jiff::{SignedDuration, Timestamp};
use kubectl_batch::job::{TRACKING_FINALIZER, admission};
use serde_json::{Map, Value, json};

/// The label by which the Jobs of scenarios select their Pods.
const LABEL: &str = "scenario";
/// The value of that label on Pods that do match.
const MATCHES: &str = "job";

const SPEC_KEYS: &[&str] = &[
    "activeDeadlineSeconds",
    "backoffLimit",
    "backoffLimitPerIndex",
    "completionMode",
    "completions",
    "managedBy",
    "manualSelector",
    "maxFailedIndexes",
    "parallelism",
    "podFailurePolicy",
    "podReplacementPolicy",
    "restartPolicy",
    "successPolicy",
    "suspend",
    "ttlSecondsAfterFinished",
];

/// A Job as the API server has it stored.
pub(crate) fn job(form: &Value, controller: &str, now: Timestamp) -> Value {
    let metadata = &form["metadata"];
    let or = |key: &str, default: &str| metadata[key].as_str().unwrap_or(default).to_owned();
    let mut job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": or("name", "foobar"), "namespace": or("namespace", "default"), "uid": or("uid", "job-uid-1")},
        "spec": {},
        "status": form["status"],
    });
    if !metadata["deletionTimestamp"].is_null() {
        job["metadata"]["deletionTimestamp"] = metadata["deletionTimestamp"].clone();
    }
    if let Some(spec) = form["spec"].as_object() {
        job["spec"] = spec.clone().into();
    }
    set_template(&mut job);
    if job["spec"].get("managedBy").is_none() {
        job["spec"]["managedBy"] = controller.into();
    }
    if let Some(entries) = job["status"]["conditions"].as_array_mut() {
        for entry in entries {
            let earlier = (now - SignedDuration::from_secs(3600)).to_string();
            for field in ["lastTransitionTime", "lastProbeTime"] {
                if entry.get(field).is_none() {
                    entry[field] = earlier.as_str().into();
                }
            }
        }
    }
    admission::default_job(&mut job);
    job
}

/// Whether a field of a Job's spec is one that scenarios know.
pub(crate) fn is_spec_key(field: &str) -> bool {
    SPEC_KEYS.contains(&field)
}

fn set_template(job: &mut Value) {
    let spec = &mut job["spec"];
    let restart_policy = match spec.as_object_mut().and_then(|s| s.remove("restartPolicy")) {
        Some(policy) => policy,
        None => json!("Never"),
    };
    spec["selector"] = json!({"matchLabels": {LABEL: MATCHES}});
    spec["template"] = json!({
        "metadata": {"labels": {LABEL: MATCHES}},
        "spec": {"restartPolicy": restart_policy, "containers": [{"name": "main"}]},
    });
}

/// The Pods of a list, repeated ones written out.
pub(crate) fn pods(forms: &Value, job: &Value) -> Result<Vec<Value>, String> {
    let mut pods = Vec::new();
    for form in forms.as_array().into_iter().flatten() {
        let name = form["name"].as_str().ok_or("a Pod without a name")?;
        let Some(times) = form["repeat"].as_u64() else {
            pods.push(pod(form, name, &form["index"], job)?);
            continue;
        };
        for number in 0..times {
            let index = if form["index"] == "seq" {
                json!(number.to_string())
            } else {
                form["index"].clone()
            };
            pods.push(pod(form, &format!("{name}-{number}"), &index, job)?);
        }
    }
    Ok(pods)
}

fn pod(form: &Value, name: &str, index: &Value, job: &Value) -> Result<Value, String> {
    let mut metadata = json!({
        "name": name, "uid": name, "namespace": job["metadata"]["namespace"],
        "labels": {LABEL: if form["labels_match"] == false { "other" } else { MATCHES }},
        "annotations": annotations(form, index),
    });
    if form["finalizer"] != false {
        metadata["finalizers"] = json!(["example.com/before", TRACKING_FINALIZER]);
    }
    let owner = |api: &str, kind: &str, uid: &Value| json!([{"apiVersion": api, "kind": kind, "name": "owner", "uid": uid, "controller": true}]);
    match form["owner"].as_str() {
        None | Some("job") => {
            metadata["ownerReferences"] = owner("batch/v1", "Job", &job["metadata"]["uid"]);
        }
        Some("other") => {
            metadata["ownerReferences"] = owner("apps/v1", "ReplicaSet", &json!("other"));
        }
        Some("none") => {}
        Some(other) => return Err(format!("owner {other} is not understood")),
    }
    for (key, field) in [
        ("created", "creationTimestamp"),
        ("deleting", "deletionTimestamp"),
        ("deletion_grace", "deletionGracePeriodSeconds"),
    ] {
        if !form[key].is_null() {
            metadata[field] = form[key].clone();
        }
    }
    let mut spec = json!({});
    if !form["node"].is_null() {
        spec["nodeName"] = form["node"].clone();
    }
    let (init, sidecars) = init_containers(form)?;
    spec["initContainers"] = sidecars;
    Ok(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec,
        "status": {
            "phase": form["phase"], "conditions": conditions(form),
            "containerStatuses": containers(form)?, "initContainerStatuses": init,
        },
    }))
}

fn annotations(form: &Value, index: &Value) -> Map<String, Value> {
    [
        ("job-completion-index", index),
        ("job-index-failure-count", &form["failure_count"]),
        (
            "job-index-ignored-failure-count",
            &form["ignored_failure_count"],
        ),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_null())
    .map(|(key, value)| (format!("batch.kubernetes.io/{key}"), value.clone()))
    .collect()
}

fn conditions(form: &Value) -> Value {
    let mut conditions = Vec::new();
    if form["ready"] == true {
        conditions.push(
            json!({"type": "Ready", "status": "True", "lastTransitionTime": form["ready_since"]}),
        );
    }
    for entry in form["conditions"].as_array().into_iter().flatten() {
        conditions.push(json!({"type": entry["type"], "status": entry["status"], "lastTransitionTime": entry["last_transition"]}));
    }
    conditions.into()
}

fn containers(form: &Value) -> Result<Value, String> {
    if let Some(entries) = form["containers"].as_array() {
        let statuses: Result<Vec<_>, _> = entries.iter().map(container).collect();
        return Ok(statuses?.into());
    }
    if !form["finished"].is_null() {
        let good = form["phase"] == "Succeeded";
        let code = form["exit_code"].as_i64().unwrap_or(i64::from(!good));
        let ended = json!({"exitCode": code, "finishedAt": form["finished"]});
        return Ok(
            json!([{"name": "main", "state": {"terminated": ended}, "restartCount": form["restarts"]}]),
        );
    }
    if form["restarts"].is_null() {
        return Ok(json!([]));
    }
    Ok(json!([{"name": "main", "state": {"running": {}}, "restartCount": form["restarts"]}]))
}

fn init_containers(form: &Value) -> Result<(Value, Value), String> {
    let entries = form["init_containers"].as_array();
    let (mut statuses, mut specs) = (Vec::new(), Vec::new());
    for entry in entries.into_iter().flatten() {
        statuses.push(container(entry)?);
        let mut spec = json!({"name": entry["name"]});
        if entry["sidecar"] == true {
            spec["restartPolicy"] = "Always".into();
        }
        specs.push(spec);
    }
    Ok((statuses.into(), specs.into()))
}

fn container(entry: &Value) -> Result<Value, String> {
    let state = match entry["state"].as_str() {
        Some("terminated") => {
            let code = entry["exit_code"].as_i64().unwrap_or(0);
            json!({"terminated": {"exitCode": code, "finishedAt": entry["finished_at"]}})
        }
        Some("running") => json!({"running": {}}),
        Some("waiting") => json!({"waiting": {}}),
        other => return Err(format!("container state {other:?} is not understood")),
    };
    Ok(
        json!({"name": entry["name"], "state": state, "restartCount": entry["restarts"].as_i64().unwrap_or(0)}),
    )
}
