//! Whether a Job that was to be handed to this tool's reconciler really was: two controllers must never work on one Job.

use serde_json::Value;

use crate::job::RECONCILER_NAME;

/// Reads `spec.managedBy` back from the server's answer to a create; gives the reason and the way out if it was dropped.
pub fn was_kept(created: &Value) -> Result<(), String> {
    let kept = created.pointer("/spec/managedBy").and_then(Value::as_str);
    if kept == Some(RECONCILER_NAME) {
        return Ok(());
    }
    let name = created
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    Err(format!(
        "the server dropped spec.managedBy of job `{name}`: it is older than Kubernetes 1.32, or has the feature JobManagedBy off, \
         so its own controller runs the Job\nhint: leave --reconcile out and let the cluster run the Jobs"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_our_own_name_read_back_means_that_the_job_is_ours() {
        for (spec, kept) in [
            (json!({"managedBy": "kubectl-batch/reconciler"}), true),
            (json!({"managedBy": "example.com/other"}), false),
            (json!({}), false),
        ] {
            let created = json!({"metadata": {"name": "pi"}, "spec": spec});
            assert_eq!(was_kept(&created).is_ok(), kept, "{created}");
        }
    }
}
