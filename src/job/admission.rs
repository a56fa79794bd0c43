//! What the API server does to a Job at its creation: defaults, generated labels and selector
//! (`pkg/apis/batch/v1/defaults.go`, `pkg/registry/batch/job/strategy.go`).

use serde_json::{Value, json};

use super::kube_value::text;

/// Fills in the defaults of a Job's spec.
pub fn default_job(job: &mut Value) {
    let unset = |job: &Value, field: &str| job["spec"].get(field).is_none_or(Value::is_null);
    if unset(job, "completions") && unset(job, "parallelism") {
        job["spec"]["completions"] = 1.into();
    }
    let backoff_limit = if unset(job, "backoffLimitPerIndex") {
        6
    } else {
        i32::MAX
    };
    for (field, value) in [
        ("parallelism", json!(1)),
        ("backoffLimit", json!(backoff_limit)),
        ("completionMode", json!("NonIndexed")),
        ("suspend", json!(false)),
        ("manualSelector", json!(false)),
    ] {
        if unset(job, field) {
            job["spec"][field] = value;
        }
    }
    if unset(job, "podReplacementPolicy") {
        let policy = if unset(job, "podFailurePolicy") {
            "TerminatingOrFailed"
        } else {
            "Failed"
        };
        job["spec"]["podReplacementPolicy"] = policy.into();
    }
    if job.pointer("/metadata/labels").is_none()
        && let Some(labels) = job.pointer("/spec/template/metadata/labels").cloned()
    {
        job["metadata"]["labels"] = labels;
    }
}

/// Adds the labels that tie Pods to this Job, and the selector that finds them; needs the Job's name and uid.
pub fn generate_labels_and_selector(job: &mut Value) {
    if job.pointer("/spec/manualSelector") == Some(&Value::Bool(true)) {
        return;
    }
    let name = text(job, "/metadata/name").unwrap_or_default().to_owned();
    let uid = text(job, "/metadata/uid").unwrap_or_default().to_owned();
    let labels = [
        ("controller-uid", &uid),
        ("batch.kubernetes.io/controller-uid", &uid),
        ("job-name", &name),
        ("batch.kubernetes.io/job-name", &name),
    ];
    for (key, value) in labels {
        let slot = &mut job["spec"]["template"]["metadata"]["labels"][key];
        if slot.is_null() {
            *slot = value.as_str().into();
        }
    }
    job["spec"]["selector"]["matchLabels"]["batch.kubernetes.io/controller-uid"] = uid.into();
}

/// What the API server refuses in a Job that is about to be created: path of the field and what is wrong with it.
pub fn validate_create(job: &Value) -> Vec<(String, String)> {
    let mut causes = Vec::new();
    match text(job, "/spec/template/spec/restartPolicy") {
        Some("Never" | "OnFailure") => {}
        found => causes.push((
            "spec.template.spec.restartPolicy".into(),
            format!(
                "Unsupported value: \"{}\": supported values: \"OnFailure\", \"Never\"",
                found.unwrap_or("Always")
            ),
        )),
    }
    for field in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
    ] {
        if let Some(number) = job["spec"][field].as_i64().filter(|number| *number < 0) {
            causes.push((
                format!("spec.{field}"),
                format!("Invalid value: {number}: must be greater than or equal to 0"),
            ));
        }
    }
    let containers = job
        .pointer("/spec/template/spec/containers")
        .and_then(Value::as_array);
    if containers.is_none_or(Vec::is_empty) {
        causes.push((
            "spec.template.spec.containers".into(),
            "Required value".into(),
        ));
    }
    causes
}
