//! `spec.podFailurePolicy`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::kube_value::{is_set, list, text};
use super::Findings;
use super::names::not_a_qualified_name;

/// The most rules, and the most condition patterns of one rule.
const RULES_MAX: usize = 20;
/// The most exit codes of one rule.
const CODES_MAX: usize = 255;

const ACTIONS: [&str; 4] = ["Count", "FailIndex", "FailJob", "Ignore"];

pub(super) fn validate(spec: &Value, path: &str, findings: &mut Findings) {
    let rules = list(spec, "/podFailurePolicy/rules");
    let field = format!("{path}.podFailurePolicy.rules");
    if rules.len() > RULES_MAX {
        findings.too_many(field.as_str(), rules.len(), RULES_MAX);
    }
    let containers = ["containers", "initContainers"]
        .iter()
        .flat_map(|kind| list(spec, &format!("/template/spec/{kind}")))
        .filter_map(|container| text(container, "/name"))
        .collect();
    let per_index = is_set(spec, "/backoffLimitPerIndex");
    for (place, rule) in rules.iter().enumerate() {
        let field = format!("{field}[{place}]");
        action(rule, &field, per_index, findings);
        let patterns = list(rule, "/onPodConditions");
        if is_set(rule, "/onExitCodes") {
            exit_codes(&rule["onExitCodes"], &field, &containers, findings);
        }
        conditions(patterns, &field, findings);
        let detail = match (is_set(rule, "/onExitCodes"), !patterns.is_empty()) {
            (true, true) => "specifying both OnExitCodes and OnPodConditions is not supported",
            (false, false) => "specifying one of OnExitCodes and OnPodConditions is required",
            _ => continue,
        };
        findings.invalid(field, Value::Null, detail);
    }
}

fn action(rule: &Value, field: &str, per_index: bool, findings: &mut Findings) {
    let field = format!("{field}.action");
    match text(rule, "/action").unwrap_or_default() {
        "" => findings.required(
            field,
            "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]",
        ),
        "FailIndex" if !per_index => {
            findings.invalid(
                field,
                "FailIndex",
                "requires the backoffLimitPerIndex to be set",
            );
        }
        action if ACTIONS.contains(&action) => {}
        other => findings.not_supported(field, other, &ACTIONS),
    }
}

fn exit_codes(rule: &Value, field: &str, containers: &BTreeSet<&str>, findings: &mut Findings) {
    let field = format!("{field}.onExitCodes");
    let operator = text(rule, "/operator").unwrap_or_default();
    match operator {
        "" => findings.required(
            format!("{field}.operator"),
            "valid values: [\"In\" \"NotIn\"]",
        ),
        "In" | "NotIn" => {}
        other => findings.not_supported(format!("{field}.operator"), other, &["In", "NotIn"]),
    }
    if let Some(name) = text(rule, "/containerName").filter(|name| !containers.contains(name)) {
        findings.invalid(
            format!("{field}.containerName"),
            name,
            "must be one of the container or initContainer names in the pod template",
        );
    }
    let values = list(rule, "/values");
    let field = format!("{field}.values");
    if values.is_empty() {
        findings.invalid(
            field,
            rule["values"].clone(),
            "at least one value is required",
        );
        return;
    }
    if values.len() > CODES_MAX {
        findings.too_many(field.as_str(), values.len(), CODES_MAX);
    }
    codes(values, operator, &field, findings);
}

fn codes(values: &[Value], operator: &str, field: &str, findings: &mut Findings) {
    let values: Vec<i64> = values.iter().filter_map(Value::as_i64).collect();
    let mut seen = BTreeSet::new();
    for (place, code) in values.iter().enumerate() {
        let entry = format!("{field}[{place}]");
        if operator == "In" && *code == 0 {
            findings.invalid(entry.as_str(), *code, "must not be 0 for the In operator");
        }
        if !seen.insert(code) {
            findings.duplicate(entry, *code);
        }
    }
    if !values.is_sorted() {
        findings.invalid(field, values, "must be ordered");
    }
}

fn conditions(patterns: &[Value], field: &str, findings: &mut Findings) {
    let field = format!("{field}.onPodConditions");
    if patterns.len() > RULES_MAX {
        findings.too_many(field.as_str(), patterns.len(), RULES_MAX);
    }
    for (place, pattern) in patterns.iter().enumerate() {
        let kind = text(pattern, "/type").unwrap_or_default();
        if let Some(problem) = not_a_qualified_name(kind) {
            findings.invalid(format!("{field}[{place}].type"), kind, problem);
        }
        let status = format!("{field}[{place}].status");
        match text(pattern, "/status").unwrap_or_default() {
            "" => findings.required(status, "valid values: [\"False\" \"True\" \"Unknown\"]"),
            "True" | "False" | "Unknown" => {}
            other => findings.not_supported(status, other, &["False", "True", "Unknown"]),
        }
    }
}
