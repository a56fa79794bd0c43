//! Which finished Jobs are too many (`pkg/controller/cronjob/cronjob_controllerv2.go`, `cleanupFinishedJobs`).

use super::{Child, CronJob, Ending};

/// The Jobs to delete first in a pass, with propagation `Background`: of each kind of end the oldest beyond its limit.
///
/// This goes on while the `CronJob` is suspended, is being deleted, or has a schedule that cannot be read.
pub fn history<'a>(cron_job: &CronJob, children: &'a [Child]) -> Vec<&'a Child> {
    [
        (Ending::Complete, cron_job.successful_limit),
        (Ending::Failed, cron_job.failed_limit),
    ]
    .into_iter()
    .filter_map(|(ending, limit)| Some(oldest(children, ending, limit?)))
    .flatten()
    .collect()
}

fn oldest(children: &[Child], ending: Ending, limit: i32) -> Vec<&Child> {
    let ended = children.iter().filter(|child| child.ending == Some(ending));
    let mut ended: Vec<_> = ended.collect();
    // Those that never started go last.
    ended.sort_by_key(|child| (child.started.is_none(), child.started, &child.name));
    ended.truncate(ended.len().saturating_sub(limit.max(0) as usize));
    ended
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_oldest_beyond_the_limit_of_their_kind_go() {
        let child = |name: &str, ending, minute: Option<i64>| Child {
            name: name.into(),
            uid: name.into(),
            ending,
            started: minute.map(|m| jiff::Timestamp::from_second(m * 60).expect("in range")),
            completed: None,
        };
        let (complete, failed) = (Some(Ending::Complete), Some(Ending::Failed));
        let children = [
            child("new", complete, Some(9)),
            child("old-b", complete, Some(1)),
            child("old-a", complete, Some(1)),
            child("unstarted", complete, None),
            child("bad", failed, Some(5)),
            child("runs", None, Some(0)),
        ];
        for (successful, failed, gone) in [
            (json!(9), json!(9), vec![]),
            (json!(3), json!(1), vec!["old-a"]),
            (json!(1), json!(0), vec!["old-a", "old-b", "new", "bad"]),
            (json!(null), json!(0), vec!["bad"]),
        ] {
            let cron_job = CronJob::from_value(&json!({
                "metadata": {"name": "c", "uid": "u", "creationTimestamp": "2026-01-15T12:00:00Z"},
                "spec": {"schedule": "@daily", "successfulJobsHistoryLimit": successful, "failedJobsHistoryLimit": failed},
            }))
            .expect("a CronJob");
            let found: Vec<_> = history(&cron_job, &children)
                .iter()
                .map(|c| c.name.as_str())
                .collect();
            assert_eq!(found, gone, "{successful} {failed}");
        }
    }
}
