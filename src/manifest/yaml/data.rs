//! Reading YAML as data rather than as a manifest: texts stay what they are written as.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::read::{MAX_ANCHORED, YamlError, error};

/// Nodes in a text: ten million items, or a million records.
const MAX_NODES: usize = 20_000_000;

/// Reads one document. `on` and `no` are texts, as in YAML 1.2, and a number whose text would change (`012`, `1.10`, `1e3`)
/// is a text too.
pub fn data(text: &str) -> Result<Value, YamlError> {
    let wrong = |found| error(&found, 0);
    let value: Option<Value> = serde_yaml::from_str_with_options(text, options()).map_err(wrong)?;
    let value = value.unwrap_or_default();
    if !holds_number(&value) {
        return Ok(value);
    }
    serde_yaml::with_deserializer_from_str_with_options(text, options(), |deserializer| {
        Exact(&value).deserialize(deserializer)
    })
    .map_err(wrong)
}

fn options() -> serde_yaml::Options {
    serde_yaml::options! {
        strict_booleans: true,
        budget: serde_yaml::budget! {
            max_nodes: MAX_NODES,
            max_events: 2 * MAX_NODES,
            // What is below an anchor is kept, so that an alias can be read as the same again.
            max_recorded_anchor_events: MAX_ANCHORED,
        },
    }
}

fn holds_number(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::Array(list) => list.iter().any(holds_number),
        Value::Object(map) => map.values().any(holds_number),
        _ => false,
    }
}

/// Reads the same text again, with numbers as they are written; the value says where they are.
struct Exact<'a>(&'a Value);

impl<'de> DeserializeSeed<'de> for Exact<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.0 {
            Value::Array(_) => deserializer.deserialize_seq(self),
            Value::Object(_) => deserializer.deserialize_map(self),
            Value::Number(_) => deserializer.deserialize_str(self),
            other => deserializer
                .deserialize_ignored_any(IgnoredAny)
                .map(|_| other.clone()),
        }
    }
}

impl<'de> Visitor<'de> for Exact<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("the same as at the first reading")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        let written = self.0.to_string();
        Ok(if written == text {
            self.0.clone()
        } else {
            Value::from(text)
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let known = self.0.as_array().map_or(&[][..], Vec::as_slice);
        let mut list = Vec::with_capacity(known.len());
        for value in known {
            list.extend(access.next_element_seed(Exact(value))?);
        }
        // The end of the list has to be read too.
        access.next_element::<IgnoredAny>()?;
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let value = access.next_value_seed(Exact(&self.0[key.as_str()]))?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_numbers_only_if_their_text_says_all() {
        for (text, value) in [
            ("1", json!(1)),
            ("-1.5", json!(-1.5)),
            ("1.10", json!("1.10")),
            ("012", json!("012")),
            ("1_000", json!("1_000")),
            ("0x1F", json!("0x1F")),
            ("1e3", json!("1e3")),
            ("12345678901234567890123", json!("12345678901234567890123")),
            ("yes", json!("yes")),
            ("true", json!(true)),
            ("~", json!(null)),
            ("2026-01-01", json!("2026-01-01")),
        ] {
            let read = data(&format!("k: 1\nv: {text}\n"));
            assert_eq!(read, Ok(json!({"k": 1, "v": value})), "{text}");
        }
    }

    #[test]
    fn what_json_has_no_number_for_is_refused() {
        for text in [".inf", "1e400"] {
            assert!(data(&format!("v: {text}\n")).is_err(), "{text}");
        }
    }

    #[test]
    fn aliases_and_merged_maps_are_read_alike_twice() {
        let text = "base: &base {n: 1, v: 1.10}\nlist: [*base, {<<: *base, v: 2}]\n";
        assert_eq!(
            data(text),
            Ok(json!({
                "base": {"n": 1, "v": "1.10"},
                "list": [{"n": 1, "v": "1.10"}, {"n": 1, "v": 2}]
            }))
        );
    }
}
