//! `podFailurePolicy`: what a failed Pod means (KEP-3329, `pkg/controller/job/pod_failure_policy.go`).

use serde_json::Value;

use super::kube_value::{is_set, list, text};
use super::{Exit, Pod, PodCondition};

/// Rules that are tried in order; the first that matches decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailurePolicy {
    rules: Vec<Rule>,
}

/// What a failed Pod means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureAction {
    /// It counts; so it is where no rule matches.
    Count,
    /// It does not count; it is replaced all the same.
    Ignore,
    /// It counts, and its index has failed at once.
    FailIndex,
    /// It counts, and the Job has failed at once.
    FailJob,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    action: Option<FailureAction>,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    ExitCodes {
        container: Option<String>,
        listed: Option<bool>,
        codes: Vec<i64>,
    },
    Conditions(Vec<PodCondition>),
}

/// What made a rule match.
enum Cause<'a> {
    Exit(&'a Exit),
    Condition(&'a PodCondition),
}

impl FailurePolicy {
    /// Reads `spec.podFailurePolicy`; an action or operator that is not known never matches.
    pub fn from_value(policy: &Value) -> Self {
        Self {
            rules: list(policy, "/rules")
                .iter()
                .map(Rule::from_value)
                .collect(),
        }
    }

    /// What this Pod's failure means.
    pub fn action(&self, pod: &Pod) -> FailureAction {
        self.first_match(pod)
            .map_or(FailureAction::Count, |(action, ..)| action)
    }

    /// Why the Job has failed at once, if this Pod's failure means that.
    pub fn job_failure(&self, pod: &Pod) -> Option<String> {
        let (FailureAction::FailJob, place, cause) = self.first_match(pod)? else {
            return None;
        };
        let Pod {
            namespace, name, ..
        } = pod;
        Some(match cause {
            Cause::Exit(Exit { container, code }) => format!(
                "Container {container} for pod {namespace}/{name} failed with exit code {code} matching FailJob rule at index {place}"
            ),
            Cause::Condition(condition) => format!(
                "Pod {namespace}/{name} has condition {} matching FailJob rule at index {place}",
                condition.kind
            ),
        })
    }

    fn first_match<'a>(&self, pod: &'a Pod) -> Option<(FailureAction, usize, Cause<'a>)> {
        self.rules.iter().enumerate().find_map(|(place, rule)| {
            let cause = rule.test.cause(pod)?;
            Some((rule.action?, place, cause))
        })
    }
}

impl Rule {
    fn from_value(rule: &Value) -> Self {
        let action = match text(rule, "/action") {
            Some("Count") => Some(FailureAction::Count),
            Some("Ignore") => Some(FailureAction::Ignore),
            Some("FailIndex") => Some(FailureAction::FailIndex),
            Some("FailJob") => Some(FailureAction::FailJob),
            _ => None,
        };
        let test = if is_set(rule, "/onExitCodes") {
            Test::ExitCodes {
                container: text(rule, "/onExitCodes/containerName").map(str::to_owned),
                listed: match text(rule, "/onExitCodes/operator") {
                    Some("In") => Some(true),
                    Some("NotIn") => Some(false),
                    _ => None,
                },
                codes: list(rule, "/onExitCodes/values")
                    .iter()
                    .filter_map(Value::as_i64)
                    .collect(),
            }
        } else {
            let patterns = list(rule, "/onPodConditions").iter();
            Test::Conditions(patterns.map(pattern).collect())
        };
        Self { action, test }
    }
}

fn pattern(value: &Value) -> PodCondition {
    PodCondition {
        kind: text(value, "/type").unwrap_or_default().to_owned(),
        status: text(value, "/status").unwrap_or("True").to_owned(),
    }
}

