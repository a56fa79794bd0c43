//! `--items a,b,"c,d"`: one CSV record.

use std::sync::Arc;

use super::entry::{Entry, Place};
use super::error::ListError;

const HINT: &str = "an item with a comma stands in double quotes, and a quote in it is doubled";

/// Reads `a,b,"c,d"`, as one CSV record; empty entries are left out.
pub fn comma_list(origin: &str, text: &str) -> Result<Vec<Entry>, ListError> {
    let fields = fields(origin, text)?;
    let origin: Arc<str> = origin.into();
    let entry = |(at, field)| Entry::text(field, Place::entry(&origin, at + 1));
    Ok(fields.into_iter().enumerate().map(entry).collect())
}

fn fields(origin: &str, text: &str) -> Result<Vec<String>, ListError> {
    if text.matches('"').count() % 2 == 1 {
        return Err(ListError::syntax(
            origin,
            "a double quote is not closed",
            HINT,
        ));
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut fields = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| ListError::syntax(origin, error.to_string(), HINT))?;
        fields.extend(
            record
                .iter()
                .filter(|field| !field.is_empty())
                .map(str::to_owned),
        );
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_list_is_a_csv_record() {
        for (text, expected) in [
            ("apple,banana,cherry", &["apple", "banana", "cherry"][..]),
            (r#""a,b",c,"d""e""#, &["a,b", "c", "d\"e"]),
            ("a,,b,", &["a", "b"]),
            (" a , b", &[" a ", " b"]),
            ("\"a\nb\",c", &["a\nb", "c"]),
            ("", &[]),
        ] {
            let read = comma_list("--items", text).expect(text);
            let texts: Vec<_> = read.iter().map(|entry| entry.value.as_str()).collect();
            assert_eq!(
                texts,
                expected.iter().copied().map(Some).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn an_open_quote_is_an_error_and_places_count_from_one() {
        let error = comma_list("--items", "\"a,b").expect_err("open");
        assert!(
            error
                .to_string()
                .starts_with("--items: a double quote is not closed\nhint:")
        );
        let read = comma_list("--items", "a,b").expect("a list");
        assert_eq!(read[1].place.to_string(), "entry 2 of --items");
    }
}
