//! The fields of a Job's spec, policies aside.

use serde_json::Value;

use super::super::kube_value::{is_set, number, text};
use super::names::not_a_domain_prefixed_path;
use super::{Findings, failure_policy, success_policy, template};

/// The longest `managedBy` in bytes.
const MANAGED_BY_MAX: usize = 63;
/// Limits of `Indexed` Jobs (`maxParallelismForIndexedJob`, `maxFailedIndexesForIndexedJob`).
const INDEXED_MAX: i64 = 100_000;
/// Limits of `Indexed` Jobs with more completions than [`INDEXED_MAX`] and a limit for each index.
const INDEXED_MAX_OF_MANY: i64 = 10_000;

/// The rules below `spec`, and below `spec.jobTemplate.spec` of a `CronJob`; those about the selector are apart.
pub fn validate_spec(spec: &Value, path: &str, findings: &mut Findings) {
    for field in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        findings.not_negative(format!("{path}.{field}"), spec[field].as_i64());
    }
    if is_set(spec, "/maxFailedIndexes") && !is_set(spec, "/backoffLimitPerIndex") {
        let field = format!("{path}.backoffLimitPerIndex");
        findings.required(field, "when maxFailedIndexes is specified");
    }
    managed_by(spec, path, findings);
    completion_mode(spec, path, findings);
    if is_set(spec, "/podFailurePolicy") {
        failure_policy::validate(spec, path, findings);
    }
    if is_set(spec, "/successPolicy") {
        success_policy::validate(spec, path, findings);
    }
    replacement_policy(spec, path, findings);
    template::validate(spec, path, findings);
}

fn managed_by(spec: &Value, path: &str, findings: &mut Findings) {
    let Some(name) = text(spec, "/managedBy") else {
        return;
    };
    let field = format!("{path}.managedBy");
    if name.is_empty() {
        findings.required(field.as_str(), "");
    } else if let Some(problem) = not_a_domain_prefixed_path(name) {
        findings.invalid(field.as_str(), name, problem);
    }
    if name.len() > MANAGED_BY_MAX {
        findings.too_long(field, MANAGED_BY_MAX);
    }
}

fn completion_mode(spec: &Value, path: &str, findings: &mut Findings) {
    match text(spec, "/completionMode") {
        None | Some("NonIndexed") => {
            for field in ["backoffLimitPerIndex", "maxFailedIndexes"] {
                if let Some(value) = number(spec, &format!("/{field}")) {
                    let field = format!("{path}.{field}");
                    findings.invalid(field, value, "requires indexed completion mode");
                }
            }
        }
        Some("Indexed") => indexed(spec, path, findings),
        Some(other) => {
            let field = format!("{path}.completionMode");
            findings.not_supported(field, other, &["Indexed", "NonIndexed"]);
        }
    }
}

fn indexed(spec: &Value, path: &str, findings: &mut Findings) {
    let number = |field: &str| spec[field].as_i64();
    let (completions, failed) = (number("completions"), number("maxFailedIndexes"));
    let field = |name: &str| format!("{path}.{name}");
    if completions.is_none() {
        findings.required(field("completions"), "when completion mode is Indexed");
    }
    let mut at_most = |name: &str, most: Option<i64>, detail: String| {
        if let Some((value, _)) = number(name).zip(most).filter(|(value, most)| value > most) {
            findings.invalid(field(name), value, detail);
        }
    };
    let mode = "when completion mode is Indexed";
    let limit = |most: i64, when: &str| format!("must be less than or equal to {most} {when}");
    at_most("parallelism", Some(INDEXED_MAX), limit(INDEXED_MAX, mode));
    let detail = "must be less than or equal to completions".to_owned();
    at_most("maxFailedIndexes", completions, detail);
    let detail = format!("must be less than or equal to {INDEXED_MAX}");
    at_most("maxFailedIndexes", Some(INDEXED_MAX), detail);
    let many = completions.is_some_and(|count| count > INDEXED_MAX);
    if !many || !is_set(spec, "/backoffLimitPerIndex") {
        return;
    }
    let when =
        format!("when completions are above {INDEXED_MAX} and used with backoff limit per index");
    for name in ["parallelism", "maxFailedIndexes"] {
        let detail = limit(INDEXED_MAX_OF_MANY, &when);
        at_most(name, Some(INDEXED_MAX_OF_MANY), detail);
    }
    if failed.is_none() {
        let detail = format!("must be specified when completions is above {INDEXED_MAX}");
        findings.required(field("maxFailedIndexes"), &detail);
    }
}

fn replacement_policy(spec: &Value, path: &str, findings: &mut Findings) {
    let Some(policy) = text(spec, "/podReplacementPolicy") else {
        return;
    };
    let supported: &[&str] = if is_set(spec, "/podFailurePolicy") {
        &["Failed"]
    } else {
        &["Failed", "TerminatingOrFailed"]
    };
    if !supported.contains(&policy) {
        findings.not_supported(format!("{path}.podReplacementPolicy"), policy, supported);
    }
}
