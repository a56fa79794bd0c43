//! `spec.successPolicy`.

use serde_json::Value;

use super::super::indexes::IndexSet;
use super::super::kube_value::{is_set, list, number, text};
use super::Findings;

/// The most rules.
const RULES_MAX: usize = 20;
/// The longest list of indexes in bytes.
const INDEXES_MAX: usize = 64 * 1024;

pub(super) fn validate(spec: &Value, path: &str, findings: &mut Findings) {
    let field = format!("{path}.successPolicy");
    if text(spec, "/completionMode") != Some("Indexed") {
        let value = spec["successPolicy"].clone();
        findings.invalid(field, value, "requires indexed completion mode");
        return;
    }
    let rules = list(spec, "/successPolicy/rules");
    let field = format!("{field}.rules");
    if rules.is_empty() {
        let detail = "at least one rules must be specified when the successPolicy is specified";
        findings.required(field.as_str(), detail);
    }
    if rules.len() > RULES_MAX {
        findings.too_many(field.as_str(), rules.len(), RULES_MAX);
    }
    for (place, rule) in rules.iter().enumerate() {
        let field = format!("{field}[{place}]");
        if !is_set(rule, "/succeededIndexes") && !is_set(rule, "/succeededCount") {
            let detail = "at least one of succeededCount or succeededIndexes must be specified";
            findings.required(field, detail);
            continue;
        }
        let completions = number(spec, "/completions");
        let listed = indexes(rule, &field, completions, findings);
        count(rule, &field, completions, listed, findings);
    }
}

/// Checks the list; gives how many indexes it has, none if it cannot be read.
fn indexes(
    rule: &Value,
    field: &str,
    completions: Option<i32>,
    findings: &mut Findings,
) -> Option<usize> {
    let listed = text(rule, "/succeededIndexes")?;
    let field = format!("{field}.succeededIndexes");
    if listed.len() > INDEXES_MAX {
        findings.too_long(field.as_str(), INDEXES_MAX);
    }
    let set = IndexSet::strict(listed, completions.unwrap_or(i32::MAX));
    if set.is_none() {
        let detail =
            "error parsing succeededIndexes: not an ascending list of indexes below completions";
        findings.invalid(field, listed, detail);
    }
    Some(set.map_or(0, |set| set.len()))
}

fn count(
    rule: &Value,
    field: &str,
    completions: Option<i32>,
    listed: Option<usize>,
    findings: &mut Findings,
) {
    let Some(count) = rule["succeededCount"].as_i64() else {
        return;
    };
    let field = format!("{field}.succeededCount");
    findings.not_negative(field.as_str(), Some(count));
    let limits = [
        (
            completions.map(i64::from),
            "(the number of specified completions)",
        ),
        (
            listed.map(|listed| listed as i64),
            "(the number of indexes in the specified succeededIndexes field)",
        ),
    ];
    for (most, what) in limits {
        if let Some(most) = most.filter(|most| count > *most) {
            let detail = format!("must be less than or equal to {most} {what}");
            findings.invalid(field.as_str(), count, detail);
        }
    }
}
