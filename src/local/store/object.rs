//! Parts of an object's metadata that the rules of the store look at.

use serde_json::Value;

/// Text at a pointer, or nothing.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer)?.as_str()
}

/// The list at a pointer; absent is empty.
pub(super) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Uids of all owners.
pub(super) fn owner_uids(object: &Value) -> Vec<String> {
    list(object, "/metadata/ownerReferences")
        .iter()
        .filter_map(|owner| text(owner, "/uid").map(str::to_owned))
        .collect()
}

/// Whether any finalizer is left.
pub(super) fn has_finalizers(object: &Value) -> bool {
    !list(object, "/metadata/finalizers").is_empty()
}

/// Whether deletion was asked for.
pub(super) fn is_deleting(object: &Value) -> bool {
    text(object, "/metadata/deletionTimestamp").is_some()
}

/// Whether deletion was asked for and nothing holds the object any more.
pub(super) fn may_go(object: &Value) -> bool {
    let grace = object
        .pointer("/metadata/deletionGracePeriodSeconds")
        .and_then(Value::as_i64);
    is_deleting(object) && !has_finalizers(object) && grace.unwrap_or(0) == 0
}

/// A name that DNS takes (RFC 1123 subdomain, at most 253 characters).
pub(super) fn is_name(name: &str) -> bool {
    let label = |label: &str| {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        !label.is_empty()
            && label.chars().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// An instant as Kubernetes writes it.
pub(super) fn instant(time: jiff::Timestamp) -> Value {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dns_subdomains() {
        for (name, good) in [
            ("process-item-apple", true),
            ("a.b", true),
            ("", false),
            ("-a", false),
            ("a-", false),
            ("A", false),
            ("a..b", false),
            ("a_b", false),
        ] {
            assert_eq!(is_name(name), good, "{name}");
        }
        assert!(!is_name(&"a".repeat(254)));
    }
}
