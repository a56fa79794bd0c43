//! One unit of work.

use std::borrow::Cow;

use serde_json::Value;

/// An item: a scalar, or a record of named fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Position in the list, from 0.
    pub index: usize,
    /// How many items the list has, if that is known.
    pub count: Option<usize>,
    /// A string, another scalar, or an object.
    pub value: Value,
}

impl Item {
    /// An item that is one string, of a list whose length is not known.
    pub fn scalar(index: usize, text: impl Into<String>) -> Self {
        Self {
            index,
            count: None,
            value: Value::String(text.into()),
        }
    }

    /// The item as one text: the string itself, or compact JSON for a record.
    pub fn text(&self) -> Cow<'_, str> {
        text(&self.value)
    }

    /// The value of a `$NAME`: a field of a record, or else `ITEM` for the text, `INDEX` for the position, `COUNT` for
    /// the length of the list.
    pub fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
        if let Some(value) = self.field(name) {
            return Some(match value {
                Value::Null => Cow::Borrowed(""),
                other => text(other),
            });
        }
        match name {
            "ITEM" => Some(self.text()),
            "INDEX" => Some(Cow::Owned(self.index.to_string())),
            "COUNT" => Some(Cow::Owned(self.count?.to_string())),
            _ => None,
        }
    }

    /// The field of a record that a `$NAME` means.
    pub fn field(&self, name: &str) -> Option<&Value> {
        let mut fields = self.value.as_object()?.iter();
        let found = fields.find(|(field, _)| is_variable(field, name));
        found.map(|(_, value)| value)
    }
}

/// A value as one text.
pub(super) fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// The `$NAME` of a field: upper case, with `_` for everything that is no letter or digit. A field whose name is empty
/// or has letters beyond ASCII has none: only `{{ item.field }}` reaches it.
pub fn variable_name(field: &str) -> Option<String> {
    (!field.is_empty() && field.is_ascii())
        .then(|| field.bytes().map(upper).map(char::from).collect())
}

fn upper(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() {
        byte.to_ascii_uppercase()
    } else {
        b'_'
    }
}

/// Whether the `$NAME` of a field is this one.
fn is_variable(field: &str, name: &str) -> bool {
    field.len() == name.len() && field.is_ascii() && field.bytes().map(upper).eq(name.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(value: Value) -> Item {
        Item {
            index: 0,
            count: Some(7),
            value,
        }
    }

    #[test]
    fn a_scalar_gives_item_and_index_and_a_record_gives_its_fields() {
        let apple = Item::scalar(4, "apple");
        assert_eq!(apple.variable("ITEM").as_deref(), Some("apple"));
        assert_eq!(apple.variable("INDEX").as_deref(), Some("4"));
        assert_eq!(apple.variable("COUNT"), None);
        assert_eq!(apple.variable("HOME"), None);
        let record = record(json!({"file name": "a.csv", "rows": 3, "none": null, "é": 1}));
        assert_eq!(record.variable("FILE_NAME").as_deref(), Some("a.csv"));
        assert_eq!(record.variable("ROWS").as_deref(), Some("3"));
        assert_eq!(record.variable("NONE").as_deref(), Some(""));
        assert_eq!(record.variable("COUNT").as_deref(), Some("7"));
        assert_eq!(record.variable("_"), None);
        assert_eq!(
            record.text(),
            r#"{"file name":"a.csv","rows":3,"none":null,"é":1}"#
        );
    }

    #[test]
    fn a_field_comes_before_the_name_that_every_item_has() {
        let record = record(json!({"item": "x", "index": 9}));
        assert_eq!(record.variable("ITEM").as_deref(), Some("x"));
        assert_eq!(record.variable("INDEX").as_deref(), Some("9"));
        assert_eq!(record.variable("COUNT").as_deref(), Some("7"));
    }

    #[test]
    fn names_are_upper_case_ascii() {
        assert_eq!(variable_name("file-name").as_deref(), Some("FILE_NAME"));
        assert_eq!(variable_name("größe"), None);
        assert_eq!(variable_name(""), None);
    }
}
