//! What the API server refuses in a Job that is created or changed (`pkg/apis/batch/validation/validation.go`).

mod failure_policy;
mod finding;
pub mod names;
mod selector;
mod spec;
mod success_policy;
mod template;
mod update;

use serde_json::Value;

pub use finding::{FieldError, FieldErrorType, Findings};
pub use spec::validate_spec;
pub use update::validate_changes;

use super::kube_value::{number, text};

/// What is refused in a Job that is about to be created, with defaults, labels and selector filled in already.
/// All findings come together; none means that it is accepted.
pub fn validate_create(job: &Value) -> Vec<FieldError> {
    validate(job, true)
}

/// What is refused in a change of `old` to `new`: all that is refused at creation, and changes of what has to stay.
pub fn validate_update(old: &Value, new: &Value) -> Vec<FieldError> {
    let mut findings = validate(new, selector::has_prefixed_labels(old));
    for finding in validate_changes(old, new) {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings
}

fn validate(job: &Value, prefixed_labels: bool) -> Vec<FieldError> {
    let mut findings = Findings::default();
    name(job, &mut findings);
    selector::generated(job, prefixed_labels, &mut findings);
    validate_spec(&job["spec"], "spec", &mut findings);
    selector::matches_template(job, &mut findings);
    findings.into()
}

fn name(job: &Value, findings: &mut Findings) {
    let name = text(job, "/metadata/name").unwrap_or_default();
    if name.is_empty() {
        findings.required("metadata.name", "name or generateName is required");
        return;
    }
    if let Some(problem) = names::not_a_subdomain(name) {
        findings.invalid("metadata.name", name, problem);
    }
    let indexed = text(job, "/spec/completionMode") == Some("Indexed");
    let completions = number(job, "/spec/completions").filter(|count| indexed && *count > 0);
    if let Some(completions) = completions {
        // The highest index makes the longest hostname.
        let hostname = format!("{name}-{}", completions - 1);
        if names::not_a_label(&hostname).is_some() {
            let problem = format!("will not able to create pod with invalid DNS label: {hostname}");
            findings.invalid("metadata.name", name, problem);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::admission::{default_job, generate_labels_and_selector};
    use super::*;
    use serde_json::json;

    fn job() -> Value {
        let mut job = json!({
            "metadata": {"name": "pi", "uid": "u"},
            "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main"}]}}},
        });
        default_job(&mut job);
        generate_labels_and_selector(&mut job);
        job
    }

    #[test]
    fn a_plain_job_is_accepted_and_may_stay_as_it_is() {
        assert_eq!(validate_create(&job()), []);
        assert_eq!(validate_update(&job(), &job()), []);
    }

    #[test]
    fn an_old_job_may_lack_the_prefixed_labels_and_a_new_one_may_not() {
        let mut old = job();
        let labels = json!({"controller-uid": "u", "job-name": "pi"});
        old["spec"]["template"]["metadata"]["labels"] = labels;
        old["spec"]["selector"] = json!({"matchLabels": {"controller-uid": "u"}});
        assert_eq!(validate_update(&old, &old), []);
        let fields: Vec<_> = validate_create(&old).into_iter().map(|f| f.field).collect();
        assert_eq!(
            fields,
            [
                "spec.template.metadata.labels[batch.kubernetes.io/controller-uid]",
                "spec.template.metadata.labels[batch.kubernetes.io/job-name]",
            ]
        );
    }

    #[test]
    fn what_is_wrong_in_itself_is_refused_in_a_change_too() {
        let mut new = job();
        new["spec"]["parallelism"] = json!(-1);
        let messages: Vec<_> = validate_update(&job(), &new)
            .into_iter()
            .map(|finding| format!("{}: {}", finding.field, finding.message))
            .collect();
        assert_eq!(
            messages,
            ["spec.parallelism: Invalid value: -1: must be greater than or equal to 0"]
        );
    }
}