impl Test {
    fn cause<'a>(&self, pod: &'a Pod) -> Option<Cause<'a>> {
        match self {
            Self::ExitCodes {
                container,
                listed,
                codes,
            } => {
                let matches = |exit: &&Exit| {
                    container
                        .as_ref()
                        .is_none_or(|name| *name == exit.container)
                        && *listed == Some(codes.contains(&i64::from(exit.code)))
                };
                pod.exits.iter().find(matches).map(Cause::Exit)
            }
            Self::Conditions(patterns) => {
                let matches = |condition: &&PodCondition| patterns.contains(condition);
                pod.conditions.iter().find(matches).map(Cause::Condition)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(statuses: &Value, conditions: &Value) -> Pod {
        Pod::from_value(&json!({
            "metadata": {"name": "p", "uid": "u"},
            "status": {"phase": "Failed", "containerStatuses": statuses, "conditions": conditions},
        }))
        .expect("a Pod")
    }

    fn exits(codes: &[(&str, i32)]) -> Pod {
        let status = |(name, code): &(&str, i32)| json!({"name": name, "state": {"terminated": {"exitCode": code}}});
        pod(&codes.iter().map(status).collect(), &json!([]))
    }

    fn policy(rules: &Value) -> FailurePolicy {
        FailurePolicy::from_value(&json!({ "rules": rules }))
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let codes = |action: &str, operator: &str, values: &[i32]| json!({"action": action, "onExitCodes": {"operator": operator, "values": values}});
        for (rules, exit, action) in [
            (json!([]), 1, FailureAction::Count),
            (
                json!([codes("Ignore", "In", &[1])]),
                1,
                FailureAction::Ignore,
            ),
            (
                json!([codes("Ignore", "In", &[1])]),
                2,
                FailureAction::Count,
            ),
            (
                json!([codes("Ignore", "NotIn", &[1])]),
                2,
                FailureAction::Ignore,
            ),
            (
                json!([codes("Ignore", "NotIn", &[1])]),
                0,
                FailureAction::Count,
            ),
            (
                json!([codes("Ignore", "Near", &[1])]),
                1,
                FailureAction::Count,
            ),
            (
                json!([codes("FailIndex", "In", &[1]), codes("FailJob", "In", &[1])]),
                1,
                FailureAction::FailIndex,
            ),
            (
                json!([codes("Explode", "In", &[1]), codes("FailJob", "In", &[1])]),
                1,
                FailureAction::FailJob,
            ),
            (
                json!([codes("FailJob", "In", &[-7])]),
                -7,
                FailureAction::FailJob,
            ),
        ] {
            assert_eq!(
                policy(&rules).action(&exits(&[("main", exit)])),
                action,
                "{rules} {exit}"
            );
        }
    }

    #[test]
    fn a_rule_may_be_about_one_container() {
        let rules = json!([{"action": "Ignore", "onExitCodes": {"containerName": "b", "operator": "In", "values": [4]}}]);
        for (codes, action) in [
            ([("a", 4), ("b", 1)], FailureAction::Count),
            ([("a", 1), ("b", 4)], FailureAction::Ignore),
        ] {
            assert_eq!(policy(&rules).action(&exits(&codes)), action);
        }
    }

    #[test]
    fn a_condition_matches_in_type_and_status_which_is_true_if_left_out() {
        let disrupted = pod(
            &json!([]),
            &json!([{"type": "DisruptionTarget", "status": "True"}]),
        );
        for (pattern, action) in [
            (json!({"type": "DisruptionTarget"}), FailureAction::Ignore),
            (
                json!({"type": "DisruptionTarget", "status": "True"}),
                FailureAction::Ignore,
            ),
            (
                json!({"type": "DisruptionTarget", "status": "False"}),
                FailureAction::Count,
            ),
            (
                json!({"type": "Ready", "status": "True"}),
                FailureAction::Count,
            ),
        ] {
            let rules = json!([{"action": "Ignore", "onPodConditions": [pattern]}]);
            assert_eq!(policy(&rules).action(&disrupted), action, "{pattern}");
        }
    }

    #[test]
    fn what_fails_the_job_is_said_with_the_number_of_the_rule() {
        let by_code = policy(&json!([
            {"action": "Count", "onExitCodes": {"operator": "In", "values": [9]}},
            {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [5]}},
        ]));
        insta::assert_snapshot!(by_code.job_failure(&exits(&[("main", 5)])).expect("a reason"), @"Container main for pod default/p failed with exit code 5 matching FailJob rule at index 1");
        assert_eq!(by_code.job_failure(&exits(&[("main", 9)])), None);
        let by_condition = policy(
            &json!([{"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget"}]}]),
        );
        let disrupted = pod(
            &json!([]),
            &json!([{"type": "DisruptionTarget", "status": "True"}]),
        );
        insta::assert_snapshot!(by_condition.job_failure(&disrupted).expect("a reason"), @"Pod default/p has condition DisruptionTarget matching FailJob rule at index 0");
    }
}
