//! Several lists into one: every combination, or, with `--link`, the first of each, the second of each, and so on.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::entry::{Entry, Place};
use super::error::{ListError, MAX_ITEMS};

/// A list that is to be combined with others.
pub(super) struct Part {
    /// For messages.
    pub(super) label: String,
    /// The field that its scalars become; none for the fields of records.
    pub(super) field: Option<String>,
    pub(super) entries: Vec<Entry>,
}

/// Every combination, in order: the last list changes fastest.
pub(super) fn product(parts: &[Part]) -> Result<Vec<Entry>, ListError> {
    let lengths = parts.iter().map(|part| part.entries.len());
    let count = lengths.fold(1, usize::saturating_mul);
    if count > MAX_ITEMS {
        let labels: Vec<_> = parts.iter().map(|part| part.label.as_str()).collect();
        return Err(ListError::TooMany {
            origin: labels.join(" times "),
        });
    }
    let origin: Arc<str> = "the combinations".into();
    let combination = |number: usize| {
        let mut rest = number;
        let mut chosen: Vec<&Entry> = Vec::with_capacity(parts.len());
        for part in parts.iter().rev() {
            chosen.push(&part.entries[rest % part.entries.len()]);
            rest /= part.entries.len();
        }
        chosen.reverse();
        merge(parts, &chosen, Place::entry(&origin, number + 1))
    };
    (0..count).map(combination).collect()
}

/// The first of each list, then the second of each; they must be equally long.
pub(super) fn link(parts: &[Part]) -> Result<Vec<Entry>, ListError> {
    let Some((first, others)) = parts.split_first() else {
        return Ok(Vec::new());
    };
    let differs = |part: &&Part| part.entries.len() != first.entries.len();
    if let Some(second) = others.iter().find(differs) {
        return Err(ListError::Lengths {
            first: first.label.clone(),
            first_length: first.entries.len(),
            second: second.label.clone(),
            second_length: second.entries.len(),
        });
    }
    let origin: Arc<str> = "the linked lists".into();
    let linked = |number: usize| {
        let chosen: Vec<_> = parts.iter().map(|part| &part.entries[number]).collect();
        merge(parts, &chosen, Place::entry(&origin, number + 1))
    };
    (0..first.entries.len()).map(linked).collect()
}

/// One record of the fields of all.
fn merge(parts: &[Part], chosen: &[&Entry], place: Place) -> Result<Entry, ListError> {
    let mut record = Map::new();
    for (part, entry) in parts.iter().zip(chosen) {
        let fields: Vec<(&str, &Value)> = match &entry.value {
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| (name.as_str(), value))
                .collect(),
            scalar => vec![(part.field.as_deref().unwrap_or("item"), scalar)],
        };
        for (name, value) in fields {
            if record.insert(name.to_owned(), value.clone()).is_some() {
                let problem = format!(
                    "{} gives a field {name}, and so does a list before it",
                    part.label
                );
                return Err(ListError::syntax(
                    &entry.place,
                    problem,
                    "rename one of them",
                ));
            }
        }
    }
    Ok(Entry {
        value: Value::Object(record),
        place,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::comma_list;
    use super::*;

    fn part(field: &str, list: &str) -> Part {
        Part {
            label: format!("--matrix {field}"),
            field: Some(field.into()),
            entries: comma_list("--matrix", list).expect(list),
        }
    }

    fn values(entries: Result<Vec<Entry>, ListError>) -> Value {
        entries
            .expect("a list")
            .into_iter()
            .map(|entry| entry.value)
            .collect()
    }

    #[test]
    fn the_last_list_changes_fastest() {
        assert_eq!(
            values(product(&[part("a", "1,2"), part("b", "x,y")])),
            json!([{"a": "1", "b": "x"}, {"a": "1", "b": "y"}, {"a": "2", "b": "x"}, {"a": "2", "b": "y"}])
        );
        assert_eq!(
            values(product(&[part("a", "1,2"), part("b", "")])),
            json!([])
        );
    }

    #[test]
    fn linked_lists_go_side_by_side_and_are_equally_long() {
        assert_eq!(
            values(link(&[part("a", "1,2"), part("b", "x,y")])),
            json!([{"a": "1", "b": "x"}, {"a": "2", "b": "y"}])
        );
        let error = link(&[part("a", "1,2"), part("b", "x,y,z")])
            .expect_err("lengths")
            .to_string();
        assert!(
            error.starts_with("--matrix a has 2 items and --matrix b has 3: --link needs lists of one length\nhint:"),
            "{error}"
        );
    }

    #[test]
    fn two_lists_may_not_give_one_field_and_a_product_has_a_bound() {
        let error = link(&[part("a", "1"), part("a", "2")])
            .expect_err("twice")
            .to_string();
        assert!(
            error.contains("--matrix a gives a field a, and so does a list before it"),
            "{error}"
        );
        let long = ["1"; 1000].join(",");
        let parts = ["a", "b", "c"].map(|field| part(field, &long));
        let error = product(&parts).expect_err("a billion").to_string();
        assert!(
            error.starts_with("--matrix a times --matrix b times --matrix c: more than"),
            "{error}"
        );
    }
}
