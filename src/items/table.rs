//! Tables with a header row: each row is a record, each column a field of it.

use std::collections::HashMap;
use std::sync::Arc;

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};
use serde_json::{Map, Value};

use super::entry::{Entry, Place};
use super::error::ListError;
use super::lines::utf8;

/// Reads a table.
pub(super) fn read(origin: &str, bytes: &[u8], delimiter: u8) -> Result<Vec<Entry>, ListError> {
    let text = utf8(origin, bytes)?;
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(Trim::Headers)
        .from_reader(text.as_bytes());
    let header = reader
        .headers()
        .map_err(|error| wrong(origin, &error))?
        .clone();
    check_header(origin, &header)?;
    let origin: Arc<str> = origin.into();
    let (mut entries, mut row) = (Vec::new(), StringRecord::new());
    let (mut line, mut last) = (1, 0);
    while reader
        .read_record(&mut row)
        .map_err(|error| wrong(&origin, &error))?
    {
        let position = row.position().map_or(0, csv::Position::byte);
        let start = first_of_row(text, position as usize);
        line += text[last..start].matches('\n').count();
        last = start;
        entries.push(Entry {
            value: record(&header, &row),
            place: Place::line(&origin, line),
        });
    }
    // An open quote takes all that follows into its field.
    if text.get(last..).unwrap_or("").matches('"').count() % 2 == 1 {
        let place = entries
            .last()
            .map_or(origin.to_string(), |entry| entry.place.to_string());
        let hint = "a double quote that is data is doubled, and its field stands in double quotes";
        return Err(ListError::syntax(
            &place,
            "a double quote is not closed",
            hint,
        ));
    }
    Ok(entries)
}

/// Where a row begins: its position is the end of the row before it, perhaps in the middle of `\r\n`.
fn first_of_row(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or("");
    at + rest.len() - rest.trim_start_matches(['\r', '\n']).len()
}

fn record(header: &StringRecord, row: &StringRecord) -> Value {
    let field = |(name, value): (&str, &str)| (name.to_owned(), Value::from(value));
    Value::Object(header.iter().zip(row).map(field).collect::<Map<_, _>>())
}

fn check_header(origin: &str, header: &StringRecord) -> Result<(), ListError> {
    let place = format!("{origin}:1");
    let mut known = HashMap::with_capacity(header.len());
    for (at, name) in header.iter().enumerate() {
        if name.is_empty() {
            let problem = format!("column {} has no name", at + 1);
            return Err(ListError::syntax(
                &place,
                problem,
                "the first row names the columns",
            ));
        }
        if let Some(first) = known.insert(name, at) {
            let problem = format!(
                "columns {} and {} are both called {name}",
                first + 1,
                at + 1
            );
            return Err(ListError::syntax(&place, problem, "rename one of them"));
        }
    }
    Ok(())
}

fn wrong(origin: &str, error: &csv::Error) -> ListError {
    let line = error.position().map_or(1, csv::Position::line);
    let place = format!("{origin}:{line}");
    match error.kind() {
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => ListError::syntax(
            &place,
            format!("this row has {len} fields, and the header has {expected_len}"),
            "a field with the separator in it stands in double quotes",
        ),
        _ => ListError::syntax(
            &place,
            error.to_string(),
            "expected a table with a header row",
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_row_is_a_record_of_texts() {
        let text = b"\xef\xbb\xbffile, size\r\n\"a,\"\"b\"\"\",1\r\n\r\n\"two\nlines\",012\r\n";
        let entries = read("f.csv", text, b',').expect("a table");
        let values: Vec<_> = entries.iter().map(Entry::value).collect();
        assert_eq!(
            values,
            [
                &json!({"file": "a,\"b\"", "size": "1"}),
                &json!({"file": "two\nlines", "size": "012"})
            ]
        );
        let places: Vec<_> = entries
            .iter()
            .map(|entry| entry.place.to_string())
            .collect();
        assert_eq!(places, ["f.csv:2", "f.csv:4"]);
        let entries = read("f.tsv", b"a\tb\n1,2\t\n", b'\t').expect("a table");
        assert_eq!(entries[0].value, json!({"a": "1,2", "b": ""}));
    }

    #[test]
    fn a_table_that_is_none_is_refused_with_its_line() {
        for (text, expected) in [
            (
                &b"a,b\n1,2\n3\n"[..],
                "f:3: this row has 1 fields, and the header has 2\nhint:",
            ),
            (b"a,\n1,2\n", "f:1: column 2 has no name\nhint:"),
            (b"a,b,a\n", "f:1: columns 1 and 3 are both called a\nhint:"),
            (b"a,b\n1,2\n\"3,4\n5,6\n", "f:3: "),
            (
                b"a\n1\n\"2\n3\n",
                "f:3: a double quote is not closed\nhint:",
            ),
            (b"a\n\xff\n", "f:2:1: this is no UTF-8"),
        ] {
            let error = read("f", text, b',').expect_err("no table").to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        assert_eq!(read("f", b"", b','), Ok(Vec::new()));
    }
}
