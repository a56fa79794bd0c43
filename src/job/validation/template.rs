//! The Pod template of a Job: what a Job demands of it, and the part of ordinary Pod validation that a Job can break.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::kube_value::{is_set, list, text, text_map};
use super::Findings;
use super::names::{not_a_label, not_a_label_value, not_a_qualified_name};

pub(super) fn validate(spec: &Value, path: &str, findings: &mut Findings) {
    labels(spec, path, findings);
    containers(spec, path, findings);
    restart_policy(spec, path, findings);
}

fn labels(spec: &Value, path: &str, findings: &mut Findings) {
    // The server leaves `metadata` out of this path.
    let field = format!("{path}.template.labels");
    for (key, value) in text_map(spec, "/template/metadata/labels") {
        if let Some(problem) = not_a_qualified_name(&key) {
            findings.invalid(field.as_str(), key, problem);
        }
        if let Some(problem) = not_a_label_value(&value) {
            findings.invalid(field.as_str(), value, problem);
        }
    }
}

fn containers(spec: &Value, path: &str, findings: &mut Findings) {
    if list(spec, "/template/spec/containers").is_empty() {
        findings.required(format!("{path}.template.spec.containers"), "");
    }
    let mut seen = BTreeSet::new();
    for kind in ["initContainers", "containers"] {
        let entries = list(spec, &format!("/template/spec/{kind}")).iter();
        for (place, container) in entries.enumerate() {
            let field = format!("{path}.template.spec.{kind}[{place}].name");
            let name = text(container, "/name").unwrap_or_default();
            if name.is_empty() {
                findings.required(field, "");
            } else if let Some(problem) = not_a_label(name) {
                findings.invalid(field, name, problem);
            } else if !seen.insert(name) {
                findings.duplicate(field, name);
            }
        }
    }
}

fn restart_policy(spec: &Value, path: &str, findings: &mut Findings) {
    let field = format!("{path}.template.spec.restartPolicy");
    match text(spec, "/template/spec/restartPolicy").unwrap_or_default() {
        // Pods default to `Always`, so that it stands for a policy that was left out.
        "" | "Always" => findings.required(field, "valid values: \"OnFailure\", \"Never\""),
        "OnFailure" if is_set(spec, "/podFailurePolicy") => findings.invalid(
            field,
            "OnFailure",
            "only \"Never\" is supported when podFailurePolicy is specified",
        ),
        "OnFailure" | "Never" => {}
        other => findings.not_supported(field, other, &["OnFailure", "Never"]),
    }
}
