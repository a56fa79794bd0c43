//! A plain list that is read as it comes: an item is there as soon as its line is, and memory does not grow.

use std::io::{BufRead, Read};
use std::sync::Arc;

use super::entry::{Entry, Place};
use super::error::{ListError, MAX_ITEM, MAX_ITEMS};
use super::lines::{Separator, entry, without_mark};
use super::select::{check, twice};
use super::{Item, MakeScratch, Seen, item};

/// Items from a reader that the shell has opened. The length of the list is not known before its end, so its items have no
/// count; samples need the whole list too.
pub struct Stream<R> {
    reader: R,
    origin: Arc<str>,
    separator: Separator,
    skip_duplicates: bool,
    limit: usize,
    /// Separators so far.
    number: usize,
    /// Items so far.
    index: usize,
    skipped: usize,
    seen: Seen,
    part: Vec<u8>,
}

impl<R: BufRead> Stream<R> {
    /// A list from a reader; `origin` is its name, for messages.
    pub fn new(origin: &str, reader: R, separator: Separator) -> Self {
        Self {
            reader,
            origin: origin.into(),
            separator,
            skip_duplicates: false,
            limit: usize::MAX,
            number: 0,
            index: 0,
            skipped: 0,
            seen: Seen::default(),
            part: Vec::new(),
        }
    }

    /// Leaves out an item that comes again, which is an error otherwise.
    pub fn skip_duplicates(mut self, skip: bool) -> Self {
        self.skip_duplicates = skip;
        self
    }

    /// Keeps what does not fit into memory where `make` says.
    pub fn scratch(mut self, make: MakeScratch) -> Self {
        self.seen = Seen::new(make);
        self
    }

    /// Ends after this many items.
    pub fn limit(mut self, limit: Option<usize>) -> Self {
        self.limit = limit.unwrap_or(usize::MAX);
        self
    }

    /// How many duplicates were left out so far.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    fn next_item(&mut self) -> Result<Option<Item>, ListError> {
        while self.index < self.limit && self.read_part()? {
            let part = match self.number {
                1 => without_mark(&self.part),
                _ => &self.part,
            };
            let Some(entry) = entry(&self.origin, self.number, part, self.separator)? else {
                continue;
            };
            check(&entry)?;
            if self.is_new(&entry)? {
                return self.numbered(entry).map(Some);
            }
        }
        Ok(None)
    }

    /// Reads up to a separator; `false` at the end.
    fn read_part(&mut self) -> Result<bool, ListError> {
        self.part.clear();
        // Room for the longest item, a carriage return and the separator.
        let most = MAX_ITEM + 2;
        let separator = self.separator.byte();
        let mut bounded = (&mut self.reader).take(most as u64);
        let count = bounded.read_until(separator, &mut self.part);
        let count = count.map_err(|error| ListError::Read {
            origin: self.origin.to_string(),
            problem: error.to_string(),
        })?;
        self.number += 1;
        if self.part.last() == Some(&separator) {
            self.part.pop();
        } else if count == most {
            return Err(ListError::TooLong {
                origin: self.place().to_string(),
                length: count,
            });
        }
        Ok(count > 0)
    }

    fn is_new(&mut self, entry: &Entry) -> Result<bool, ListError> {
        let text = item::text(&entry.value);
        match self.seen.take(&*text, self.number)? {
            None => Ok(true),
            Some(_) if self.skip_duplicates => {
                self.skipped += 1;
                Ok(false)
            }
            Some(first) => {
                let first = match self.separator {
                    Separator::Line => Place::line(&self.origin, first),
                    Separator::Null => Place::entry(&self.origin, first),
                };
                Err(twice(&text, &first, &entry.place))
            }
        }
    }

    fn numbered(&mut self, entry: Entry) -> Result<Item, ListError> {
        if self.index == MAX_ITEMS {
            return Err(ListError::TooMany {
                origin: self.origin.to_string(),
            });
        }
        self.index += 1;
        Ok(Item {
            index: self.index - 1,
            count: None,
            value: entry.value,
        })
    }

    fn place(&self) -> Place {
        match self.separator {
            Separator::Line => Place::line(&self.origin, self.number),
            Separator::Null => Place::entry(&self.origin, self.number),
        }
    }
}

impl<R: BufRead> Iterator for Stream<R> {
    type Item = Result<Item, ListError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_item().transpose();
        if matches!(next, Some(Err(_))) {
            // What follows an error is not part of any list.
            self.limit = 0;
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Format, unique};
    use super::*;

    fn stream(bytes: &[u8]) -> Stream<&[u8]> {
        Stream::new("f", bytes, Separator::Line)
    }

    #[test]
    fn a_list_may_end_early_and_skip_what_comes_again() {
        let texts = |stream: Stream<&[u8]>| {
            let items = stream.map(|item| item.map(|item| (item.index, item.text().into_owned())));
            items.collect::<Result<Vec<_>, _>>().expect("items")
        };
        let again = stream(b"a\nb\na\nc").skip_duplicates(true);
        assert_eq!(
            texts(again),
            [(0, "a".into()), (1, "b".into()), (2, "c".into())]
        );
        assert_eq!(texts(stream(b"a\nb\nc").limit(Some(1))), [(0, "a".into())]);
        assert_eq!(texts(stream(b"a\nb\na").limit(Some(2))).len(), 2);
    }

    #[test]
    fn an_error_ends_it() {
        for (bytes, expected) in [
            (
                b"a\nb\n\na\nc".to_vec(),
                "item \"a\" is there twice, as f:1 and as f:4:",
            ),
            (b"a\nb\xff\nc".to_vec(), "f:2:2: this is no UTF-8"),
            (
                [b"a\n", "x".repeat(1 << 20).as_bytes()].concat(),
                "f:2: an item of 131074 bytes;",
            ),
            (b"a\nb\0\nc".to_vec(), "f:2: this item holds a NUL"),
        ] {
            let mut stream = stream(&bytes).skip_while(Result::is_ok);
            let error = stream
                .next()
                .and_then(Result::err)
                .expect("an error")
                .to_string();
            assert!(error.starts_with(expected), "{error}");
            assert_eq!(stream.next(), None);
        }
    }

    proptest! {
        #[test]
        fn it_reads_what_the_whole_list_reads(bytes in "(\u{feff}|)[ab#\r\n\t é]{0,40}") {
            for (format, separator) in [(Format::Lines, Separator::Line), (Format::Null, Separator::Null)] {
                let bytes = bytes.replace('\t', if format == Format::Null { "\0" } else { "\t" });
                let whole = format.read("f", bytes.as_bytes()).and_then(unique);
                let streamed: Result<Vec<_>, _> = Stream::new("f", bytes.as_bytes(), separator).collect();
                let whole = whole.map(|items| items.into_iter().map(|item| Item { count: None, ..item }).collect::<Vec<_>>());
                prop_assert_eq!(whole, streamed);
            }
        }
    }
}
