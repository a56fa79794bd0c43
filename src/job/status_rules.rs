//! What the API server refuses in an update of a Job's status (`pkg/registry/batch/job/strategy.go`, KEP-4368).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::indexes::IndexSet;
use super::kube_value::{instant, list, number, text};

/// One finding of the API server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatusCause {
    /// Path of the field.
    pub field: String,
    /// Type of the field error: `Invalid`, `Required` or `Duplicate`.
    pub kind: &'static str,
    /// The server's name of the rule, or `V-` and what it is about for rules that no option turns off.
    pub rule: &'static str,
}

/// What is refused when a Job with this stored `spec` gets status `new` in place of `old`; empty: accepted.
///
/// Most rules look only at a write that changes the fields they are about, so that an old violation blocks nothing else.
pub fn validate_status_update(spec: &Value, old: &Value, new: &Value) -> Vec<StatusCause> {
    let mut rules = Rules {
        spec,
        old: View::of(old),
        new: View::of(new),
        causes: Vec::new(),
    };
    rules.conditions();
    rules.times();
    rules.finished();
    rules.indexes();
    rules.counters(old, new);
    rules.uncounted(new);
    rules.success_criteria();
    rules.causes
}

/// The parts of a status that the rules compare.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is whether one condition is true; they come in any combination"
)]
struct View<'a> {
    complete: bool,
    failed: bool,
    failure_target: bool,
    criteria_met: bool,
    suspended: Option<&'a str>,
    active: i32,
    ready: Option<i32>,
    terminating: Option<i32>,
    start: Option<Timestamp>,
    completion: Option<Timestamp>,
    completed_indexes: &'a str,
    failed_indexes: Option<&'a str>,
    uncounted: Option<[&'a [Value]; 2]>,
}

impl<'a> View<'a> {
    fn of(status: &'a Value) -> Self {
        let condition = |kind: &str| {
            let entries = list(status, "/conditions").iter();
            entries
                .filter(|entry| text(entry, "/type") == Some(kind))
                .filter_map(|entry| text(entry, "/status"))
                .collect::<Vec<_>>()
        };
        let is_true = |kind| condition(kind).contains(&"True");
        Self {
            complete: is_true("Complete"),
            failed: is_true("Failed"),
            failure_target: is_true("FailureTarget"),
            criteria_met: is_true("SuccessCriteriaMet"),
            suspended: condition("Suspended").first().copied(),
            active: number(status, "/active").unwrap_or(0),
            ready: number(status, "/ready"),
            terminating: number(status, "/terminating"),
            start: instant(status, "/startTime"),
            completion: instant(status, "/completionTime"),
            completed_indexes: text(status, "/completedIndexes").unwrap_or_default(),
            failed_indexes: text(status, "/failedIndexes"),
            uncounted: status
                .get("uncountedTerminatedPods")
                .filter(|pods| !pods.is_null())
                .map(|pods| [list(pods, "/succeeded"), list(pods, "/failed")]),
        }
    }

    fn finished(&self) -> bool {
        self.complete || self.failed
    }
}

struct Rules<'a> {
    spec: &'a Value,
    old: View<'a>,
    new: View<'a>,
    causes: Vec<StatusCause>,
}

