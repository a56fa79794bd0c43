//! A list that is read as it comes, with its template.

use std::io::BufRead;

use super::tell_skipped;
use crate::items::{Item, ListError, Stream};
use crate::template::Template;

/// A template with items that come one by one.
pub(in crate::cli) struct Streamed {
    /// The compiled template.
    pub(in crate::cli) template: Template,
    /// The items.
    pub(in crate::cli) items: StreamedItems,
}

/// Items as they come; at their end it is said how many were left out.
pub(in crate::cli) struct StreamedItems {
    stream: Stream<Box<dyn BufRead + Send>>,
    is_over: bool,
}

impl StreamedItems {
    pub(super) fn new(stream: Stream<Box<dyn BufRead + Send>>) -> Self {
        Self {
            stream,
            is_over: false,
        }
    }
}

impl Iterator for StreamedItems {
    type Item = Result<Item, ListError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = self.stream.next();
        if next.is_none() {
            self.is_over = true;
            tell_skipped(self.stream.skipped());
        }
        next
    }
}
