//! What is said of members that do not start, and of what keeps a group from being quicker.

use jiff::{SignedDuration, Timestamp};

use super::{counted, human, show};
use crate::group::{Group, Limit};

/// Why the members that have not started for longer than a limit are given up; nothing if there are none.
pub fn overdue_line(group: &Group, now: Timestamp, limit: SignedDuration) -> Option<String> {
    let mut overdue = group.overdue(now, limit);
    let first = overdue.next()?;
    let count = 1 + overdue.count();
    let have = if count == 1 { "has" } else { "have" };
    Some(format!(
        "--pending-timeout: {} {have} not started for {}: {} ({})",
        counted(count, "member"),
        human(limit),
        show(first.state.reason.as_deref().unwrap_or("pending")),
        show(&first.item),
    ))
}

/// `--max-active 20`, `quota`, `the cluster's Job controller (lag 4s)`.
pub(super) fn limit_words(limit: Limit) -> String {
    match limit {
        Limit::MaxActive(most) => format!("--max-active {most}"),
        Limit::Quota => "quota".into(),
        Limit::Unschedulable => "unschedulable".into(),
        Limit::ImagePulls => "image pulls".into(),
        Limit::Controller(lag) => format!("the cluster's Job controller (lag {})", human(lag)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::{at, zoo};

    #[test]
    fn those_that_wait_for_too_long_are_counted_with_an_example() {
        let limit = SignedDuration::from_secs(300);
        assert_eq!(overdue_line(&zoo(), at(299), limit), None);
        assert_eq!(
            overdue_line(&zoo(), at(300), limit).as_deref(),
            Some(
                "--pending-timeout: 1 member has not started for 5m: ImagePullBackOff busyboxx:1 (elderberry)"
            )
        );
    }

    #[test]
    fn each_limit_has_its_words() {
        let limits = [
            Limit::MaxActive(20),
            Limit::Quota,
            Limit::Unschedulable,
            Limit::ImagePulls,
            Limit::Controller(SignedDuration::from_secs(4)),
        ];
        insta::assert_snapshot!(limits.map(limit_words).join("\n"), @r"
        --max-active 20
        quota
        unschedulable
        image pulls
        the cluster's Job controller (lag 4s)
        ");
    }
}
