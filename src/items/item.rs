//! One unit of work.

use std::borrow::Cow;

use serde_json::Value;

/// An item: a string, or a record of named fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Position in the list, from 0.
    pub index: usize,
    /// A string, or an object.
    pub value: Value,
}

impl Item {
    /// An item that is one string.
    pub fn scalar(index: usize, text: impl Into<String>) -> Self {
        Self {
            index,
            value: Value::String(text.into()),
        }
    }

    /// The item as one text: the string itself, or compact JSON for a record.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.value {
            Value::String(text) => Cow::Borrowed(text),
            other => Cow::Owned(other.to_string()),
        }
    }

    /// The value of a `$NAME`: `ITEM` is the text, `INDEX` the position, any other name a field of a record.
    pub fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
        match name {
            "ITEM" => Some(self.text()),
            "INDEX" => Some(Cow::Owned(self.index.to_string())),
            _ => {
                let fields = self.value.as_object()?;
                let (_, value) = fields
                    .iter()
                    .find(|(field, _)| variable_name(field) == name)?;
                Some(match value {
                    Value::String(text) => Cow::Borrowed(text.as_str()),
                    Value::Null => Cow::Borrowed(""),
                    other => Cow::Owned(other.to_string()),
                })
            }
        }
    }
}

/// The `$NAME` of a field: upper case, with `_` for everything that is no letter or digit.
pub(super) fn variable_name(field: &str) -> String {
    let upper = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    field.chars().map(upper).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_scalar_gives_item_and_index_and_a_record_gives_its_fields() {
        let apple = Item::scalar(4, "apple");
        assert_eq!(apple.variable("ITEM").as_deref(), Some("apple"));
        assert_eq!(apple.variable("INDEX").as_deref(), Some("4"));
        assert_eq!(apple.variable("HOME"), None);
        let record = Item {
            index: 0,
            value: json!({"file name": "a.csv", "rows": 3}),
        };
        assert_eq!(record.variable("FILE_NAME").as_deref(), Some("a.csv"));
        assert_eq!(record.variable("ROWS").as_deref(), Some("3"));
        assert_eq!(record.text(), r#"{"file name":"a.csv","rows":3}"#);
    }
}
