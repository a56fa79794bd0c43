//! The defaults of a `CronJob` (`pkg/apis/batch/v1/defaults.go`).

use serde_json::{Value, json};

use crate::job::admission::default_patterns;

/// Fills in the defaults; those of the Job in it come into play when that is created.
pub fn default_cron_job(cron_job: &mut Value) {
    for (field, value) in [
        ("concurrencyPolicy", json!("Allow")),
        ("suspend", json!(false)),
        ("successfulJobsHistoryLimit", json!(3)),
        ("failedJobsHistoryLimit", json!(1)),
    ] {
        if cron_job["spec"].get(field).is_none_or(Value::is_null) {
            cron_job["spec"][field] = value;
        }
    }
    if let Some(spec) = cron_job.pointer_mut("/spec/jobTemplate/spec") {
        default_patterns(spec);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_job_template_is_left_without_defaults_of_a_job() {
        let mut cron_job = json!({"spec": {"suspend": true, "jobTemplate": {"spec": {}}}});
        default_cron_job(&mut cron_job);
        assert_eq!(
            cron_job["spec"],
            json!({
                "suspend": true, "jobTemplate": {"spec": {}}, "concurrencyPolicy": "Allow",
                "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
            })
        );
    }
}
