//! Kinds that ask what the API server refuses in a Job.

use std::collections::BTreeSet;

use kubectl_batch::job::admission::{default_job, generate_labels_and_selector};
use kubectl_batch::job::validation::{FieldError, validate_changes, validate_create};
use serde_json::{Value, json};

use crate::compare::same;

/// A Job as submitted: defaults, generated labels and selector, findings.
pub(crate) fn create(case: &Value) -> Result<(), String> {
    let (given, expect) = (&case["given"], &case["expect"]);
    let metadata = &given["job"]["metadata"];
    let mut job = json!({"metadata": {"name": "myjob", "uid": "1a2b3c"}});
    for (key, value) in metadata.as_object().into_iter().flatten() {
        job["metadata"][key] = value.clone();
    }
    job["spec"] = job_spec(&given["job"]["spec"])?;
    default_job(&mut job);
    generate_labels_and_selector(&mut job);
    same_errors(&validate_create(&job), expect)
}

/// A change of a Job, by the rules about changes alone.
pub(crate) fn update(case: &Value) -> Result<(), String> {
    let (given, expect) = (&case["given"], &case["expect"]);
    let mut old = json!({"metadata": {"name": "myjob"}, "spec": changed_spec(&given["old_spec"])?});
    let mut new = json!({"metadata": {"name": "myjob"}, "spec": changed_spec(&given["new_spec"])?});
    old["status"] = given["status"].clone();
    default_job(&mut old);
    default_job(&mut new);
    same_errors(&validate_changes(&old, &new), expect)
}

/// Compares findings with `expect.errors`, as sets.
pub(crate) fn same_errors(found: &[FieldError], expect: &Value) -> Result<(), String> {
    let mut wanted = BTreeSet::new();
    for error in expect["errors"].as_array().ok_or("errors is no list")? {
        let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
        wanted.insert([text("field"), text("type")]);
    }
    let found: BTreeSet<_> = found
        .iter()
        .map(|finding| [finding.field.clone(), finding.kind.name().to_owned()])
        .collect();
    same("errors", &found, &wanted)
}

/// The spec that a case writes with a flat template and selector.
pub(crate) fn job_spec(form: &Value) -> Result<Value, String> {
    let mut spec = match form {
        Value::Null => json!({}),
        form => form.clone(),
    };
    if !spec["selector"].is_null() {
        spec["selector"] = json!({"matchLabels": form["selector"]});
    }
    let flat = &form["template"];
    let mut template = json!({"metadata": {}, "spec": {}});
    if !flat["labels"].is_null() {
        template["metadata"]["labels"] = flat["labels"].clone();
    }
    match flat["restartPolicy"].as_str() {
        Some("unset") => {}
        policy => template["spec"]["restartPolicy"] = policy.unwrap_or("Never").into(),
    }
    for (kind, default) in [
        ("containers", json!(["main"])),
        ("initContainers", json!([])),
    ] {
        let names = if flat[kind].is_null() {
            &default
        } else {
            &flat[kind]
        };
        let names = names.as_array().ok_or("no list of container names")?;
        let container = |name: &Value| json!({"name": name, "image": "image"});
        template["spec"][kind] = names.iter().map(container).collect();
    }
    spec["template"] = template;
    Ok(spec)
}

/// The spec of a Job that is changed; its template is a flat mapping.
fn changed_spec(form: &Value) -> Result<Value, String> {
    let mut spec = form.clone();
    if !spec["selector"].is_null() {
        spec["selector"] = json!({"matchLabels": form["selector"]});
    }
    let mut template = json!({
        "metadata": {},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "main"}]},
    });
    for (key, value) in form["template"].as_object().into_iter().flatten() {
        match key.as_str() {
            "image" => template["spec"]["containers"][0]["image"] = value.clone(),
            "resources" => {
                template["spec"]["containers"][0]["resources"] = json!({"requests": value});
            }
            "nodeAffinity" => template["spec"]["affinity"] = json!({"nodeAffinity": value}),
            "nodeSelector" | "tolerations" | "schedulingGates" => {
                template["spec"][key] = value.clone();
            }
            "labels" | "annotations" => template["metadata"][key] = value.clone(),
            other => return Err(format!("template: key `{other}` is not understood")),
        }
    }
    spec["template"] = template;
    Ok(spec)
}
