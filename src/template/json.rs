//! JSON as the digest is taken of: sorted keys, no blanks.

use serde_json::Value;

use crate::manifest::yaml;

/// The canonical JSON of a value.
pub(super) fn value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            out.push(b'{');
            for (number, (key, value)) in entries.into_iter().enumerate() {
                out.extend_from_slice(if number > 0 { b"," } else { b"" });
                string(key, out);
                out.push(b':');
                self::value(value, out);
            }
            out.push(b'}');
        }
        Value::Array(list) => {
            out.push(b'[');
            for (number, value) in list.iter().enumerate() {
                out.extend_from_slice(if number > 0 { b"," } else { b"" });
                self::value(value, out);
            }
            out.push(b']');
        }
        Value::String(text) => string(text, out),
        other => out.extend_from_slice(other.to_string().as_bytes()),
    }
}

/// A string as JSON.
pub(super) fn string(text: &str, out: &mut Vec<u8>) {
    if yaml::stands_in_quotes(text) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(Value::from(text).to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_sorted_at_every_level_and_strings_are_json() {
        let mut out = Vec::new();
        value(
            &json!({"b": [1, {"d": null, "c": "\"x\"\n"}], "a": true}),
            &mut out,
        );
        assert_eq!(
            String::from_utf8_lossy(&out),
            r#"{"a":true,"b":[1,{"c":"\"x\"\n","d":null}]}"#
        );
    }
}
