//! What may change in a Job that exists (`ValidateJobSpecUpdate`; KEP-2926, KEP-3715).

use serde_json::{Map, Value};

use super::super::JobStatus;
use super::super::kube_value::{list, text};
use super::{FieldError, Findings};

/// Fields that stay as they were, set or not.
const IMMUTABLE: [&str; 6] = [
    "selector",
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
    "managedBy",
    "successPolicy",
];
/// Parts of a Pod's spec that say where it may run.
const SCHEDULING: [&str; 3] = ["nodeSelector", "tolerations", "schedulingGates"];

/// The rules about changes alone; the old object, with its status, decides which of them apply.
pub fn validate_changes(old: &Value, new: &Value) -> Vec<FieldError> {
    let mut findings = Findings::default();
    let spec = |job: &Value, field: &str| job["spec"][field].clone();
    completions(old, new, &mut findings);
    for field in IMMUTABLE {
        if spec(old, field) != spec(new, field) {
            let field_path = format!("spec.{field}");
            findings.invalid(field_path, spec(new, field), "field is immutable");
        }
    }
    template(old, new, &mut findings);
    findings.into()
}

/// Only an `Indexed` Job can grow or shrink, by as many Pods as indexes.
fn completions(old: &Value, new: &Value, findings: &mut Findings) {
    let wanted = &new["spec"]["completions"];
    if *wanted == old["spec"]["completions"] {
        return;
    }
    let field = "spec.completions";
    if text(new, "/spec/completionMode") != Some("Indexed") {
        findings.invalid(field, wanted.clone(), "field is immutable");
    } else if wanted.is_null() {
        findings.required(field, "when completion mode is Indexed");
    } else if *wanted != new["spec"]["parallelism"] {
        let detail = "can only be modified in tandem with spec.parallelism";
        findings.invalid(field, wanted.clone(), detail);
    }
}

fn template(old: &Value, new: &Value, findings: &mut Findings) {
    let (before, mut after) = (
        old["spec"]["template"].clone(),
        new["spec"]["template"].clone(),
    );
    let open = is_at_rest(old);
    if open {
        undo_allowed(&before, &mut after);
    }
    if bare(&before) == bare(&after) {
        return;
    }
    let (field, found) = if open {
        ("spec.template.spec", &new["spec"]["template"]["spec"])
    } else {
        ("spec.template", &new["spec"]["template"])
    };
    findings.invalid(field, found.clone(), "field is immutable");
}

/// Whether the Job is suspended and has no Pods: then a queue may still say where and with what they will run.
fn is_at_rest(job: &Value) -> bool {
    let status = JobStatus::from_value(&job["status"]);
    let stopped = status.start_time.is_none() || status.is_true("Suspended");
    job["spec"]["suspend"] == true && stopped && status.active == 0
}

/// Gives the parts that may change their old values again; what differs then is refused.
fn undo_allowed(before: &Value, after: &mut Value) {
    for field in ["labels", "annotations"] {
        restore(before, after, &["metadata", field]);
    }
    for field in SCHEDULING {
        restore(before, after, &["spec", field]);
    }
    restore(before, after, &["spec", "affinity", "nodeAffinity"]);
    for kind in ["containers", "initContainers"] {
        let old = list(before, &format!("/spec/{kind}"));
        let new = after.pointer_mut(&format!("/spec/{kind}"));
        let new = new.and_then(Value::as_array_mut).into_iter().flatten();
        for (old, new) in old.iter().zip(new) {
            if old["name"] == new["name"] {
                restore(old, new, &["resources"]);
            }
        }
    }
}

/// Sets what is at a path to what it was, absent included.
fn restore(before: &Value, after: &mut Value, path: &[&str]) {
    let Some((last, parents)) = path.split_last() else {
        return;
    };
    let mut old = before;
    let mut new = after;
    for parent in parents {
        old = &old[*parent];
        let Some(map) = new.as_object_mut() else {
            return;
        };
        let slot = map.entry((*parent).to_owned()).or_insert(Value::Null);
        if slot.is_null() {
            *slot = Map::new().into();
        }
        new = slot;
    }
    if let Some(map) = new.as_object_mut() {
        map.insert((*last).to_owned(), old[*last].clone());
    }
}

/// A value without its unset and empty parts, which mean the same as absent ones.
fn bare(value: &Value) -> Value {
    let keep = |value: &Value| match value {
        Value::Null => false,
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    };
    match value {
        Value::Object(map) => {
            let parts = map.iter().map(|(key, value)| (key.clone(), bare(value)));
            Value::Object(parts.filter(|(_, value)| keep(value)).collect())
        }
        Value::Array(list) => list.iter().map(bare).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(old: &Value, new: &Value) -> Vec<String> {
        let findings = validate_changes(old, new);
        findings.into_iter().map(|finding| finding.field).collect()
    }

    #[test]
    fn a_job_at_rest_may_change_where_it_runs_and_nothing_else() {
        let job = |suspend: bool, active: i32, spec: &Value| {
            json!({
                "spec": {"suspend": suspend, "template": {"spec": spec}},
                "status": {"active": active},
            })
        };
        let plain = json!({"containers": [{"name": "a", "image": "x"}]});
        let placed = json!({"containers": [{"name": "a", "image": "x", "resources": {"limits": {"cpu": "1"}}}], "nodeSelector": {"k": "v"}, "affinity": {"nodeAffinity": {"x": 1}}});
        let apart = json!({"containers": [{"name": "a", "image": "x"}], "affinity": {"podAffinity": {"x": 1}}});
        let renamed = json!({"containers": [{"name": "b", "image": "x", "resources": {"limits": {"cpu": "1"}}}]});
        for (suspend, active, spec, refused) in [
            (true, 0, &placed, vec![]),
            (true, 1, &placed, vec!["spec.template"]),
            (false, 0, &placed, vec!["spec.template"]),
            (true, 0, &apart, vec!["spec.template.spec"]),
            (true, 0, &renamed, vec!["spec.template.spec"]),
            (true, 0, &plain, vec![]),
        ] {
            let (old, new) = (job(suspend, active, &plain), job(false, 0, spec));
            assert_eq!(fields(&old, &new), refused, "{suspend} {active} {spec}");
            let back = fields(&job(true, 0, spec), &job(true, 0, &plain));
            assert_eq!(back.is_empty(), refused != ["spec.template.spec"], "{spec}");
        }
    }

    #[test]
    fn completions_follow_parallelism_or_stay() {
        let job = |mode: &str, completions: &Value, parallelism: i32| json!({"spec": {"completionMode": mode, "completions": completions, "parallelism": parallelism}});
        for (mode, completions, parallelism, refused) in [
            ("NonIndexed", json!(2), 9, false),
            ("NonIndexed", json!(3), 3, true),
            ("Indexed", json!(3), 3, false),
            ("Indexed", json!(3), 2, true),
            ("Indexed", json!(null), 2, true),
        ] {
            let found = fields(
                &job(mode, &json!(2), 2),
                &job(mode, &completions, parallelism),
            );
            assert_eq!(
                !found.is_empty(),
                refused,
                "{mode} {completions} {parallelism}"
            );
        }
    }

    #[test]
    fn unset_and_empty_policies_are_different() {
        let with = json!({"spec": {"podFailurePolicy": {"rules": []}}});
        assert_eq!(
            fields(&with, &json!({"spec": {}})),
            ["spec.podFailurePolicy"]
        );
        let null = json!({"spec": {"podFailurePolicy": null}});
        assert_eq!(fields(&null, &json!({"spec": {}})), [""; 0]);
    }
}
