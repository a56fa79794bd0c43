//! Label selectors: which Pods belong to a Job (`metav1.LabelSelector`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::kube_value::{list, text, text_map};

/// What a set of labels must be like; all requirements hold together, none of them selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
}

impl Selector {
    /// Reads `matchLabels` and `matchExpressions`; `None` if an operator is unknown.
    pub fn from_value(value: &Value) -> Option<Self> {
        let labels = text_map(value, "/matchLabels").into_iter();
        let mut requirements: Vec<_> = labels
            .map(|(key, value)| Requirement {
                key,
                operator: Operator::In(vec![value]),
            })
            .collect();
        for expression in list(value, "/matchExpressions") {
            let values = || {
                let values = list(expression, "/values").iter();
                values
                    .filter_map(|value| value.as_str().map(str::to_owned))
                    .collect()
            };
            let operator = match text(expression, "/operator")? {
                "In" => Operator::In(values()),
                "NotIn" => Operator::NotIn(values()),
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                _ => return None,
            };
            let key = text(expression, "/key")?.to_owned();
            requirements.push(Requirement { key, operator });
        }
        Some(Self { requirements })
    }

    /// Whether these labels are selected.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.requirements.iter().all(|requirement| {
            let found = labels.get(&requirement.key);
            match &requirement.operator {
                Operator::In(values) => found.is_some_and(|value| values.contains(value)),
                Operator::NotIn(values) => found.is_none_or(|value| !values.contains(value)),
                Operator::Exists => found.is_some(),
                Operator::DoesNotExist => found.is_none(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn all_requirements_hold_together() {
        let labels = text_map(&json!({"l": {"app": "x", "tier": "back"}}), "/l");
        for (selector, selected) in [
            (json!({}), true),
            (json!({"matchLabels": {"app": "x"}}), true),
            (json!({"matchLabels": {"app": "y"}}), false),
            (json!({"matchLabels": {"app": "x", "zone": "1"}}), false),
            (
                json!({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["front", "back"]}]}),
                true,
            ),
            (
                json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["back"]}]}),
                false,
            ),
            (
                json!({"matchExpressions": [{"key": "zone", "operator": "NotIn", "values": ["1"]}]}),
                true,
            ),
            (
                json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]}),
                true,
            ),
            (
                json!({"matchLabels": {"app": "x"}, "matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}),
                false,
            ),
        ] {
            let read = Selector::from_value(&selector).expect("a selector");
            assert_eq!(read.matches(&labels), selected, "{selector}");
        }
    }

    #[test]
    fn an_unknown_operator_is_no_selector() {
        let odd = json!({"matchExpressions": [{"key": "app", "operator": "Near"}]});
        assert_eq!(Selector::from_value(&odd), None);
    }
}
