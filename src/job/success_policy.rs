//! `successPolicy`: which indexes suffice for success (KEP-3998, `pkg/controller/job/success_policy.go`).

use serde_json::Value;

use super::indexes::IndexSet;
use super::kube_value::{list, number, text};

/// Rules that are tried in order; the first that is met ends the Job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuccessPolicy {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    indexes: Option<String>,
    count: Option<i32>,
}

impl SuccessPolicy {
    /// Reads `spec.successPolicy`.
    pub fn from_value(policy: &Value) -> Self {
        let rule = |rule: &Value| Rule {
            indexes: text(rule, "/succeededIndexes").map(str::to_owned),
            count: number(rule, "/succeededCount"),
        };
        Self {
            rules: list(policy, "/rules").iter().map(rule).collect(),
        }
    }

    /// The number of the first rule that these succeeded indexes meet.
    pub fn met(&self, succeeded: &IndexSet, completions: i32) -> Option<usize> {
        if succeeded.is_empty() {
            return None;
        }
        self.rules
            .iter()
            .position(|rule| rule.is_met(succeeded, completions))
    }
}

impl Rule {
    fn is_met(&self, succeeded: &IndexSet, completions: i32) -> bool {
        let reaches = |found: usize| {
            self.count
                .is_some_and(|count| i64::from(count) <= found as i64)
        };
        let Some(text) = &self.indexes else {
            return reaches(succeeded.len());
        };
        let listed = IndexSet::lenient(text, completions);
        let found = listed.common(succeeded);
        !listed.is_empty() && (found == listed.len() || reaches(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_listed_indexes_or_enough_of_them_are_a_success() {
        for (rules, succeeded, met) in [
            (json!([]), "0-9", None),
            (json!([{"succeededCount": 0}]), "", None),
            (json!([{"succeededCount": 2}]), "7", None),
            (json!([{"succeededCount": 2}]), "6,7", Some(0)),
            (json!([{"succeededIndexes": "1,3"}]), "1,2", None),
            (json!([{"succeededIndexes": "1,3"}]), "1-3", Some(0)),
            (
                json!([{"succeededIndexes": "3-6", "succeededCount": 2}]),
                "0-2,6",
                None,
            ),
            (
                json!([{"succeededIndexes": "3-6", "succeededCount": 2}]),
                "4,6",
                Some(0),
            ),
            (
                json!([{"succeededIndexes": "", "succeededCount": 1}]),
                "0-9",
                None,
            ),
            (json!([{"succeededIndexes": "12"}]), "0-9", None),
            (
                json!([{"succeededIndexes": "9"}, {"succeededIndexes": "4"}]),
                "4",
                Some(1),
            ),
        ] {
            let policy = SuccessPolicy::from_value(&json!({ "rules": rules }));
            let succeeded = IndexSet::lenient(succeeded, 10);
            assert_eq!(policy.met(&succeeded, 10), met, "{rules} {succeeded}");
        }
    }
}
