//! The `$NAME`s that the records of a list provide.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::entry::Entry;
use super::error::ListError;
use super::item::variable_name;

/// The names, in the order in which they come first.
pub(super) fn variables(entries: &[Entry]) -> Result<Vec<String>, ListError> {
    let mut names = Vec::new();
    let mut last: Option<&Map<String, Value>> = None;
    for entry in entries {
        let Value::Object(fields) = &entry.value else {
            continue;
        };
        // As a rule all records have the same fields.
        if last.is_some_and(|last| last.keys().eq(fields.keys())) {
            continue;
        }
        of_record(fields, entry, &mut names)?;
        last = Some(fields);
    }
    Ok(names)
}

fn of_record(
    fields: &Map<String, Value>,
    entry: &Entry,
    names: &mut Vec<String>,
) -> Result<(), ListError> {
    let mut own: HashMap<String, &str> = HashMap::new();
    let mut known: HashSet<String> = names.iter().cloned().collect();
    for field in fields.keys() {
        let Some(name) = variable_name(field) else {
            continue;
        };
        if let Some(other) = own.insert(name.clone(), field) {
            let problem = format!("the fields `{other}` and `{field}` are both ${name}");
            return Err(ListError::syntax(
                &entry.place,
                problem,
                "rename one of them",
            ));
        }
        if known.insert(name.clone()) {
            names.push(name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::*;

    #[test]
    fn names_come_in_the_order_of_the_fields_and_once() {
        let text = b"{\"b\":1,\"file name\":2}\n\"x\"\n{\"a\":1,\"b\":2,\"\xc3\xa9\":3}\n";
        let entries = Format::Jsonl.read("f", text).expect("a list");
        assert_eq!(
            variables(&entries),
            Ok(["B", "FILE_NAME", "A"].map(str::to_owned).into())
        );
    }

    #[test]
    fn two_fields_with_one_name_are_refused() {
        let entries = Format::Csv.read("f", b"a b,a_b\n1,2\n").expect("a table");
        let error = variables(&entries).expect_err("one name").to_string();
        assert_eq!(
            error,
            "f:2: the fields `a b` and `a_b` are both $A_B\nhint: rename one of them"
        );
    }
}
