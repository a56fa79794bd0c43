//! What the API server refuses in a Job or CronJob, and what it takes although it is hardly meant
//! (`pkg/apis/batch/validation/validation.go`), for one object with its values filled in.

use serde_json::Value;

use super::notice::{Finding, Severity};
use crate::manifest::names;

/// A Job's spec, and the path at which it stands.
struct Job<'a> {
    spec: &'a Value,
    at: &'static str,
    name: &'a str,
}

type Rule = fn(&Job<'_>, &mut Vec<Finding>);

const RULES: &[Rule] = &[
    counts,
    selector,
    more_at_once_than_in_all,
    indexed,
    index_limits,
    failure_policy,
    managed_by,
    containers,
    deadlines,
];

/// All findings of one object.
pub(super) fn check(object: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    labels(object, &mut found);
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let job = match object["kind"].as_str() {
        Some("Job") => Job {
            spec: &object["spec"],
            at: "spec",
            name,
        },
        Some("CronJob") => Job {
            spec: &object["spec"]["jobTemplate"]["spec"],
            at: "spec.jobTemplate.spec",
            name: "",
        },
        _ => return found,
    };
    name_length(object, name, &mut found);
    for rule in RULES {
        rule(&job, &mut found);
    }
    found
}

impl Job<'_> {
    fn number(&self, field: &str) -> Option<i64> {
        self.spec[field].as_i64()
    }

    fn has(&self, field: &str) -> bool {
        !self.spec[field].is_null()
    }

    fn is_indexed(&self) -> bool {
        self.spec["completionMode"] == "Indexed"
    }

    fn error(&self, field: &str, problem: impl Into<String>) -> Finding {
        Finding::new(Severity::Error, format!("{}.{field}", self.at), problem)
    }

    fn warning(&self, field: &str, problem: impl Into<String>) -> Finding {
        Finding::new(Severity::Warning, format!("{}.{field}", self.at), problem)
    }
}

/// Generated labels carry the name, so it is held to a label's length; a CronJob appends eleven characters to its own.
fn name_length(object: &Value, name: &str, found: &mut Vec<Finding>) {
    const CRON_JOB: usize = 52;
    let most = if object["kind"] == "CronJob" {
        CRON_JOB
    } else {
        names::MAX
    };
    if name.len() > most {
        found.push(Finding::new(
            Severity::Error,
            "metadata.name".into(),
            format!(
                "\"{name}\" has {} characters, at most {most} are allowed",
                name.len()
            ),
        ));
    } else if name.contains('.') {
        found.push(Finding::new(
            Severity::Warning,
            "metadata.name".into(),
            "a name with dots is no DNS label: the Pods' host names will differ from it",
        ));
    }
}

fn labels(object: &Value, found: &mut Vec<Finding>) {
    let Some(labels) = object["metadata"]["labels"].as_object() else {
        return;
    };
    for (key, value) in labels {
        let path = format!("metadata.labels.{key}");
        if !names::is_label_key(key) {
            found.push(Finding::new(
                Severity::Error,
                path,
                "this cannot be the key of a label",
            ));
        } else if !value.as_str().is_some_and(names::is_label_value) {
            let problem = format!(
                "{value} cannot be the value of a label: a string of at most 63 letters, digits, `-`, `_` and `.`"
            );
            found.push(Finding::new(Severity::Error, path, problem));
        }
    }
}

fn counts(job: &Job<'_>, found: &mut Vec<Finding>) {
    for field in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        if job.number(field).is_some_and(|number| number < 0) {
            found.push(job.error(field, "this may not be less than 0"));
        }
    }
}

fn selector(job: &Job<'_>, found: &mut Vec<Finding>) {
    match (job.has("selector"), job.spec["manualSelector"] == true) {
        (true, false) => found.push(job.error(
            "selector",
            "the cluster makes the selector of a Job: leave this out (or set manualSelector: true)",
        )),
        (false, true) => found.push(job.error("selector", "manualSelector: true needs a selector")),
        (true, true) => found.push(job.warning(
            "manualSelector",
            "Jobs with a selector of their own can take each other's Pods: every item has the same one",
        )),
        (false, false) => {}
    }
}

