//! Names and label values that Kubernetes accepts, made from items that it would not.

use std::borrow::Cow;

use serde_json::Value;

use super::digest;

/// Characters of a DNS label, and of a label value.
pub const MAX: usize = 63;
/// `-` and the hash of an item that lost something.
const SUFFIX: usize = 9;

/// A part of a name that comes from an item: lower case, `[a-z0-9-]`, one `-` for all that stands between letters and digits. The flag
/// says that something was lost.
pub fn safe_part(item: &str) -> (Cow<'_, str>, bool) {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if item.bytes().all(plain) {
        return (Cow::Borrowed(item), item.is_empty());
    }
    let mut safe = String::with_capacity(item.len());
    for c in item.chars() {
        if c.is_ascii_alphanumeric() {
            safe.push(c.to_ascii_lowercase());
        } else if !safe.is_empty() && !safe.ends_with('-') {
            safe.push('-');
        }
    }
    safe.truncate(safe.trim_end_matches('-').len());
    (Cow::Owned(safe), true)
}

/// Whether a name that lost nothing may stand as it is.
pub fn stands(name: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_none_or(|byte| b"-._".contains(byte));
    name.len() <= MAX && !edge(name.as_bytes().first()) && !edge(name.as_bytes().last())
}

/// A whole name from its parts joined; `lost` says that a part lost something, `source` is what the hash is taken of.
///
/// At most 63 characters, no `-` or `.` at either end; where anything was lost, `-` and 8 hex digits are appended.
pub fn finish(joined: &str, lost: bool, source: &str) -> String {
    let edge = |c: char| matches!(c, '-' | '.' | '_');
    let trimmed = joined.trim_matches(edge);
    if !lost && stands(joined) {
        return joined.to_owned();
    }
    let room = MAX - SUFFIX;
    let cut = trimmed
        .char_indices()
        .map(|(at, _)| at)
        .find(|at| *at >= room)
        .unwrap_or(trimmed.len());
    let front = trimmed[..cut].trim_end_matches(edge);
    let hash = digest::hex(source.as_bytes(), 4);
    if front.is_empty() {
        format!("x-{hash}")
    } else {
        format!("{front}-{hash}")
    }
}

/// Whether Kubernetes takes a text as the name of an object (RFC 1123 subdomain).
pub fn is_object_name(name: &str) -> bool {
    let is_inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    let is_label = |label: &[u8]| {
        let is_edge = |byte: Option<&u8>| byte.is_some_and(|byte| *byte != b'-');
        is_edge(label.first()) && is_edge(label.last()) && label.iter().all(is_inner)
    };
    name.len() <= 253 && name.as_bytes().split(|byte| *byte == b'.').all(is_label)
}

/// Whether Kubernetes takes a text as a label's value.
pub fn is_label_value(value: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let outer = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    value.len() <= MAX
        && value.chars().all(inner)
        && outer(value.chars().next())
        && outer(value.chars().next_back())
}

/// Whether a text can be a label's key: an optional DNS prefix and a name.
pub fn is_label_key(key: &str) -> bool {
    let (prefix, name) = key
        .rsplit_once('/')
        .map_or((None, key), |(prefix, name)| (Some(prefix), name));
    prefix.is_none_or(is_object_name) && !name.is_empty() && is_label_value(name)
}

/// An object as `kubectl -o name` names it: `job.batch/pi`, `pod/pi`.
pub fn of_object(object: &Value) -> String {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let kind = text("/kind").to_lowercase();
    let group = text("/apiVersion")
        .split_once('/')
        .map(|(group, _)| format!(".{group}"));
    format!(
        "{kind}{}/{}",
        group.unwrap_or_default(),
        text("/metadata/name")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(item: &str) -> String {
        let (part, lost) = safe_part(item);
        finish(&format!("process-item-{part}"), lost, item)
    }

    #[test]
    fn a_safe_item_stands_as_it_is_and_another_one_gets_its_hash() {
        assert_eq!(name("apple"), "process-item-apple");
        assert_eq!(name("Apple"), "process-item-apple-f223faa9");
        assert_eq!(name("data/1.csv"), "process-item-data-1-csv-8946c948");
        assert_ne!(name("a b"), name("a_b"));
        let record = name(r#"{"lr":"1","seed":"2"}"#);
        assert_eq!(record, "process-item-lr-1-seed-2-191529da");
    }

    #[test]
    fn every_name_is_one_that_kubernetes_takes() {
        for item in [
            "",
            "-",
            "a-",
            "é",
            "日本",
            &"x".repeat(200),
            "a\nb",
            ".",
            "A.B",
        ] {
            let name = name(item);
            assert!(
                is_object_name(&name) && name.len() <= MAX,
                "{item:?} gives {name:?}"
            );
        }
        assert!(is_object_name(&finish("", true, "")));
    }

    #[test]
    fn label_values_and_keys() {
        for (value, good) in [("", true), ("a_b.C-1", true), ("-a", false), ("a b", false)] {
            assert_eq!(is_label_value(value), good, "{value:?}");
        }
        for (key, good) in [
            ("jobgroup", true),
            ("example.com/group", true),
            ("", false),
            ("a/b/c", false),
            ("-x", false),
        ] {
            assert_eq!(is_label_key(key), good, "{key:?}");
        }
    }
}
