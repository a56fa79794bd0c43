//! Field selectors: `=`, `==` and `!=` on the fields that the API server indexes.

use serde_json::Value;

/// Fields that can be selected by, on any kind here; a real server has such a list for each kind.
const FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "spec.nodeName",
    "spec.restartPolicy",
    "status.phase",
    "status.successful",
    "involvedObject.kind",
    "involvedObject.name",
    "involvedObject.namespace",
    "involvedObject.uid",
    "reason",
    "type",
];

/// All terms must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector(Vec<Term>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    pointer: String,
    wanted: String,
    equal: bool,
}

impl FieldSelector {
    /// Reads `status.phase=Running,metadata.name!=x`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let terms = text.split(',').filter(|part| !part.is_empty());
        terms.map(Term::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whether an object satisfies every term; a field that is absent is empty.
    pub fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|term| {
            let found = match object.pointer(&term.pointer) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                _ => String::new(),
            };
            (found == term.wanted) == term.equal
        })
    }
}

impl Term {
    fn parse(text: &str) -> Result<Self, String> {
        let (field, wanted, equal) = if let Some((field, wanted)) = text.split_once("!=") {
            (field, wanted, false)
        } else if let Some((field, wanted)) = text.split_once('=') {
            (field, wanted.strip_prefix('=').unwrap_or(wanted), true)
        } else {
            return Err(format!(
                "invalid selector: '{text}'; can't understand '{text}'"
            ));
        };
        if !FIELDS.contains(&field) {
            return Err(format!("field label not supported: {field}"));
        }
        let pointer = match field {
            "status.successful" => "/status/succeeded".into(),
            _ => format!("/{}", field.replace('.', "/")),
        };
        Ok(Self {
            pointer,
            wanted: wanted.into(),
            equal,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn terms_compare_text_and_an_absent_field_is_empty() {
        let pod = json!({"metadata": {"name": "p"}, "status": {"phase": "Running"}});
        for (selector, expected) in [
            ("", true),
            ("metadata.name=p,status.phase!=Failed", true),
            ("status.phase==Failed", false),
            ("spec.nodeName=", true),
            ("spec.nodeName!=", false),
        ] {
            let parsed = FieldSelector::parse(selector).expect(selector);
            assert_eq!(parsed.matches(&pod), expected, "{selector}");
        }
        assert!(FieldSelector::parse("spec.colour=red").is_err());
        assert!(FieldSelector::parse("spec.nodeName").is_err());
    }
}