fn more_at_once_than_in_all(job: &Job<'_>, found: &mut Vec<Finding>) {
    if let (Some(parallelism), Some(completions)) =
        (job.number("parallelism"), job.number("completions"))
        && parallelism > completions
    {
        found.push(job.warning(
            "parallelism",
            format!("{parallelism} Pods at once for {completions} completions: never more than {completions} will run"),
        ));
    }
    if job.number("parallelism") == Some(0) {
        found.push(job.warning("parallelism", "with 0 no Pod is ever started"));
    }
}

fn indexed(job: &Job<'_>, found: &mut Vec<Finding>) {
    match job.spec["completionMode"].as_str() {
        None | Some("NonIndexed" | "Indexed") => {}
        Some(other) => {
            found.push(job.error(
                "completionMode",
                format!("\"{other}\" is neither NonIndexed nor Indexed"),
            ));
        }
    }
    if !job.is_indexed() {
        return;
    }
    let Some(completions) = job.number("completions") else {
        found.push(job.error("completions", "completionMode: Indexed needs completions"));
        return;
    };
    // Pods are called name-0 to name-(completions - 1).
    let longest = job.name.len() + 1 + (completions - 1).max(0).to_string().len();
    if completions > 0 && longest > names::MAX {
        found.push(job.error(
            "completions",
            format!(
                "the name of the last Pod would have {longest} characters, at most {} are allowed",
                names::MAX
            ),
        ));
    }
    if job
        .number("parallelism")
        .is_some_and(|number| number > 100_000)
    {
        found.push(job.error(
            "parallelism",
            "an Indexed Job has at most 100000 Pods at once",
        ));
    }
}

fn index_limits(job: &Job<'_>, found: &mut Vec<Finding>) {
    for field in ["backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"] {
        if job.has(field) && !job.is_indexed() {
            found.push(job.error(field, "this needs completionMode: Indexed"));
        }
    }
    if job.has("maxFailedIndexes") && !job.has("backoffLimitPerIndex") {
        found.push(job.error("backoffLimitPerIndex", "maxFailedIndexes needs it"));
    }
    if let (Some(most), Some(completions)) =
        (job.number("maxFailedIndexes"), job.number("completions"))
        && most > completions
    {
        found.push(job.error(
            "maxFailedIndexes",
            format!("there are only {completions} indexes"),
        ));
    }
}

fn failure_policy(job: &Job<'_>, found: &mut Vec<Finding>) {
    let replacement = job.spec["podReplacementPolicy"].as_str();
    if !matches!(replacement, None | Some("Failed" | "TerminatingOrFailed")) {
        found.push(job.error(
            "podReplacementPolicy",
            "this is neither Failed nor TerminatingOrFailed",
        ));
    }
    if !job.has("podFailurePolicy") {
        return;
    }
    if job.spec["template"]["spec"]["restartPolicy"] != "Never" {
        found.push(job.error("podFailurePolicy", "this needs restartPolicy: Never"));
    }
    if replacement == Some("TerminatingOrFailed") {
        found.push(job.error(
            "podReplacementPolicy",
            "with podFailurePolicy it must be Failed",
        ));
    }
    let rules = job.spec["podFailurePolicy"]["rules"].as_array();
    for (at, rule) in rules.into_iter().flatten().enumerate() {
        let action = rule["action"].as_str().unwrap_or_default();
        let field = format!("podFailurePolicy.rules[{at}].action");
        if !matches!(action, "FailJob" | "FailIndex" | "Ignore" | "Count") {
            found.push(job.error(&field, "this is none of FailJob, FailIndex, Ignore, Count"));
        } else if action == "FailIndex" && !job.has("backoffLimitPerIndex") {
            found.push(job.error(&field, "FailIndex needs backoffLimitPerIndex"));
        }
    }
}

fn managed_by(job: &Job<'_>, found: &mut Vec<Finding>) {
    let Some(manager) = job.spec["managedBy"].as_str() else {
        return;
    };
    let domain = manager.split_once('/').filter(|(_, path)| !path.is_empty());
    if manager.len() > names::MAX
        || !domain.is_some_and(|(domain, _)| names::is_object_name(domain))
    {
        found.push(job.error(
            "managedBy",
            "a manager is called domain/path, in at most 63 characters",
        ));
    } else if !matches!(
        manager,
        "kubernetes.io/job-controller" | "kubectl-batch/reconciler"
    ) {
        found.push(job.warning(
            "managedBy",
            "another controller must run this Job: without it nothing happens",
        ));
    }
}

