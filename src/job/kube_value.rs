//! Reading fields of Kubernetes objects that are plain JSON values.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

/// The text at a JSON pointer.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

/// The number at a JSON pointer, cut to the range of the API's int32.
pub(crate) fn number(value: &Value, pointer: &str) -> Option<i32> {
    let wide = value.pointer(pointer)?.as_i64()?;
    Some(wide.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32)
}

/// The instant at a JSON pointer.
pub(crate) fn instant(value: &Value, pointer: &str) -> Option<Timestamp> {
    text(value, pointer)?.parse().ok()
}

/// The list at a JSON pointer; empty when there is none.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The texts under a JSON pointer, by key; what is not a text is left out.
pub(crate) fn text_map(value: &Value, pointer: &str) -> BTreeMap<String, String> {
    let map = value.pointer(pointer).and_then(Value::as_object);
    map.into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// Whether there is anything but `null` at a JSON pointer.
pub(crate) fn is_set(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).is_some_and(|found| !found.is_null())
}
