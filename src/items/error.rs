//! What is wrong with a list.

use super::seen::ScratchError;

/// The longest item, in bytes: an annotation holds it (all annotations of an object together take 256 KiB).
pub(super) const MAX_ITEM: usize = 128 * 1024;
/// The longest list.
pub(super) const MAX_ITEMS: usize = 10_000_000;

/// What is wrong with a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// A text is not what its format says.
    #[error("{place}: {problem}\nhint: {hint}")]
    Syntax {
        /// Where.
        place: String,
        /// What is wrong.
        problem: String,
        /// What was expected.
        hint: String,
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
    /// A file cannot be read any further.
    #[error("{origin}: cannot read: {problem}")]
    Read {
        /// Which file.
        origin: String,
        /// What the system says.
        problem: String,
    },
    /// An item is too long for an annotation.
    #[error(
        "{origin}: an item of {length} bytes; the longest that fits an object is {MAX_ITEM}\nhint: put the content into a file or a ConfigMap, and its name into the list"
    )]
    TooLong {
        /// Where it stands.
        origin: String,
        /// Its length; of a list that is read as it comes, what was read of it.
        length: usize,
    },
    /// A list is too long.
    #[error("{origin}: more than {MAX_ITEMS} items\nhint: split the list into several groups")]
    TooMany {
        /// Which list.
        origin: String,
    },
    /// Lists that go together are not equally long.
    #[error(
        "{first} has {first_length} items and {second} has {second_length}: --link needs lists of one length\nhint: make them equally long, or leave --link out for every combination"
    )]
    Lengths {
        /// The first list.
        first: String,
        /// Its length.
        first_length: usize,
        /// The list that differs.
        second: String,
        /// Its length.
        second_length: usize,
    },
    /// An item stands in the list twice.
    #[error(
        "item \"{item}\" is there twice, as {first} and as {second}: their Jobs would have one name\nhint: remove one of them, or take the first of each with --skip-duplicates"
    )]
    Twice {
        /// The item, shortened.
        item: String,
        /// Where it stands first.
        first: String,
        /// Where it stands again.
        second: String,
    },
    /// What came before cannot be kept.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
}

impl ListError {
    pub(super) fn syntax(
        place: &(impl ToString + ?Sized),
        problem: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Syntax {
            place: place.to_string(),
            problem: problem.into(),
            hint: hint.into(),
        }
    }
}

/// The front of an item, for a message.
pub(super) fn shorten(item: &str) -> String {
    const MOST: usize = 80;
    match item.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &item[..at]),
        None => item.to_owned(),
    }
}
