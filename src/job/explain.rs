//! The arithmetic of one Job as it stands now, in words: what it needs, what holds it back, what comes next.
//!
//! Read-only, and for every Job, whoever manages it: the rules are those that its controller goes by.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::census::Counts;
use super::{BackoffRecord, Gate, Job, Memory, Phase, Plan, Pod, Scale, reconcile};

/// Explains a Job, given the Pods that it controls; one line a step.
pub fn explain(job: &Job, pods: &[Arc<Pod>], now: Timestamp) -> Vec<String> {
    let backoff = recalled(job, pods);
    let memory = Memory {
        backoff: Some(backoff),
        ..Memory::default()
    };
    let plan = reconcile(job, pods, &memory, now);
    let mut lines = vec![format!(
        "job {}/{}: managed by {}",
        job.namespace,
        job.name,
        manager(job)
    )];
    if plan.gate == Gate::Finished {
        lines.push(end(job));
        return lines;
    }
    let counts = plan.census.counts;
    let Counts {
        active,
        ready,
        terminating,
        succeeded,
        failed,
    } = counts;
    lines.push(format!("active {active} (ready {ready}), terminating {terminating}, succeeded {succeeded}, failed {failed}"));
    lines.push(limits(job, failed));
    lines.extend(deadline(job, now));
    lines.extend(need(job, counts));
    lines.extend(wait(&plan, now));
    lines.push(next(&plan));
    lines
}

fn manager(job: &Job) -> &str {
    if job.is_managed_by_cluster() {
        return "the cluster's own Job controller";
    }
    job.managed_by.as_deref().unwrap_or_default()
}

fn end(job: &Job) -> String {
    let ends = ["Complete", "Failed"]
        .into_iter()
        .find_map(|kind| job.status.true_condition(kind));
    ends.map_or_else(String::new, |end| {
        let since = end
            .since
            .map_or_else(String::new, |since| format!(" since {since}"));
        format!(
            "{}{since}: {}: nothing is wanted any more",
            end.kind, end.reason
        )
    })
}

fn limits(job: &Job, failed: i32) -> String {
    let left = i64::from(job.spec.backoff_limit) - i64::from(failed);
    match left {
        0.. => format!(
            "failed {failed} of backoffLimit {}: {} more would fail the Job",
            job.spec.backoff_limit,
            left + 1
        ),
        _ => format!(
            "failed {failed}, more than backoffLimit {}",
            job.spec.backoff_limit
        ),
    }
}

fn deadline(job: &Job, now: Timestamp) -> Option<String> {
    let seconds = job
        .spec
        .active_deadline_seconds
        .filter(|_| !job.spec.suspend)?;
    let end = job
        .status
        .start_time?
        .checked_add(SignedDuration::from_secs(seconds))
        .ok()?;
    let left = end.duration_since(now).as_secs().max(0);
    Some(format!(
        "activeDeadlineSeconds {seconds}: until {end}, {left}s left"
    ))
}

/// need = completions - active - succeeded, and what parallelism leaves of it.
fn need(job: &Job, counts: Counts) -> Vec<String> {
    let Counts {
        active,
        succeeded,
        terminating,
        ..
    } = counts;
    let parallelism = job.spec.parallelism;
    if job.spec.suspend {
        return vec![format!("suspended: want 0 active Pods, {active} are there")];
    }
    let mut lines = Vec::new();
    let room = i64::from(parallelism) - i64::from(active);
    let need = match job.spec.completions {
        Some(completions) => {
            let need = i64::from(completions) - i64::from(active) - i64::from(succeeded);
            lines.push(format!("need = completions - active - succeeded = {completions} - {active} - {succeeded} = {need}"));
            need.min(room)
        }
        None if succeeded > 0 => {
            lines.push(
                "a Pod of the work queue has succeeded: no new Pods, the others run to their end"
                    .into(),
            );
            return lines;
        }
        None => {
            lines.push("completions is not set: a work queue, as many Pods as parallelism until one succeeds".into());
            room
        }
    };
    lines.push(format!(
        "capped by parallelism - active = {parallelism} - {active} = {room}: {need}"
    ));
    if job.spec.only_replace_failed && terminating > 0 {
        lines.push(format!(
            "podReplacementPolicy Failed: {terminating} terminating Pods are waited for first: {}",
            need - i64::from(terminating)
        ));
    }
    lines
}

/// What holds creation back: the global back-off, or those of the indexes.
fn wait(plan: &Plan, now: Timestamp) -> Option<String> {
    let per_index = plan.job.spec.backoff_limit_per_index.is_some();
    let record = plan.census.backoff;
    let left = if per_index {
        plan.wake_after?
    } else {
        record.remaining(now)
    };
    if left <= SignedDuration::ZERO || plan.decision.is_some() || plan.job.spec.suspend {
        return None;
    }
    let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
    let until = Timestamp::from_second(now.as_second() + seconds).ok()?;
    let cause = if per_index {
        "each index waits for its own failures".to_owned()
    } else {
        format!("{} failures since the last success", record.failures)
    };
    Some(format!("back-off until {until} ({seconds}s): {cause}"))
}

