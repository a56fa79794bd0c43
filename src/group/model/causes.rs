//! Members that failed or wait, grouped by cause; the most common cause is found at once, however many there are.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Group, Row};
use crate::group::member::Member;
use crate::group::phase::Phase;

/// Members with one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The cause, in the user's words.
    pub words: String,
    /// How many members have it.
    pub count: usize,
    /// The item of the one that has it longest.
    pub example: String,
    /// The last line that one of them wrote.
    pub last_line: Option<String>,
    /// It will not pass by itself.
    pub stuck: bool,
}

/// Why members are in a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Causes {
    /// How many causes there are.
    pub count: usize,
    /// The most common ones, the most common first.
    pub named: Vec<Cause>,
}

/// Which members have which cause.
#[derive(Clone, Debug, Default)]
pub(super) struct ByCause {
    phases: BTreeMap<Phase, OfPhase>,
}

#[derive(Clone, Debug, Default)]
struct OfPhase {
    by_words: BTreeMap<Arc<str>, Having>,
    ranks: BTreeSet<(Reverse<usize>, Arc<str>)>,
}

/// The members that have a cause.
#[derive(Clone, Debug, Default)]
struct Having {
    rows: BTreeSet<Row>,
    /// Those whose last line is known.
    with_line: BTreeSet<Row>,
}

impl ByCause {
    /// A member is in its state from now on, or its last line is known.
    pub(super) fn enter(&mut self, id: usize, member: &Member) {
        let Some(words) = member.cause() else {
            return;
        };
        let row = (member.order(), id);
        let of_phase = self.phases.entry(member.state.phase).or_default();
        of_phase.change(words, |having| {
            having.rows.insert(row);
            if member.last_line.is_some() {
                having.with_line.insert(row);
            }
        });
    }

    /// A member is in its state no longer.
    pub(super) fn leave(&mut self, id: usize, member: &Member) {
        let Some(words) = member.cause() else {
            return;
        };
        let row = (member.order(), id);
        let of_phase = self.phases.entry(member.state.phase).or_default();
        of_phase.change(words, |having| {
            having.rows.remove(&row);
            having.with_line.remove(&row);
        });
    }
}

impl OfPhase {
    fn change(&mut self, words: &str, act: impl FnOnce(&mut Having)) {
        let known = self.by_words.get_key_value(words);
        let words = known.map_or_else(|| Arc::from(words), |(words, _)| words.clone());
        let having = self.by_words.entry(words.clone()).or_default();
        let before = having.rows.len();
        act(having);
        let after = having.rows.len();
        if after == 0 {
            self.by_words.remove(&words);
        }
        if before != after {
            self.ranks.remove(&(Reverse(before), words.clone()));
            if after > 0 {
                self.ranks.insert((Reverse(after), words));
            }
        }
    }
}

impl Group {
    /// Why members are in a phase; at most so many causes are named.
    pub fn causes(&self, phase: Phase, named_max: usize) -> Causes {
        let Some(of_phase) = self.by_cause.phases.get(&phase) else {
            return Causes {
                count: 0,
                named: Vec::new(),
            };
        };
        let named = of_phase.ranks.iter().take(named_max);
        Causes {
            count: of_phase.ranks.len(),
            named: named
                .filter_map(|(_, words)| self.cause(words, of_phase.by_words.get(words)?))
                .collect(),
        }
    }

    fn cause(&self, words: &str, having: &Having) -> Option<Cause> {
        let (_, first) = having.rows.first()?;
        let first = &self.members[*first];
        let with_line = having.with_line.first();
        Some(Cause {
            words: words.to_owned(),
            count: having.rows.len(),
            example: first.item.clone(),
            last_line: with_line.and_then(|(_, id)| self.members[*id].last_line.clone()),
            stuck: first.state.stuck,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;
    use crate::group::{JobView, Observation, Place};
    use jiff::Timestamp;

    /// The causes of a phase, counted anew from all its members.
    pub(in super::super) fn counted_anew(group: &Group, phase: Phase) -> Causes {
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
        let mut named: Vec<Cause> = found.into_values().collect();
        named.sort_by_key(|cause| Reverse(cause.count));
        Causes {
            count: named.len(),
            named,
        }
    }

    fn failed(group: &mut Group, name: &str, failed: u32, reason: &str) {
        let conditions = json!([{"type": "Failed", "status": "True", "reason": reason}]);
        let status = json!({"failed": failed, "conditions": conditions});
        let job = json!({"metadata": {"name": name, "uid": name}, "status": status});
        let job = JobView::from_value(&job).expect("a Job");
        group.handle(Timestamp::UNIX_EPOCH, Observation::Job(Box::new(job)));
    }

    #[test]
    fn failures_are_grouped_whatever_the_number_of_tries() {
        let mut group = Group::default();
        failed(&mut group, "j0", 1, "BackoffLimitExceeded");
        failed(&mut group, "j1", 2, "BackoffLimitExceeded");
        failed(&mut group, "j2", 7, "DeadlineExceeded");
        let place = Place {
            namespace: "default".into(),
            name: "j1".into(),
        };
        group.handle(
            Timestamp::UNIX_EPOCH,
            Observation::LastLine(place, "no such bucket".into()),
        );
        let causes = group.causes(Phase::Failed, 9);
        let told: Vec<_> = causes
            .named
            .iter()
            .map(|cause| (cause.words.as_str(), cause.count))
            .collect();
        assert_eq!(told, [("BackoffLimitExceeded", 2), ("DeadlineExceeded", 1)]);
        let first = &causes.named[0];
        assert_eq!(first.last_line.as_deref(), Some("no such bucket"));
        assert_eq!(first.example, "j0");
    }

    #[test]
    fn the_most_common_are_named_and_all_are_counted() {
        let mut group = Group::default();
        for (name, reason) in [("a", "A"), ("b", "B"), ("c", "C"), ("d", "B")] {
            failed(&mut group, name, 1, reason);
        }
        let causes = group.causes(Phase::Failed, 2);
        let words: Vec<_> = causes
            .named
            .iter()
            .map(|cause| cause.words.as_str())
            .collect();
        assert_eq!((causes.count, words), (3, vec!["B", "A"]));
        assert_eq!(group.causes(Phase::Pending, 2).count, 0);
    }
}
