//! Findings about fields, worded as the API server words them (`k8s.io/apimachinery/pkg/util/validation/field`).

use serde_json::Value;

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldErrorType {
    /// It has to be set.
    Required,
    /// Its value is not allowed.
    Invalid,
    /// Its value is none of those that exist.
    NotSupported,
    /// The list is too long.
    TooMany,
    /// The text is too long.
    TooLong,
    /// The value comes twice.
    Duplicate,
}

/// One finding of the API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Path of the field: `spec.podFailurePolicy.rules[0].action`.
    pub field: String,
    /// What is wrong with it.
    pub kind: FieldErrorType,
    /// The rest of the sentence, after the field's path.
    pub message: String,
}

/// Findings that are being gathered.
#[derive(Debug, Default)]
pub struct Findings {
    list: Vec<FieldError>,
}

impl FieldErrorType {
    /// The name of the type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Required => "Required",
            Self::Invalid => "Invalid",
            Self::NotSupported => "NotSupported",
            Self::TooMany => "TooMany",
            Self::TooLong => "TooLong",
            Self::Duplicate => "Duplicate",
        }
    }
}

impl Findings {
    /// The field has to be set.
    pub fn required(&mut self, field: impl Into<String>, detail: &str) {
        let message = with_detail("Required value", detail);
        self.push(field, FieldErrorType::Required, message);
    }

    /// The field may not have this value; [`Value::Null`] leaves the value out of the message.
    pub fn invalid(
        &mut self,
        field: impl Into<String>,
        value: impl Into<Value>,
        detail: impl AsRef<str>,
    ) {
        let start = match value.into() {
            Value::Null => "Invalid value".to_owned(),
            value => format!("Invalid value: {value}"),
        };
        let message = with_detail(&start, detail.as_ref());
        self.push(field, FieldErrorType::Invalid, message);
    }

    /// The field may have one of the supported values only.
    pub fn not_supported(&mut self, field: impl Into<String>, value: &str, supported: &[&str]) {
        let supported: Vec<_> = supported.iter().map(|value| format!("{value:?}")).collect();
        let list = supported.join(", ");
        let message = format!("Unsupported value: {value:?}: supported values: {list}");
        self.push(field, FieldErrorType::NotSupported, message);
    }

    /// The list has more than `most` entries.
    pub fn too_many(&mut self, field: impl Into<String>, found: usize, most: usize) {
        let message = format!("Too many: {found}: must have at most {most} items");
        self.push(field, FieldErrorType::TooMany, message);
    }

    /// The text has more than `most` bytes.
    pub fn too_long(&mut self, field: impl Into<String>, most: usize) {
        let message = format!("Too long: may not be more than {most} bytes");
        self.push(field, FieldErrorType::TooLong, message);
    }

    /// The value stands in the list already.
    pub fn duplicate(&mut self, field: impl Into<String>, value: impl Into<Value>) {
        let message = format!("Duplicate value: {}", value.into());
        self.push(field, FieldErrorType::Duplicate, message);
    }

    /// The field holds a number below zero.
    pub fn not_negative(&mut self, field: impl Into<String>, value: Option<i64>) {
        if let Some(value) = value.filter(|value| *value < 0) {
            self.invalid(field, value, "must be greater than or equal to 0");
        }
    }

    fn push(&mut self, field: impl Into<String>, kind: FieldErrorType, message: String) {
        self.list.push(FieldError {
            field: field.into(),
            kind,
            message,
        });
    }
}

impl From<Findings> for Vec<FieldError> {
    fn from(findings: Findings) -> Self {
        findings.list
    }
}

fn with_detail(start: &str, detail: &str) -> String {
    if detail.is_empty() {
        start.to_owned()
    } else {
        format!("{start}: {detail}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_read_as_those_of_the_server() {
        let mut findings = Findings::default();
        findings.required("a", "");
        findings.required("a", "must be 'x'");
        findings.invalid("a", "x", "no");
        findings.invalid("a", Value::Null, "no");
        findings.not_supported("a", "x", &["b", "c"]);
        findings.too_many("a", 21, 20);
        findings.too_long("a", 63);
        findings.duplicate("a", 11);
        findings.not_negative("a", Some(-1));
        findings.not_negative("a", Some(0));
        let list: Vec<FieldError> = findings.into();
        let messages: Vec<_> = list.into_iter().map(|finding| finding.message).collect();
        insta::assert_snapshot!(messages.join("\n"), @r#"
        Required value
        Required value: must be 'x'
        Invalid value: "x": no
        Invalid value: no
        Unsupported value: "x": supported values: "b", "c"
        Too many: 21: must have at most 20 items
        Too long: may not be more than 63 bytes
        Duplicate value: 11
        Invalid value: -1: must be greater than or equal to 0
        "#);
    }
}
