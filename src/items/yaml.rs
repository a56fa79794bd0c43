//! A YAML list of scalars or of objects.

use std::sync::Arc;

use serde_json::Value;

use super::entry::{Entry, Place};
use super::error::ListError;
use super::json::checked;
use super::lines::utf8;
use crate::manifest::yaml;

const EXPECTED: &str = "expected a list of scalars or of objects: a line `- apple` for each";

/// Reads a list. Numbers whose text would change stay texts, and so do `on`, `no` and the like.
pub(super) fn read(origin: &str, bytes: &[u8]) -> Result<Vec<Entry>, ListError> {
    let text = utf8(origin, bytes)?;
    let value = yaml::data(text).map_err(|error| {
        let place = format!("{origin}:{}:{}", error.line, error.column);
        ListError::syntax(
            &place,
            format!("this is not YAML: {}", error.problem),
            EXPECTED,
        )
    })?;
    let values = match value {
        Value::Array(values) => values,
        Value::Null => Vec::new(),
        _ => return Err(ListError::syntax(origin, "this is not a list", EXPECTED)),
    };
    let origin: Arc<str> = origin.into();
    let entry = |(at, value)| checked(value, Place::entry(&origin, at + 1));
    values.into_iter().enumerate().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_keep_their_text_and_objects_their_types() {
        let text = b"- apple\n- 1.10\n- 012\n- on\n- '7'\n- {name: a, gpus: 2, big: true, note: ~, nested: {x: 1e3}}\n";
        let entries = read("f", text).expect("a list");
        let values: Vec<_> = entries.into_iter().map(|entry| entry.value).collect();
        assert_eq!(
            values,
            [
                json!("apple"),
                json!("1.10"),
                json!("012"),
                json!("on"),
                json!("7"),
                json!({"name": "a", "gpus": 2, "big": true, "note": null, "nested": {"x": "1e3"}})
            ]
        );
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for (text, expected) in [
            (&b"a: 1\n"[..], "f: this is not a list\nhint:"),
            (b"- a\n- [b\n", "f:"),
            (b"- ~\n", "entry 1 of f: null is no item\nhint:"),
            (b"- - a\n", "entry 1 of f: a list is no item\nhint:"),
        ] {
            let error = read("f", text).expect_err("no list").to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        assert_eq!(read("f", b"# nothing\n"), Ok(Vec::new()));
    }

    #[test]
    fn a_bomb_of_aliases_is_refused() {
        let mut bomb = String::from("- &a0 [x, x]\n");
        for level in 1..40 {
            let below = level - 1;
            writeln!(bomb, "- &a{level} [*a{below}, *a{below}]").expect("a string");
        }
        assert!(read("f", bomb.as_bytes()).is_err());
    }
}
