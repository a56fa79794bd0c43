//! The format of scenarios, read from `shapes.yaml`: what does not have it is not understood.

use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// Kinds, and the shapes that they share.
static SHAPES: LazyLock<Value> = LazyLock::new(|| {
    serde_yaml::from_str(include_str!("shapes.yaml")).expect("shapes.yaml is YAML")
});

/// Checks the parts of a case; the error says where it differs.
pub(crate) fn check(kind: &str, case: &Value) -> Result<(), String> {
    let parts = SHAPES.get(kind).and_then(Value::as_object);
    let parts = parts.ok_or_else(|| format!("kind `{kind}` is not understood"))?;
    ["given", "steps", "expect"]
        .iter()
        .try_for_each(|part| match (parts.get(*part), &case[part]) {
            (Some(shape), value) => matches(shape, value, part),
            (None, Value::Null) => Ok(()),
            (None, _) => Err(format!("{part} is not understood")),
        })
}

fn matches(shape: &Value, value: &Value, place: &str) -> Result<(), String> {
    match shape {
        _ if value.is_null() => Ok(()),
        Value::String(name) => leaf(name, value, place),
        Value::Array(shapes) => {
            let list = value.as_array();
            let list = list.ok_or_else(|| format!("{place} is {value}, not a list"))?;
            let mut entries = list.iter().enumerate();
            entries
                .try_for_each(|(at, entry)| matches(&shapes[0], entry, &format!("{place}[{at}]")))
        }
        Value::Object(keys) => {
            let map = value.as_object();
            mapping(
                keys,
                map.ok_or_else(|| format!("{place} is {value}, not a mapping"))?,
                place,
            )
        }
        other => Err(format!("{place}: {other} is no shape")),
    }
}

fn mapping(keys: &Map<String, Value>, map: &Map<String, Value>, place: &str) -> Result<(), String> {
    for (key, value) in map {
        let known = [key.as_str(), &format!("{key}!"), "*"];
        let shape = known.iter().find_map(|known| keys.get(*known));
        let shape = shape.ok_or_else(|| format!("{place}: key `{key}` is not understood"))?;
        matches(shape, value, &format!("{place}.{key}"))?;
    }
    let needed = keys.keys().filter_map(|key| key.strip_suffix('!'));
    match needed.into_iter().find(|key| !map.contains_key(*key)) {
        Some(key) => Err(format!("{place}: key `{key}` is missing")),
        None => Ok(()),
    }
}

fn leaf(name: &str, value: &Value, place: &str) -> Result<(), String> {
    let good = match name {
        "any" => true,
        "number" => value.is_number(),
        "truth" => value.is_boolean(),
        "text" => value.is_string(),
        "instant" => value
            .as_str()
            .is_some_and(|text| text.parse::<Timestamp>().is_ok()),
        shared => {
            let shape = SHAPES.get(shared);
            return matches(
                shape.ok_or_else(|| format!("{shared} is no shape"))?,
                value,
                place,
            );
        }
    };
    good.then_some(())
        .ok_or_else(|| format!("{place} is {value}, not of type {name}"))
}
