//! What the server adds to an object of a kind, and what it refuses in it.

use serde_json::{Value, json};

use crate::job::admission::{default_job, generate_labels_and_selector};
use crate::job::validation::{FieldError, validate_create as validate_job};
use crate::local::kind::{JOB, Kind, POD};

/// Seconds between TERM and KILL where the Pod says nothing (`DefaultTerminationGracePeriodSeconds`).
const GRACE: i64 = 30;

/// Defaults and generated fields at creation.
pub(super) fn on_create(kind: &Kind, object: &mut Value) {
    if *kind == JOB {
        object["status"] = json!({});
        default_job(object);
        generate_labels_and_selector(object);
        default_pod_spec(&mut object["spec"]["template"]["spec"]);
    } else if *kind == POD {
        default_pod_spec(&mut object["spec"]);
        object["status"] = json!({"phase": "Pending", "qosClass": "BestEffort"});
    }
}

fn default_pod_spec(spec: &mut Value) {
    let Some(spec) = spec.as_object_mut() else {
        return;
    };
    for (field, value) in [
        ("restartPolicy", json!("Always")),
        ("terminationGracePeriodSeconds", json!(GRACE)),
        ("dnsPolicy", json!("ClusterFirst")),
        ("securityContext", json!({})),
        ("schedulerName", json!("default-scheduler")),
    ] {
        if spec.get(field).is_none_or(Value::is_null) {
            spec.insert(field.into(), value);
        }
    }
}

/// What is wrong with a new object: fields and problems.
pub(super) fn validate_create(kind: &Kind, object: &Value) -> Vec<(String, String)> {
    let mut causes = label_causes(&object["metadata"]["labels"], "metadata.labels");
    if *kind == JOB {
        let cause = |finding: FieldError| (finding.field, finding.message);
        causes.extend(validate_job(object).into_iter().map(cause));
    } else if *kind == POD && object.pointer("/spec/containers/0").is_none() {
        causes.push(("spec.containers".into(), "Required value".into()));
    }
    causes
}

/// Label values: at most 63 characters of `[A-Za-z0-9._-]`, with an alphanumeric at both ends.
fn label_causes(labels: &Value, field: &str) -> Vec<(String, String)> {
    let Some(labels) = labels.as_object() else {
        return Vec::new();
    };
    let good = |value: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let outer = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
        value.len() <= 63
            && value.chars().all(inner)
            && outer(value.chars().next())
            && outer(value.chars().last())
    };
    labels
        .iter()
        .filter(|(_, value)| !value.as_str().is_some_and(good))
        .map(|(_, value)| (field.to_owned(), format!("Invalid value: {value}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character")))
        .collect()
}
