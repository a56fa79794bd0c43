//! Labels and selector that tie Pods to their Job: they have to be the generated ones, or to fit each other.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::Selector;
use super::super::kube_value::{is_set, list, text, text_map};
use super::Findings;

/// Keys of the generated labels.
const UID_KEYS: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];
const NAME_KEYS: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];

/// Whether a Job has the generated labels with a prefix, which came later: old Jobs lack them.
pub(super) fn has_prefixed_labels(job: &Value) -> bool {
    let labels = text_map(job, "/spec/template/metadata/labels");
    labels.contains_key(UID_KEYS[1]) || labels.contains_key(NAME_KEYS[1])
}

/// Without `manualSelector` the template carries the generated labels, and the selector selects them.
pub(super) fn generated(job: &Value, prefixed_too: bool, findings: &mut Findings) {
    if job.pointer("/spec/manualSelector") == Some(&Value::Bool(true)) {
        return;
    }
    let name = text(job, "/metadata/name").unwrap_or_default();
    let uid = text(job, "/metadata/uid").unwrap_or_default();
    if uid.is_empty() {
        findings.required("metadata.uid", "");
    }
    let labels = text_map(job, "/spec/template/metadata/labels");
    let mut expected = BTreeMap::new();
    for (keys, value) in [(UID_KEYS, uid), (NAME_KEYS, name)] {
        for key in keys {
            if key.contains('/') && !prefixed_too {
                continue;
            }
            let field = format!("spec.template.metadata.labels[{key}]");
            let detail = format!("must be '{value}'");
            match labels.get(key) {
                None => findings.required(field, &detail),
                Some(found) if found != value => findings.invalid(field, found.as_str(), detail),
                Some(_) => {}
            }
            expected.insert(key.to_owned(), value.to_owned());
        }
    }
    let selector = &job["spec"]["selector"];
    let selects = |selector: &Selector| selector.matches(&expected);
    if is_set(job, "/spec/selector")
        && !Selector::from_value(selector).as_ref().is_some_and(selects)
    {
        findings.invalid(
            "spec.selector",
            selector.clone(),
            "`selector` not auto-generated",
        );
    }
}

/// The selector is there, can be read, and selects the Pods of the template.
pub(super) fn matches_template(job: &Value, findings: &mut Findings) {
    let field = "spec.selector";
    if is_set(job, "/spec/selector") {
        expressions(job, findings);
    } else {
        findings.required(field, "");
    }
    // No selector selects nothing.
    let selector = job.pointer("/spec/selector").and_then(Selector::from_value);
    let labels = text_map(job, "/spec/template/metadata/labels");
    if !is_set(job, "/spec/selector") || selector.is_some_and(|selector| !selector.matches(&labels))
    {
        let found = job.pointer("/spec/template/metadata/labels");
        let found = found
            .cloned()
            .unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        findings.invalid(
            "spec.template.metadata.labels",
            found,
            "`selector` does not match template `labels`",
        );
    }
}

/// `matchExpressions`: a known operator, and values exactly where the operator takes some.
fn expressions(job: &Value, findings: &mut Findings) {
    let entries = list(job, "/spec/selector/matchExpressions").iter();
    for (place, expression) in entries.enumerate() {
        let field = format!("spec.selector.matchExpressions[{place}]");
        let values = list(expression, "/values").len();
        match text(expression, "/operator").unwrap_or_default() {
            "In" | "NotIn" if values == 0 => findings.required(
                format!("{field}.values"),
                "must be specified when `operator` is 'In' or 'NotIn'",
            ),
            "Exists" | "DoesNotExist" if values > 0 => findings.invalid(
                format!("{field}.values"),
                Value::Null,
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            ),
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => findings.invalid(
                format!("{field}.operator"),
                other,
                "not a valid selector operator",
            ),
        }
    }
}
