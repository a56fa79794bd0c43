//! Members that failed or wait, grouped by cause.

use std::collections::BTreeMap;

use super::model::Group;
use super::phase::Phase;

/// Members with one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The cause, in the user's words.
    pub words: String,
    /// How many members have it.
    pub count: usize,
    /// The item of one of them.
    pub example: String,
    /// The last line that one of them wrote.
    pub last_line: Option<String>,
    /// It will not pass by itself.
    pub stuck: bool,
}

/// Why members are in a phase, the most common cause first.
pub fn causes(group: &Group, phase: Phase) -> Vec<Cause> {
    let mut found: BTreeMap<&str, Cause> = BTreeMap::new();
    for member in group.in_phase(phase) {
        let Some(words) = member.cause() else {
            continue;
        };
        let cause = found.entry(words).or_insert_with(|| Cause {
            words: words.to_owned(),
            count: 0,
            example: member.item.clone(),
            last_line: None,
            stuck: member.state.stuck,
        });
        cause.count += 1;
        if cause.last_line.is_none() {
            cause.last_line.clone_from(&member.last_line);
        }
    }
    let mut causes: Vec<Cause> = found.into_values().collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.count));
    causes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::group::{JobView, Observation, Place};
    use jiff::Timestamp;

    #[test]
    fn failures_are_grouped_whatever_the_number_of_tries() {
        let mut group = Group::default();
        for (index, failed) in [1, 2, 7].iter().enumerate() {
            let name = format!("j{index}");
            let status = json!({"failed": failed, "conditions": [
                {"type": "Failed", "status": "True", "reason": if index == 2 { "DeadlineExceeded" } else { "BackoffLimitExceeded" }}]});
            let job = json!({"metadata": {"name": name, "uid": name}, "status": status});
            let job = JobView::from_value(&job).expect("a Job");
            group.handle(Timestamp::UNIX_EPOCH, Observation::Job(Box::new(job)));
        }
        let place = Place {
            namespace: "default".into(),
            name: "j1".into(),
        };
        group.handle(
            Timestamp::UNIX_EPOCH,
            Observation::LastLine(place, "no such bucket".into()),
        );
        let causes = causes(&group, Phase::Failed);
        let told: Vec<_> = causes
            .iter()
            .map(|cause| (cause.words.as_str(), cause.count))
            .collect();
        assert_eq!(told, [("BackoffLimitExceeded", 2), ("DeadlineExceeded", 1)]);
        assert_eq!(causes[0].last_line.as_deref(), Some("no such bucket"));
    }
}
