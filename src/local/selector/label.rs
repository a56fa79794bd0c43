//! Label selectors in their text form (`apimachinery/pkg/labels/selector.go`).

use serde_json::Value;

/// All requirements must hold; none always holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl LabelSelector {
    /// Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k`; the error says which requirement is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        split(text)
            .into_iter()
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| {
                Requirement::parse(part)
                    .ok_or_else(|| format!("unable to parse requirement: `{part}`"))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether the labels of an object satisfy every requirement.
    pub fn matches(&self, object: &Value) -> bool {
        let labels = object.pointer("/metadata/labels");
        self.0.iter().all(|requirement| {
            let value = |key: &str| {
                labels
                    .and_then(|labels| labels.get(key))
                    .and_then(Value::as_str)
            };
            match requirement {
                Requirement::In(key, values) => {
                    value(key).is_some_and(|found| values.iter().any(|wanted| wanted == found))
                }
                Requirement::NotIn(key, values) => {
                    value(key).is_none_or(|found| values.iter().all(|wanted| wanted != found))
                }
                Requirement::Exists(key) => value(key).is_some(),
                Requirement::Absent(key) => value(key).is_none(),
            }
        })
    }
}

impl Requirement {
    fn parse(text: &str) -> Option<Self> {
        if let Some(key) = text.strip_prefix('!') {
            return Some(Self::Absent(key_of(key)?));
        }
        if let Some((key, values)) = text.split_once('(') {
            let values = values.strip_suffix(')')?;
            let values = values
                .split(',')
                .map(|value| value.trim().to_owned())
                .collect();
            let (key, operator) = key.trim().rsplit_once(char::is_whitespace)?;
            return match operator {
                "in" => Some(Self::In(key_of(key)?, values)),
                "notin" => Some(Self::NotIn(key_of(key)?, values)),
                _ => None,
            };
        }
        let one = |value: &str| vec![value.trim().to_owned()];
        if let Some((key, value)) = text.split_once("!=") {
            return Some(Self::NotIn(key_of(key)?, one(value)));
        }
        if let Some((key, value)) = text.split_once('=') {
            let value = value.strip_prefix('=').unwrap_or(value);
            return Some(Self::In(key_of(key)?, one(value)));
        }
        Some(Self::Exists(key_of(text)?))
    }
}

fn key_of(text: &str) -> Option<String> {
    let key = text.trim();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    (!key.is_empty() && key.chars().all(allowed)).then(|| key.to_owned())
}

/// Splits at commas that stand outside parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn requirements_select_as_kubectl_says() {
        let object = json!({"metadata": {"labels": {"jobgroup": "x", "tier": "web", "empty": ""}}});
        for (selector, expected) in [
            ("", true),
            ("jobgroup=x", true),
            ("jobgroup==x,tier=web", true),
            ("jobgroup=y", false),
            ("jobgroup!=y", true),
            ("absent!=y", true),
            ("tier in (web, db)", true),
            ("tier notin (web,db)", false),
            ("absent notin (web)", true),
            ("empty=", true),
            ("jobgroup,!absent", true),
            ("absent", false),
            ("!jobgroup", false),
        ] {
            let parsed = LabelSelector::parse(selector).expect(selector);
            assert_eq!(parsed.matches(&object), expected, "{selector}");
        }
    }

    #[test]
    fn a_requirement_that_is_none_is_refused() {
        for wrong in ["a in x", "a in (x", "a b", "=x", "a within (x)", "!"] {
            assert!(LabelSelector::parse(wrong).is_err(), "{wrong}");
        }
    }
}
