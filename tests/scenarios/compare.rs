//! Comparing what a case expects with what came out.

use std::fmt::Debug;

use jiff::Timestamp;
use serde_json::Value;

/// Fails on a key that is not understood.
pub(crate) fn only_keys(value: &Value, place: &str, known: &[&str]) -> Result<(), String> {
    let Some(map) = value.as_object() else {
        return if value.is_null() {
            Ok(())
        } else {
            Err(format!("{place} is not a mapping"))
        };
    };
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("{place}: key `{key}` is not understood")),
        None => Ok(()),
    }
}

/// Fails unless both are equal.
pub(crate) fn same<T: PartialEq + Debug>(what: &str, found: &T, wanted: &T) -> Result<(), String> {
    if found == wanted {
        Ok(())
    } else {
        Err(format!("{what} is {found:?}, expected {wanted:?}"))
    }
}

/// The instant at `given.now`.
pub(crate) fn now(case: &Value) -> Result<Timestamp, String> {
    let text = case["given"]["now"]
        .as_str()
        .ok_or("given.now is not a text")?;
    text.parse().map_err(|error| format!("given.now: {error}"))
}