fn next(plan: &Plan) -> String {
    if let Some(decision) = &plan.decision {
        let end = if decision.success {
            "Complete"
        } else {
            "Failed"
        };
        return format!(
            "next: the Job ends as {end}: {}: {}",
            decision.reason, decision.message
        );
    }
    match &plan.scale {
        Scale::Create(pods) => format!("next: create {}", pods.len()),
        Scale::Delete { pods, .. } => format!("next: delete {}", pods.len()),
        Scale::None if plan.job.deleting => "next: nothing, the Job is being deleted".into(),
        Scale::None if plan.census.counts.active > 0 => "next: wait for the active Pods".into(),
        Scale::None => "next: nothing for now".into(),
    }
}

/// The back-off as it can be told from outside: from the Pods that are still there and were counted already.
fn recalled(job: &Job, pods: &[Arc<Pod>]) -> BackoffRecord {
    let counted = |pod: &&Arc<Pod>| {
        pod.controller_uid.as_deref() == Some(job.uid.as_str())
            && pod.tracking_finalizer_at.is_none()
    };
    let (succeeded, failed): (Vec<&Pod>, Vec<&Pod>) = pods
        .iter()
        .filter(counted)
        .map(AsRef::as_ref)
        .filter(|pod| pod.phase == Phase::Succeeded || pod.has_failed(job.spec.only_replace_failed))
        .partition(|pod| pod.phase == Phase::Succeeded);
    BackoffRecord::default().after(&succeeded, &failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn job(spec: &Value, status: &Value) -> Job {
        let mut object = json!({
            "metadata": {"name": "pi", "namespace": "default", "uid": "j"},
            "spec": {"template": {"spec": {"restartPolicy": "Never"}}},
            "status": status,
        });
        json_patch::merge(&mut object["spec"], spec);
        Job::from_value(&object).expect("a Job")
    }

    fn pod(name: &str, phase: &str, ended: Option<i64>) -> Arc<Pod> {
        let state = ended.map_or(
            json!({"running": {}}),
            |second| json!({"terminated": {"exitCode": 1, "finishedAt": at(second).to_string()}}),
        );
        let object = json!({
            "metadata": {"name": name, "uid": name, "ownerReferences": [{"uid": "j", "controller": true}]},
            "status": {"phase": phase, "containerStatuses": [{"name": "c", "state": state}]},
        });
        Arc::new(Pod::from_value(&object).expect("a Pod"))
    }

    #[test]
    fn the_need_is_what_is_missing_capped_by_parallelism() {
        let job = job(
            &json!({"completions": 4, "parallelism": 2}),
            &json!({"succeeded": 1}),
        );
        let lines = explain(&job, &[pod("a", "Running", None)], at(1000));
        insta::assert_snapshot!(lines.join("\n"), @r"
        job default/pi: managed by the cluster's own Job controller
        active 1 (ready 0), terminating 0, succeeded 1, failed 0
        failed 0 of backoffLimit 6: 7 more would fail the Job
        need = completions - active - succeeded = 4 - 1 - 1 = 2
        capped by parallelism - active = 2 - 1 = 1: 1
        next: create 1
        ");
    }

    #[test]
    fn a_failure_that_was_counted_still_holds_the_next_pod_back() {
        let job = job(
            &json!({"managedBy": "kubectl-batch/reconciler", "activeDeadlineSeconds": 100}),
            &json!({"failed": 2, "startTime": "1970-01-01T00:15:00Z"}),
        );
        let pods = [pod("a", "Failed", Some(980)), pod("b", "Failed", Some(990))];
        insta::assert_snapshot!(explain(&job, &pods, at(995)).join("\n"), @r"
        job default/pi: managed by kubectl-batch/reconciler
        active 0 (ready 0), terminating 0, succeeded 0, failed 2
        failed 2 of backoffLimit 6: 5 more would fail the Job
        activeDeadlineSeconds 100: until 1970-01-01T00:16:40Z, 5s left
        need = completions - active - succeeded = 1 - 0 - 0 = 1
        capped by parallelism - active = 1 - 0 = 1: 1
        back-off until 1970-01-01T00:16:50Z (15s): 2 failures since the last success
        next: nothing for now
        ");
    }

    #[test]
    fn what_ends_a_job_is_said_before_it_ends_and_after() {
        let over = job(&json!({"backoffLimit": 0}), &json!({"failed": 1}));
        let last = |job: &Job| explain(job, &[], at(1000)).pop().unwrap_or_default();
        assert_eq!(
            last(&over),
            "next: the Job ends as Failed: BackoffLimitExceeded: Job has reached the specified backoff limit"
        );
        let condition = json!({"type": "Complete", "status": "True", "reason": "CompletionsReached", "lastTransitionTime": at(900).to_string()});
        let done = job(&json!({}), &json!({"conditions": [condition]}));
        assert_eq!(
            last(&done),
            "Complete since 1970-01-01T00:15:00Z: CompletionsReached: nothing is wanted any more"
        );
    }

    #[test]
    fn suspension_and_work_queues_have_rules_of_their_own() {
        for (spec, status, line) in [
            (
                json!({"suspend": true}),
                json!({}),
                "suspended: want 0 active Pods, 1 are there",
            ),
            (
                json!({"parallelism": 3}),
                json!({}),
                "completions is not set: a work queue, as many Pods as parallelism until one succeeds",
            ),
            (
                json!({"parallelism": 3}),
                json!({"succeeded": 1}),
                "a Pod of the work queue has succeeded: no new Pods, the others run to their end",
            ),
        ] {
            let lines = explain(&job(&spec, &status), &[pod("a", "Running", None)], at(1000));
            assert!(lines.iter().any(|found| found == line), "{lines:?}");
        }
    }
}
