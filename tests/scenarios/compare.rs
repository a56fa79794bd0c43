//! Comparing what a case expects with what came out.

use std::collections::BTreeSet;
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

/// A set of names; fails on anything but a list of texts, or nothing.
pub(crate) fn names(list: &Value) -> Result<BTreeSet<String>, String> {
    let entries = match list {
        Value::Null => return Ok(BTreeSet::new()),
        Value::Array(entries) => entries,
        other => return Err(format!("{other} is not a list")),
    };
    let name = |entry: &Value| {
        let text = entry.as_str().map(str::to_owned);
        text.ok_or_else(|| format!("{entry} is not a name"))
    };
    let names: BTreeSet<String> = entries.iter().map(name).collect::<Result<_, _>>()?;
    same("number of names", &names.len(), &entries.len())?;
    Ok(names)
}

/// The truth value under a key.
pub(crate) fn truth(value: &Value, key: &str, default: bool) -> Result<bool, String> {
    match value.get(key) {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Bool(truth)) => Ok(*truth),
        Some(other) => Err(format!("{key} is {other}, not true or false")),
    }
}

/// Fails unless both are unset, or numbers of seconds that differ by a millisecond at most.
pub(crate) fn close(what: &str, found: Option<f64>, wanted: Option<f64>) -> Result<(), String> {
    let same = match (found, wanted) {
        (Some(found), Some(wanted)) => (found - wanted).abs() <= 0.001,
        (found, wanted) => found.is_none() && wanted.is_none(),
    };
    if same {
        Ok(())
    } else {
        Err(format!("{what} is {found:?}, expected {wanted:?}"))
    }
}
