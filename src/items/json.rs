//! JSON: an array, values one after the other, or one a line.

use std::sync::Arc;

use serde_json::{Deserializer, Value};

use super::entry::{Entry, Place};
use super::error::ListError;
use super::lines::utf8;

const EXPECTED: &str = "expected an array of scalars or of objects, or one of them a line";
/// The first whole number that a double may not hold.
const INEXACT: f64 = 9_007_199_254_740_992.0;

/// Reads an array, or values one after the other.
pub(super) fn values(origin: &str, bytes: &[u8]) -> Result<Vec<Entry>, ListError> {
    let text = utf8(origin, bytes)?;
    let wrong = |error: &serde_json::Error| syntax(origin, error.line(), error);
    let values = if text.trim_start().starts_with('[') {
        serde_json::from_str(text).map_err(|error| wrong(&error))?
    } else {
        let values = Deserializer::from_str(text).into_iter();
        values
            .collect::<Result<Vec<Value>, _>>()
            .map_err(|error| wrong(&error))?
    };
    let origin: Arc<str> = origin.into();
    let entry = |(at, value)| checked(value, Place::entry(&origin, at + 1));
    values.into_iter().enumerate().map(entry).collect()
}

/// Reads a value a line; blank lines are left out.
pub(super) fn lines(origin: &str, bytes: &[u8]) -> Result<Vec<Entry>, ListError> {
    let text = utf8(origin, bytes)?;
    let shared: Arc<str> = origin.into();
    let mut entries = Vec::new();
    for (number, line) in text.split('\n').enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let value =
            serde_json::from_str(line).map_err(|error| syntax(origin, number + 1, &error))?;
        entries.push(checked(value, Place::line(&shared, number + 1))?);
    }
    Ok(entries)
}

fn syntax(origin: &str, line: usize, error: &serde_json::Error) -> ListError {
    let said = error.to_string();
    let problem = said.split(" at line ").next().unwrap_or_default();
    let place = format!("{origin}:{line}:{}", error.column());
    ListError::syntax(&place, format!("this is not JSON: {problem}"), EXPECTED)
}

/// An entry that can be an item: a scalar or an object, in which no number lost digits.
pub(super) fn checked(value: Value, place: Place) -> Result<Entry, ListError> {
    match &value {
        Value::Null => Err(ListError::syntax(&place, "null is no item", EXPECTED)),
        Value::Array(_) => Err(ListError::syntax(&place, "a list is no item", EXPECTED)),
        other => match inexact(other) {
            Some(number) => Err(ListError::syntax(
                &place,
                format!("a number near {number} has more digits than JSON numbers keep"),
                "write it as a string, in double quotes",
            )),
            None => Ok(Entry { value, place }),
        },
    }
}

fn inexact(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) if number.is_f64() => {
            number.as_f64().filter(|number| number.abs() >= INEXACT)
        }
        Value::Array(list) => list.iter().find_map(inexact),
        Value::Object(map) => map.values().find_map(inexact),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(entries: Result<Vec<Entry>, ListError>) -> Vec<(Value, String)> {
        let entries = entries.expect("a list").into_iter();
        entries
            .map(|entry| (entry.value, entry.place.to_string()))
            .collect()
    }

    #[test]
    fn an_array_of_scalars_or_objects_is_a_list() {
        assert_eq!(
            read(values("f", br#" ["a", 1, true, {"x": {"y": [1]}}]"#)),
            [
                (json!("a"), "entry 1 of f".into()),
                (json!(1), "entry 2 of f".into()),
                (json!(true), "entry 3 of f".into()),
                (json!({"x": {"y": [1]}}), "entry 4 of f".into())
            ]
        );
        assert_eq!(read(values("f", b"[]")), []);
        assert_eq!(read(values("f", b"")), []);
    }

    #[test]
    fn lines_and_values_in_a_row_are_lists_too() {
        let text = b"{\"a\":1}\r\n\n\"b\"\n";
        assert_eq!(
            read(lines("f", text)),
            [(json!({"a": 1}), "f:1".into()), (json!("b"), "f:3".into())]
        );
        assert_eq!(read(values("f", text)).len(), 2);
    }

    #[test]
    fn what_is_no_item_is_refused_with_its_place() {
        for (entries, expected) in [
            (
                values("f", b"[1,\n x]"),
                "f:2:2: this is not JSON: expected value\nhint:",
            ),
            (
                values("f", b"[null]"),
                "entry 1 of f: null is no item\nhint:",
            ),
            (
                values("f", b"[[1]]"),
                "entry 1 of f: a list is no item\nhint:",
            ),
            (
                lines("f", b"1\n{\"a\":}"),
                "f:2:6: this is not JSON: expected value\nhint:",
            ),
            (lines("f", b"[1]\n"), "f:1: a list is no item\nhint:"),
            (
                values("f", b"[{\"id\": 12345678901234567890123}]"),
                "entry 1 of f: a number near 12345678901234568000000 has more digits than",
            ),
            (
                values("f", "[".repeat(100_000).as_bytes()),
                "f:1:128: this is not JSON: recursion limit",
            ),
        ] {
            let error = entries.expect_err("no list").to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
