//! Condition `Suspended`: set while a Job is suspended, turned when it goes on
//! (`pkg/controller/job/job_controller.go`, `ensureJobConditionStatus`).

use jiff::Timestamp;

use super::{Condition, JobEvent, JobStatus};

/// Records that the Job is suspended, or goes on; what changes is an event too.
///
/// A suspended Job has no start time, and a resumed one starts now: its deadline is whole again, and servers that allow a
/// start time to be set but not to be changed accept the write.
pub(super) fn note(status: &mut JobStatus, suspend: bool, now: Timestamp) -> Option<JobEvent> {
    let (wanted, reason, message, event) = if suspend {
        ("True", "JobSuspended", "Job suspended", "Suspended")
    } else {
        ("False", "JobResumed", "Job resumed", "Resumed")
    };
    let known = status.conditions.iter().find(|c| c.kind == "Suspended");
    let unchanged = match known {
        Some(known) => known.status == wanted && known.reason == reason && known.message == message,
        // A Job that never was suspended does not get a condition that says so.
        None => !suspend,
    };
    if unchanged {
        return None;
    }
    status.start_time = (!suspend).then_some(now);
    status.set_condition(Condition::at("Suspended", wanted, reason, message, now));
    Some(JobEvent::normal(event, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn the_condition_changes_only_when_it_says_something_else() {
        let known = |status, reason, message| {
            Some(Condition::at("Suspended", status, reason, message, at(1)))
        };
        for (known, suspend, event) in [
            (None, true, Some("Suspended")),
            (None, false, None),
            (known("True", "JobSuspended", "Job suspended"), true, None),
            (
                known("True", "ByHand", "Job suspended"),
                true,
                Some("Suspended"),
            ),
            (
                known("True", "JobSuspended", "by hand"),
                true,
                Some("Suspended"),
            ),
            (
                known("True", "JobSuspended", "Job suspended"),
                false,
                Some("Resumed"),
            ),
            (known("False", "JobResumed", "Job resumed"), false, None),
            (known("Unknown", "", ""), false, Some("Resumed")),
        ] {
            let mut status = JobStatus {
                start_time: Some(at(1)),
                conditions: known.clone().into_iter().collect(),
                ..JobStatus::default()
            };
            let found = note(&mut status, suspend, at(9)).map(|event| event.reason);
            assert_eq!(found.as_deref(), event, "{known:?} {suspend}");
            let start = match event {
                None => Some(at(1)),
                Some(_) => (!suspend).then_some(at(9)),
            };
            assert_eq!(status.start_time, start, "{known:?} {suspend}");
        }
    }
}