fn containers(job: &Job<'_>, found: &mut Vec<Finding>) {
    let containers = job.spec["template"]["spec"]["containers"].as_array();
    if containers.is_none_or(Vec::is_empty) {
        found.push(job.error(
            "template.spec.containers",
            "a Pod has at least one container",
        ));
    }
    for (at, container) in containers.into_iter().flatten().enumerate() {
        for field in ["name", "image"] {
            if container[field].as_str().is_none_or(str::is_empty) {
                let path = format!("template.spec.containers[{at}].{field}");
                found.push(job.error(&path, format!("this container has no {field}")));
            }
        }
    }
}

fn deadlines(job: &Job<'_>, found: &mut Vec<Finding>) {
    if job.number("activeDeadlineSeconds") == Some(0) {
        found.push(job.warning(
            "activeDeadlineSeconds",
            "with 0 the Job fails as soon as it starts",
        ));
    }
    if job.number("ttlSecondsAfterFinished") == Some(0) {
        found.push(job.warning(
            "ttlSecondsAfterFinished",
            "with 0 the Job is deleted as it ends, and its logs with it",
        ));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(changes: &Value) -> Value {
        let mut job = json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "p"},
            "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}]}}},
        });
        for (pointer, value) in changes.as_object().expect("a map") {
            let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
            job.pointer_mut(parent).expect("it is there")[field] = value.clone();
        }
        job
    }

    fn check_table(table: &[(Value, &str)]) {
        for (changes, expected) in table {
            let found = check(&job(changes));
            let said: Vec<_> = found
                .iter()
                .map(|finding| format!("{} {}", finding.severity, finding.path))
                .collect();
            assert_eq!(said.join(", "), *expected, "{changes}");
        }
    }

    #[test]
    fn counts_and_indexes_are_checked() {
        check_table(&[
            (json!({}), ""),
            (json!({"/spec/completions": -1}), "error spec.completions"),
            (json!({"/spec/selector": {}}), "error spec.selector"),
            (json!({"/spec/manualSelector": true}), "error spec.selector"),
            (
                json!({"/spec/parallelism": 3, "/spec/completions": 2}),
                "warning spec.parallelism",
            ),
            (
                json!({"/spec/completionMode": "Indexed"}),
                "error spec.completions",
            ),
            (
                json!({"/spec/completionMode": "indexed"}),
                "error spec.completionMode",
            ),
            (
                json!({"/spec/completionMode": "Indexed", "/spec/completions": 5}),
                "",
            ),
            (
                json!({"/spec/completionMode": "Indexed", "/spec/completions": 11, "/metadata/name": "a".repeat(61)}),
                "error spec.completions",
            ),
            (
                json!({"/spec/backoffLimitPerIndex": 1}),
                "error spec.backoffLimitPerIndex",
            ),
            (
                json!({"/spec/podFailurePolicy": {"rules": [{"action": "Stop"}]}}),
                "error spec.podFailurePolicy.rules[0].action",
            ),
            (
                json!({"/spec/podFailurePolicy": {}, "/spec/template/spec/restartPolicy": "OnFailure"}),
                "error spec.podFailurePolicy",
            ),
        ]);
    }

    #[test]
    fn managers_containers_names_and_labels_are_checked() {
        check_table(&[
            (json!({"/spec/managedBy": "me"}), "error spec.managedBy"),
            (
                json!({"/spec/managedBy": "example.com/x"}),
                "warning spec.managedBy",
            ),
            (
                json!({"/spec/template/spec/containers": []}),
                "error spec.template.spec.containers",
            ),
            (
                json!({"/spec/template/spec/containers": [{"name": "c"}]}),
                "error spec.template.spec.containers[0].image",
            ),
            (
                json!({"/spec/ttlSecondsAfterFinished": 0}),
                "warning spec.ttlSecondsAfterFinished",
            ),
            (
                json!({"/metadata/name": "a".repeat(64)}),
                "error metadata.name",
            ),
            (json!({"/metadata/name": "a.b"}), "warning metadata.name"),
            (
                json!({"/metadata/labels": {"a": "b c"}}),
                "error metadata.labels.a",
            ),
            (
                json!({"/metadata/labels": {"a": 1}}),
                "error metadata.labels.a",
            ),
            (
                json!({"/kind": "CronJob", "/metadata/name": "a".repeat(53), "/spec/jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}}}}),
                "error metadata.name",
            ),
        ]);
    }
}
