//! A list with an item a line, or with NUL between its items.

use std::sync::Arc;

use super::entry::{Entry, Place};
use super::error::ListError;

/// What stands between the items of a plain list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// The end of a line. Blank lines are left out, `\r\n` ends a line too, `#` is data.
    Line,
    /// NUL. Empty items are left out, everything else is data.
    Null,
}

impl Separator {
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Line => b'\n',
            Self::Null => 0,
        }
    }
}

/// Reads a line for each item: blank lines are left out, `\r\n` ends a line too, `#` is data.
pub fn lines(origin: &str, bytes: &[u8]) -> Result<Vec<Entry>, ListError> {
    separated(origin, bytes, Separator::Line)
}

/// Reads a list with a separator.
pub(super) fn separated(
    origin: &str,
    bytes: &[u8],
    separator: Separator,
) -> Result<Vec<Entry>, ListError> {
    let origin: Arc<str> = origin.into();
    let bytes = without_mark(bytes);
    let mut entries = Vec::new();
    for (number, part) in bytes.split(|byte| *byte == separator.byte()).enumerate() {
        entries.extend(entry(&origin, number + 1, part, separator)?);
    }
    Ok(entries)
}

/// The item between two separators, if there is one.
pub(super) fn entry(
    origin: &Arc<str>,
    number: usize,
    part: &[u8],
    separator: Separator,
) -> Result<Option<Entry>, ListError> {
    let (part, place) = match separator {
        Separator::Line => (
            part.strip_suffix(b"\r").unwrap_or(part),
            Place::line(origin, number),
        ),
        Separator::Null => (part, Place::entry(origin, number)),
    };
    let text = std::str::from_utf8(part).map_err(|error| match separator {
        Separator::Line => ListError::Encoding {
            origin: origin.to_string(),
            line: number,
            column: error.valid_up_to() + 1,
        },
        Separator::Null => {
            ListError::syntax(&place, "this is no UTF-8", "names and texts are UTF-8 here")
        }
    })?;
    let is_blank = match separator {
        Separator::Line => text.trim().is_empty(),
        Separator::Null => text.is_empty(),
    };
    Ok((!is_blank).then(|| Entry::text(text, place)))
}

/// A text without the mark that some editors put in front of UTF-8.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// A whole text as UTF-8.
pub(super) fn utf8<'a>(origin: &str, bytes: &'a [u8]) -> Result<&'a str, ListError> {
    let bytes = without_mark(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let good = &bytes[..error.valid_up_to()];
        let last = good
            .rsplit(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        ListError::Encoding {
            origin: origin.into(),
            line: good.split(|byte| *byte == b'\n').count(),
            column: last.len() + 1,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(entries: &[Entry]) -> Vec<&str> {
        let text = |entry| Entry::value(entry).as_str().unwrap_or_default();
        entries.iter().map(text).collect()
    }

    #[test]
    fn lines_may_end_in_cr_and_blank_ones_do_not_count_and_hash_is_data() {
        let entries = lines("f", b"\xef\xbb\xbfa\r\n\n  \n#b\nc d ").expect("text");
        assert_eq!(texts(&entries), ["a", "#b", "c d "]);
        assert_eq!(entries[1].place.to_string(), "f:4");
    }

    #[test]
    fn with_nul_between_them_items_may_hold_anything_else() {
        let entries = separated("-", b"a\nb\0\0 \0c\r\0", Separator::Null).expect("text");
        assert_eq!(texts(&entries), ["a\nb", " ", "c\r"]);
        assert_eq!(entries[2].place.to_string(), "entry 4 of -");
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_line_and_column() {
        let error = lines("f", b"a\nb\xff").expect_err("no UTF-8");
        assert_eq!(error.to_string(), "f:2:2: this is no UTF-8");
        let error = utf8("f", b"a\nbc\xff").expect_err("no UTF-8");
        assert_eq!(error.to_string(), "f:2:3: this is no UTF-8");
        let error = separated("-", b"a\0\xff", Separator::Null).expect_err("no UTF-8");
        assert!(
            error
                .to_string()
                .starts_with("entry 2 of -: this is no UTF-8")
        );
    }
}
