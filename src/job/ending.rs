//! Whether the Job ends, by tests in a fixed order of which the first hit decides
//! (`pkg/controller/job/job_controller.go`, `syncJob`).

use jiff::{SignedDuration, Timestamp};

use super::census::{Census, Counts, Indexes};
use super::{Job, JobSpec, Phase, RestartPolicy};

/// How the Job ends: the interim condition that goes before `Complete` or `Failed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it ends as `Complete`.
    pub success: bool,
    /// The reason of both conditions.
    pub reason: String,
    /// The message of both conditions.
    pub message: String,
}

impl Decision {
    /// The type of the interim condition.
    pub(super) fn interim(&self) -> &'static str {
        if self.success {
            "SuccessCriteriaMet"
        } else {
            "FailureTarget"
        }
    }

    /// The type of the final condition.
    pub(super) fn last(&self) -> &'static str {
        if self.success { "Complete" } else { "Failed" }
    }

    fn failure(reason: &str, message: impl Into<String>) -> Self {
        Self {
            success: false,
            reason: reason.into(),
            message: message.into(),
        }
    }
}

/// The first eight tests: everything but completion. The second value is what is left until the deadline, if that matters.
///
/// What was decided before stays decided; a failure beats a success that the same pass sees.
pub(super) fn ending(
    job: &Job,
    census: &Census,
    now: Timestamp,
) -> (Option<Decision>, Option<SignedDuration>) {
    if let Some(earlier) = decided_before(job) {
        return (Some(earlier), None);
    }
    if let Some(failure) = failed_by_policy(job, census).or_else(|| past_backoff_limit(job, census))
    {
        return (Some(failure), None);
    }
    let left = until_deadline(job, now);
    if left.is_some_and(|left| left <= SignedDuration::ZERO) {
        let message = "Job was active longer than specified deadline";
        let failure = Decision::failure("DeadlineExceeded", message);
        return (Some(failure), None);
    }
    let by_index = census.indexes.as_ref().and_then(|indexes| {
        failed_by_index(&job.spec, indexes).or_else(|| succeeded_by_policy(&job.spec, indexes))
    });
    (by_index, left)
}

/// The ninth test, after scaling: enough Pods succeeded and none is left.
pub(super) fn completed(spec: &JobSpec, counts: Counts) -> Option<Decision> {
    let enough = match spec.completions {
        Some(wanted) => counts.succeeded >= wanted,
        None => counts.succeeded > 0,
    };
    (enough && counts.active == 0).then(|| Decision {
        success: true,
        reason: "CompletionsReached".into(),
        message: "Reached expected number of succeeded pods".into(),
    })
}

fn decided_before(job: &Job) -> Option<Decision> {
    let earlier = |kind: &str, success| {
        let condition = job.status.true_condition(kind)?;
        Some(Decision {
            success,
            reason: condition.reason.clone(),
            message: condition.message.clone(),
        })
    };
    earlier("SuccessCriteriaMet", true).or_else(|| earlier("FailureTarget", false))
}

fn failed_by_policy(job: &Job, census: &Census) -> Option<Decision> {
    let policy = job.spec.pod_failure_policy.as_ref()?;
    let mut failed = census.pods.iter().filter(|seen| seen.failed);
    let message = failed.find_map(|seen| policy.job_failure(&seen.pod))?;
    Some(Decision::failure("PodFailurePolicy", message))
}

/// With `OnFailure` the restarts of Pods that are still there count too, and the limit itself is too many.
fn past_backoff_limit(job: &Job, census: &Census) -> Option<Decision> {
    let limit = job.spec.backoff_limit;
    let restarts = || {
        let pods = census.pods.iter().map(|seen| &seen.pod);
        pods.filter(|pod| matches!(pod.phase, Phase::Running | Phase::Pending))
            .map(|pod| pod.restarts)
            .fold(0, i32::saturating_add)
    };
    let exceeded = census.counts.failed > limit
        || (job.spec.restart_policy == RestartPolicy::OnFailure && restarts() >= limit.max(1));
    let message = "Job has reached the specified backoff limit";
    exceeded.then(|| Decision::failure("BackoffLimitExceeded", message))
}

/// What is left of `activeDeadlineSeconds`; a Job that is being resumed has all of it again.
fn until_deadline(job: &Job, now: Timestamp) -> Option<SignedDuration> {
    if job.spec.suspend {
        return None;
    }
    let deadline = SignedDuration::from_secs(job.spec.active_deadline_seconds?);
    let start = if job.status.is_true("Suspended") {
        now
    } else {
        job.status.start_time?
    };
    Some(deadline.saturating_sub(now.duration_since(start)))
}

fn failed_by_index(spec: &JobSpec, indexes: &Indexes) -> Option<Decision> {
    let failed = indexes.failed.as_ref()?.len();
    if spec
        .max_failed_indexes
        .is_some_and(|most| failed as i64 > i64::from(most))
    {
        let message = "Job has exceeded the specified maximal number of failed indexes";
        return Some(Decision::failure("MaxFailedIndexesExceeded", message));
    }
    let settled = (failed + indexes.succeeded.len()) as i64;
    (failed > 0 && settled >= i64::from(indexes.completions))
        .then(|| Decision::failure("FailedIndexes", "Job has failed indexes"))
}

fn succeeded_by_policy(spec: &JobSpec, indexes: &Indexes) -> Option<Decision> {
    let policy = spec.success_policy.as_ref()?;
    let rule = policy.met(&indexes.succeeded, indexes.completions)?;
    Some(Decision {
        success: true,
        reason: "SuccessPolicy".into(),
        message: format!("Matched rules at index {rule}"),
    })
}
