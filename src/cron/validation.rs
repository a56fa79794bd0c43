//! What the API server refuses in a `CronJob` (`pkg/apis/batch/validation/validation.go`, `ValidateCronJobCreate`).

use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Schedule, zone};
use crate::job::kube_value::{is_set, text};
use crate::job::validation::{FieldError, Findings, names, validate_spec};

/// A Job's name has 11 characters more than its `CronJob`'s, and is a label's value.
const NAME_MAX: usize = names::LABEL_MAX - 11;
/// The longest part of a time zone's name.
const ZONE_PART_MAX: usize = 14;

/// What is refused in a `CronJob` that is about to be created, or, with `old`, changed; defaults are filled in already.
pub fn validate(cron_job: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut findings = Findings::default();
    name(cron_job, old.is_some(), &mut findings);
    schedule(cron_job, old, &mut findings);
    for field in [
        "startingDeadlineSeconds",
        "successfulJobsHistoryLimit",
        "failedJobsHistoryLimit",
    ] {
        let value = cron_job["spec"][field].as_i64();
        findings.not_negative(format!("spec.{field}"), value);
    }
    let zone = text(cron_job, "/spec/timeZone");
    let before = old.and_then(|old| text(old, "/spec/timeZone"));
    if let Some(zone) = zone.filter(|zone| old.is_none() || before != Some(*zone)) {
        time_zone(zone, &mut findings);
    }
    concurrency(cron_job, &mut findings);
    job_template(cron_job, &mut findings);
    findings.into()
}

fn name(cron_job: &Value, exists: bool, findings: &mut Findings) {
    let name = text(cron_job, "/metadata/name").unwrap_or_default();
    let field = "metadata.name";
    if name.is_empty() {
        findings.required(field, "name or generateName is required");
    } else if let Some(problem) = names::not_a_subdomain(name) {
        findings.invalid(field, name, problem);
    }
    if !exists && name.len() > NAME_MAX {
        findings.invalid(field, name, "must be no more than 52 characters");
    }
}

fn schedule(cron_job: &Value, old: Option<&Value>, findings: &mut Findings) {
    let schedule = text(cron_job, "/spec/schedule").unwrap_or_default();
    let field = "spec.schedule";
    if schedule.is_empty() {
        findings.required(field, "");
        return;
    }
    if let Err(problem) = Schedule::parse(schedule, TimeZone::UTC) {
        findings.invalid(field, schedule, problem.to_string());
    }
    if !schedule.contains("TZ") {
        return;
    }
    let before = old.and_then(|old| text(old, "/spec/schedule"));
    if !before.is_some_and(|before| before.contains("TZ")) {
        let detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        findings.invalid(field, schedule, detail);
    } else if is_set(cron_job, "/spec/timeZone") {
        let detail = "cannot use both timeZone field and TZ or CRON_TZ in schedule";
        findings.invalid(field, schedule, detail);
    }
}

fn time_zone(name: &str, findings: &mut Findings) {
    let field = "spec.timeZone";
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_+".contains(&byte);
    let is_part = |part: &str| {
        (1..=ZONE_PART_MAX).contains(&part.len())
            && part.bytes().all(allowed)
            && !matches!(part, "." | "..")
            && !part.starts_with('-')
    };
    if name.is_empty() {
        let detail = "timeZone must be nil or non-empty string";
        findings.invalid(field, name, detail);
    } else if !name.split('/').all(is_part) {
        findings.invalid(field, name, format!("unknown time zone {name}"));
    } else if name.eq_ignore_ascii_case("Local") {
        let detail =
            "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        findings.invalid(field, name, detail);
    } else if zone::load(name).is_none() {
        findings.invalid(field, name, format!("unknown time zone {name}"));
    }
}

fn concurrency(cron_job: &Value, findings: &mut Findings) {
    let field = "spec.concurrencyPolicy";
    match text(cron_job, "/spec/concurrencyPolicy").unwrap_or_default() {
        "" => findings.required(field, ""),
        "Allow" | "Forbid" | "Replace" => {}
        other => findings.not_supported(field, other, &["Allow", "Forbid", "Replace"]),
    }
}

/// The rules of a Job's spec, but for its selector: that is generated for each Job.
fn job_template(cron_job: &Value, findings: &mut Findings) {
    let spec = &cron_job["spec"]["jobTemplate"]["spec"];
    let path = "spec.jobTemplate.spec";
    validate_spec(spec, path, findings);
    if is_set(spec, "/selector") {
        let field = format!("{path}.selector");
        let value = spec["selector"].clone();
        findings.invalid(field, value, "`selector` will be auto-generated");
    }
    if spec["manualSelector"] == true {
        let field = format!("{path}.manualSelector");
        findings.not_supported(field, "true", &["nil", "false"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(cron_job: &Value, old: Option<&Value>) -> Vec<String> {
        let findings = validate(cron_job, old);
        findings.into_iter().map(|finding| finding.field).collect()
    }

    fn cron_job(spec: &Value) -> Value {
        let mut cron_job = json!({"metadata": {"name": "c"}, "spec": {
            "schedule": "@daily", "concurrencyPolicy": "Allow",
            "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a"}]}}}},
        }});
        for (key, value) in spec.as_object().expect("an object") {
            cron_job["spec"][key] = value.clone();
        }
        cron_job
    }

    #[test]
    fn zones_and_policies_are_of_those_that_exist() {
        for (spec, refused) in [
            (json!({}), vec![]),
            (json!({"timeZone": "Europe/Rome"}), vec![]),
            (json!({"timeZone": ""}), vec!["spec.timeZone"]),
            (json!({"timeZone": "loCal"}), vec!["spec.timeZone"]),
            (json!({"timeZone": "../Rome"}), vec!["spec.timeZone"]),
            (json!({"timeZone": "Europe/Nowhere"}), vec!["spec.timeZone"]),
            (
                json!({"concurrencyPolicy": "Sometimes"}),
                vec!["spec.concurrencyPolicy"],
            ),
            (
                json!({"concurrencyPolicy": null}),
                vec!["spec.concurrencyPolicy"],
            ),
            (
                json!({"failedJobsHistoryLimit": -1}),
                vec!["spec.failedJobsHistoryLimit"],
            ),
        ] {
            assert_eq!(fields(&cron_job(&spec), None), refused, "{spec}");
        }
    }

    #[test]
    fn what_was_there_before_may_stay() {
        let zone = cron_job(&json!({"timeZone": "Old/Zone"}));
        assert_eq!(fields(&zone, Some(&zone)), [""; 0]);
        assert_eq!(
            fields(&zone, Some(&cron_job(&json!({})))),
            ["spec.timeZone"]
        );
        let inside = cron_job(&json!({"schedule": "TZ=UTC 0 * * * *"}));
        assert_eq!(fields(&inside, Some(&inside)), [""; 0]);
        let both = cron_job(&json!({"schedule": "TZ=UTC 0 * * * *", "timeZone": "UTC"}));
        assert_eq!(fields(&both, Some(&inside)), ["spec.schedule"]);
    }
}