impl Rules<'_> {
    fn refuse(&mut self, broken: bool, field: &str, kind: &'static str, rule: &'static str) {
        if broken {
            self.causes.push(StatusCause {
                field: format!("status.{field}"),
                kind,
                rule,
            });
        }
    }

    fn invalid(&mut self, broken: bool, field: &str, rule: &'static str) {
        self.refuse(broken, field, "Invalid", rule);
    }

    fn conditions(&mut self) {
        let (old, new) = (&self.old, &self.new);
        let complete = old.complete != new.complete;
        let failed = old.failed != new.failed;
        let found = [
            (
                (complete || failed) && new.complete && new.failed,
                "RejectCompleteJobWithFailedCondition",
            ),
            (
                (complete || old.failure_target != new.failure_target)
                    && new.complete
                    && new.failure_target,
                "RejectCompleteJobWithFailureTargetCondition",
            ),
            (
                (failed || old.failed_indexes != new.failed_indexes)
                    && new.failed
                    && !new.failure_target,
                "RejectFailedJobWithoutFailureTarget",
            ),
            (
                (complete || old.criteria_met != new.criteria_met)
                    && new.complete
                    && !new.criteria_met,
                "RejectCompleteJobWithoutSuccessCriteriaMet",
            ),
            (
                old.failed && !new.failed,
                "RejectDisablingTerminalCondition",
            ),
            (
                old.complete && !new.complete,
                "RejectDisablingTerminalCondition",
            ),
            (
                old.failure_target && !new.failure_target,
                "RejectDisablingTerminalCondition",
            ),
        ];
        for (broken, rule) in found {
            self.invalid(broken, "conditions", rule);
        }
    }

    fn times(&mut self) {
        let (old, new) = (&self.old, &self.new);
        let start = old.start != new.start;
        let completion = old.completion != new.completion;
        let ended = completion || old.complete != new.complete;
        let early = new.completion.zip(new.start).is_some_and(|(c, s)| c < s);
        let resumed = old.suspended == Some("True") && new.suspended == Some("False");
        let suspend = self.spec["suspend"] == true;
        let mutated = old
            .completion
            .zip(new.completion)
            .is_some_and(|(a, b)| a != b);
        let not_complete = ended && new.completion.is_some() && !new.complete;
        let without = ended && new.complete && new.completion.is_none();
        let restarted = start && !resumed && old.start.is_some() && !suspend;
        let field = "completionTime";
        self.invalid(
            not_complete,
            field,
            "RejectNotCompleteJobWithCompletionTime",
        );
        self.refuse(
            without,
            field,
            "Required",
            "RejectCompleteJobWithoutCompletionTime",
        );
        self.invalid(
            (start || completion) && early,
            field,
            "RejectCompletionTimeBeforeStartTime",
        );
        self.invalid(mutated, field, "RejectMutatingCompletionTime");
        self.invalid(
            restarted,
            "startTime",
            "RejectStartTimeUpdateForUnsuspendedJob",
        );
    }

    fn finished(&mut self) {
        let (old, new) = (&self.old, &self.new);
        let finishes = old.finished() != new.finished();
        let over = new.finished();
        let exempt = self.spec["suspend"] == true && self.spec["completions"] == 0;
        let active = over && (finishes || old.active != new.active) && new.active > 0;
        let start = over && (finishes || old.start != new.start) && new.start.is_none();
        let listed = new
            .uncounted
            .is_some_and(|lists| lists.iter().any(|l| !l.is_empty()));
        let uncounted = over && (finishes || old.uncounted != new.uncounted) && listed;
        let terminating = over
            && (finishes || old.terminating != new.terminating)
            && new.terminating.is_some_and(|pods| pods > 0);
        let ready = (old.ready != new.ready || old.active != new.active)
            && new.ready.is_some_and(|ready| ready > new.active);
        self.invalid(active, "active", "RejectFinishedJobWithActivePods");
        self.refuse(
            start && !exempt,
            "startTime",
            "Required",
            "RejectFinishedJobWithoutStartTime",
        );
        let field = "uncountedTerminatedPods";
        self.invalid(
            uncounted,
            field,
            "RejectFinishedJobWithUncountedTerminatedPods",
        );
        self.invalid(
            terminating,
            "terminating",
            "RejectFinishedJobWithTerminatingPods",
        );
        self.invalid(ready, "ready", "RejectMoreReadyThanActivePods");
    }

    fn indexes(&mut self) {
        let (old, new) = (&self.old, &self.new);
        let completed = old.completed_indexes != new.completed_indexes;
        let failed = old.failed_indexes != new.failed_indexes;
        let completions = number(self.spec, "/completions");
        let per_index = number(self.spec, "/backoffLimitPerIndex").is_some();
        let indexed = text(self.spec, "/completionMode") == Some("Indexed");
        let bad = |text: &str| completions.is_some_and(|n| IndexSet::strict(text, n).is_none());
        let bad_completed = completed && bad(new.completed_indexes);
        let bad_failed = failed && per_index && new.failed_indexes.is_some_and(bad);
        let not_indexed = completed && !indexed && !new.completed_indexes.is_empty();
        let no_limit = failed && !per_index && new.failed_indexes.is_some();
        let overlap = (completed || failed)
            && completions
                .zip(new.failed_indexes)
                .is_some_and(|(n, text)| {
                    IndexSet::lenient(text, n)
                        .overlaps(&IndexSet::lenient(new.completed_indexes, n))
                });
        self.invalid(
            bad_completed,
            "completedIndexes",
            "RejectInvalidCompletedIndexes",
        );
        self.invalid(bad_failed, "failedIndexes", "RejectInvalidFailedIndexes");
        self.invalid(
            not_indexed,
            "completedIndexes",
            "RejectCompletedIndexesForNonIndexedJob",
        );
        let field = "failedIndexes";
        self.invalid(
            no_limit,
            field,
            "RejectFailedIndexesForNoBackoffLimitPerIndex",
        );
        self.invalid(overlap, field, "RejectFailedIndexesOverlappingCompleted");
    }

    fn counters(&mut self, old: &Value, new: &Value) {
        let count = |status: &Value, field: &str| status[field].as_i64().unwrap_or(0);
        for field in ["active", "ready", "terminating", "succeeded", "failed"] {
            self.invalid(count(new, field) < 0, field, "V-nonnegative");
        }
        let elastic = text(self.spec, "/completionMode") == Some("Indexed")
            && number(self.spec, "/completions").is_some()
            && number(self.spec, "/completions") == number(self.spec, "/parallelism");
        let fewer = |field| count(new, field) < count(old, field);
        self.invalid(fewer("failed"), "failed", "RejectDecreasingFailedCounter");
        self.invalid(
            fewer("succeeded") && !elastic,
            "succeeded",
            "RejectDecreasingSucceededCounter",
        );
    }

    fn uncounted(&mut self, new: &Value) {
        let mut seen = BTreeSet::new();
        for name in ["succeeded", "failed"] {
            let uids = list(new, &format!("/uncountedTerminatedPods/{name}"));
            for (place, uid) in uids.iter().enumerate() {
                let field = format!("uncountedTerminatedPods.{name}[{place}]");
                let uid = uid.as_str().unwrap_or_default();
                self.invalid(uid.is_empty(), &field, "V-uncounted-empty");
                let twice = !uid.is_empty() && !seen.insert(uid);
                self.refuse(twice, &field, "Duplicate", "V-uncounted-duplicate");
            }
        }
    }

    fn success_criteria(&mut self) {
        let (old, new) = (&self.old, &self.new);
        let policy = !self.spec["successPolicy"].is_null();
        let found = [
            (
                new.criteria_met && new.failed,
                "V-successcriteria-with-failed",
            ),
            (
                new.criteria_met && new.failure_target,
                "V-successcriteria-with-failuretarget",
            ),
            (
                policy && new.complete && !new.criteria_met,
                "V-complete-with-successpolicy-needs-successcriteria",
            ),
            (
                old.criteria_met && !new.criteria_met,
                "V-successcriteria-cannot-be-disabled",
            ),
            (
                old.complete && !old.criteria_met && new.criteria_met,
                "V-successcriteria-after-complete",
            ),
        ];
        for (broken, rule) in found {
            self.invalid(broken, "conditions", rule);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_old_violation_does_not_block_what_it_is_not_about() {
        let broken = json!({"active": 1, "ready": 2});
        let later = json!({"active": 1, "ready": 2, "succeeded": 1});
        assert_eq!(validate_status_update(&json!({}), &broken, &later), []);
        let rules: Vec<_> = validate_status_update(&json!({}), &json!({}), &broken)
            .into_iter()
            .map(|cause| cause.rule)
            .collect();
        assert_eq!(rules, ["RejectMoreReadyThanActivePods"]);
    }

    #[test]
    fn unset_is_not_zero_and_an_empty_list_is_no_list() {
        let failed = json!([{"type": "Complete", "status": "True"}]);
        let old = json!({"conditions": failed, "uncountedTerminatedPods": {"failed": ["a"]}});
        let new = json!({"conditions": failed, "uncountedTerminatedPods": {"failed": ["a"], "succeeded": []}});
        assert_eq!(validate_status_update(&json!({}), &old, &new), []);
    }
}
