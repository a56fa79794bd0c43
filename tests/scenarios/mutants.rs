//! Checks the harness itself: a case must fail once anything that it expects says something else, or it has a key too many.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::registry;

/// What the format lets a case leave out, or says of a set twice: the end of the place, and the change.
const SAME: &[(&str, &str)] = &[
    ("/errors", "is longer"),
    ("/next", "is shorter"),
    ("/events/N", "lacks message"),
    ("/remove_finalizer", "lacks pods"),
    ("/delete", "lacks pods"),
    ("/create", "lacks pods"),
    ("/create", "lacks generate_name"),
    ("/create", "lacks calls"),
    ("/expect", "lacks create"),
    ("/expect", "lacks requeue_after_seconds"),
    ("/uncountedTerminatedPods/succeeded", "is longer"),
    ("/uncountedTerminatedPods/failed", "is longer"),
    ("/finalizers_include", "is shorter"),
    ("/finalizers_include", "is longer"),
    ("/selector", "has a surplus key"),
    ("/labels", "has a surplus key"),
    ("/nodeSelector", "has a surplus key"),
    ("/containers/N", "has a surplus key"),
];
/// Kinds in which only the listed fields are compared.
const PARTIAL: &[&str] = &["created_pod", "default_job", "default_cronjob"];

/// The changes that were tried.
#[derive(Default)]
pub(crate) struct Mutants {
    tried: BTreeSet<String>,
}

impl Mutants {
    /// Changes a case in every way that no case of its kind was changed in yet, and says of each whether it was noticed.
    pub(crate) fn try_all(&mut self, case: &Value, controller: &str) -> Vec<Result<(), String>> {
        let kind = case["kind"].as_str().unwrap_or_default();
        let mut places = Vec::new();
        walk(case, "", &mut places);
        let mut tried = Vec::new();
        for place in places {
            let node = case.pointer(&place).unwrap_or(&Value::Null);
            for (change, value) in changes(node, is_expected(&place)) {
                let general = general(&place);
                if is_same(kind, &general, &change)
                    || !self.tried.insert(format!("{kind} {general} {change}"))
                {
                    continue;
                }
                let mut mutant = case.clone();
                if let Some(node) = mutant.pointer_mut(&place) {
                    *node = value;
                }
                let unnoticed = || format!("{}: {place} {change}: unnoticed", case["id"]);
                let noticed = registry::run(&mutant, controller).is_err();
                tried.push(noticed.then_some(()).ok_or_else(unnoticed));
            }
        }
        tried
    }
}

fn is_same(kind: &str, place: &str, change: &str) -> bool {
    let listed = |(end, same): &(&str, &str)| place.ends_with(end) && change == *same;
    let partial = PARTIAL.contains(&kind) && place == "/expect" && change.starts_with("lacks");
    partial || SAME.iter().any(listed)
}

/// A place without the positions in lists.
fn general(place: &str) -> String {
    let part = |part: &str| {
        if part.parse::<u32>().is_ok() {
            "N".to_owned()
        } else {
            part.to_owned()
        }
    };
    place.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn is_expected(place: &str) -> bool {
    let step = place
        .strip_prefix("/steps/")
        .and_then(|rest| rest.split_once('/'));
    place.starts_with("/expect") || step.is_some_and(|(_, rest)| rest.starts_with("expect"))
}

fn walk(node: &Value, place: &str, places: &mut Vec<String>) {
    let inner = ["/given", "/expect", "/steps"];
    if inner.iter().any(|prefix| place.starts_with(prefix)) {
        places.push(place.to_owned());
    }
    match node {
        Value::Object(map) => {
            for (key, value) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                walk(value, &format!("{place}/{key}"), places);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                walk(value, &format!("{place}/{index}"), places);
            }
        }
        _ => {}
    }
}

fn changes(node: &Value, expects: bool) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    if let Value::Object(map) = node {
        let mut more = map.clone();
        more.insert("surplus".into(), json!("surplus"));
        all.push(("has a surplus key".into(), more.into()));
    }
    if !expects {
        return all;
    }
    match node {
        Value::Object(map) => {
            for (key, _) in map.iter().filter(|(_, value)| !is_default(value)) {
                let mut less = map.clone();
                less.shift_remove(key);
                all.push((format!("lacks {key}"), less.into()));
            }
            all.push(("is a text".into(), json!("text")));
        }
        Value::Array(list) => {
            all.push(("is a text".into(), json!("text")));
            let mut more = list.clone();
            more.push(list.last().cloned().unwrap_or(json!("surplus")));
            all.push(("is longer".into(), more.into()));
            if let Some((_, less)) = list.split_last() {
                all.push(("is shorter".into(), less.into()));
            }
        }
        Value::Bool(truth) => {
            all.push(("is turned".into(), json!(!truth)));
            all.push(("is a text".into(), json!(truth.to_string())));
        }
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or_default();
            all.push(("is more".into(), json!(number as i64 + 1)));
            all.push(("is a text".into(), json!(number.to_string())));
        }
        Value::String(text) => {
            all.push(("is another".into(), json!(format!("{text}x"))));
            all.push(("is a number".into(), json!(7)));
        }
        Value::Null => all.push(("is a number".into(), json!(7))),
    }
    all
}

/// What an absent key stands for.
fn is_default(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.values().all(is_default),
        Value::Bool(true) => false,
    }
}
