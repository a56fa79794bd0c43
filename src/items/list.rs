//! Items from a comma list, and from lines; and the check that none comes twice.

use std::collections::BTreeMap;

use super::Item;

/// The longest item, in bytes: an annotation holds it (all annotations of an object together take 256 KiB).
const MAX_ITEM: usize = 128 * 1024;

/// What is wrong with a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// A comma list is no CSV record.
    #[error(
        "{origin}: {problem}\nhint: an item with a comma stands in double quotes, and a quote in it is doubled"
    )]
    Comma {
        /// Which list.
        origin: String,
        /// What is wrong.
        problem: String,
    },
    /// A text is not UTF-8.
    #[error("{origin}:{line}:{column}: this is no UTF-8")]
    Encoding {
        /// Which file.
        origin: String,
        /// From 1.
        line: usize,
        /// From 1, in bytes.
        column: usize,
    },
    /// An item is too long for an annotation.
    #[error(
        "{origin}: an item of {length} bytes; the longest that fits an object is {MAX_ITEM}\nhint: put the content into a file or a ConfigMap, and its name into the list"
    )]
    TooLong {
        /// Where it stands.
        origin: String,
        /// Its length.
        length: usize,
    },
    /// An item stands in the list twice.
    #[error(
        "item \"{item}\" is there twice, as {first} and as {second}: their Jobs would have one name\nhint: remove one of them"
    )]
    Twice {
        /// The item, shortened.
        item: String,
        /// Where it stands first.
        first: String,
        /// Where it stands again.
        second: String,
    },
}

/// A raw item, and where it was read: `file:line`, or the number of a comma list's entry.
pub type Entry = (String, String);

/// Reads `a,b,"c,d"`, as one CSV record; empty entries are left out.
pub fn comma_list(origin: &str, text: &str) -> Result<Vec<Entry>, ListError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let wrong = |problem: String| ListError::Comma {
        origin: origin.into(),
        problem,
    };
    if text.matches('"').count() % 2 == 1 {
        return Err(wrong("a double quote is not closed".into()));
    }
    let mut entries = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| wrong(error.to_string()))?;
        for field in record.iter().filter(|field| !field.is_empty()) {
            let place = format!("entry {} of {origin}", entries.len() + 1);
            entries.push((field.to_owned(), place));
        }
    }
    Ok(entries)
}

/// Reads a line for each item: blank lines are left out, `\r\n` ends a line too, `#` is data.
pub fn lines(origin: &str, bytes: &[u8]) -> Result<Vec<Entry>, ListError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut entries = Vec::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = std::str::from_utf8(line).map_err(|error| ListError::Encoding {
            origin: origin.into(),
            line: number + 1,
            column: error.valid_up_to() + 1,
        })?;
        if !text.trim().is_empty() {
            entries.push((text.to_owned(), format!("{origin}:{}", number + 1)));
        }
    }
    Ok(entries)
}

/// Numbers the entries, and refuses one that comes twice or is too long.
pub fn unique(entries: Vec<Entry>) -> Result<Vec<Item>, ListError> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (text, place) in &entries {
        if text.len() > MAX_ITEM {
            return Err(ListError::TooLong {
                origin: place.clone(),
                length: text.len(),
            });
        }
        if let Some(first) = seen.insert(text, place) {
            return Err(ListError::Twice {
                item: text.chars().take(80).collect(),
                first: first.to_owned(),
                second: place.clone(),
            });
        }
    }
    Ok(entries
        .into_iter()
        .enumerate()
        .map(|(index, (text, _))| Item::scalar(index, text))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|(text, _)| text.as_str()).collect()
    }

    #[test]
    fn a_comma_list_is_a_csv_record() {
        let read = |text| comma_list("--items", text).expect(text);
        assert_eq!(
            texts(&read("apple,banana,cherry")),
            ["apple", "banana", "cherry"]
        );
        assert_eq!(texts(&read(r#""a,b",c,"d""e""#)), ["a,b", "c", "d\"e"]);
        assert_eq!(texts(&read("a,,b,")), ["a", "b"]);
        assert!(comma_list("--items", "\"a,b").is_err());
    }

    #[test]
    fn lines_may_end_in_cr_and_blank_ones_do_not_count_and_hash_is_data() {
        let entries = lines("f", b"\xef\xbb\xbfa\r\n\n  \n#b\nc d").expect("text");
        assert_eq!(texts(&entries), ["a", "#b", "c d"]);
        assert_eq!(entries[1].1, "f:4");
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_line_and_column() {
        let error = lines("f", b"a\nb\xff").expect_err("no UTF-8");
        assert_eq!(error.to_string(), "f:2:2: this is no UTF-8");
    }

    #[test]
    fn an_item_that_comes_twice_is_refused_with_both_places() {
        let error = unique(lines("f", b"a\nb\na").expect("text")).expect_err("twice");
        assert!(
            error
                .to_string()
                .starts_with("item \"a\" is there twice, as f:1 and as f:3:"),
            "{error}"
        );
    }
}
