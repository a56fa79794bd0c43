//! What can be wrong with a template, or with an item that goes into it.

use crate::items::ScratchError;

/// Where and what; every message says what was expected or what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The text is no YAML.
    #[error("{file}:{line}:{column}: this is not YAML: {problem}")]
    Yaml {
        /// Which file.
        file: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the parser says.
        problem: String,
    },
    /// The text is no Jinja, or an expression in it fails.
    #[error("{file}:{line}:{column}: {problem}")]
    Jinja {
        /// Which file.
        file: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What MiniJinja says.
        problem: String,
    },
    /// A rule about the template is broken at a place that is known.
    #[error("{file}:{line}:{column}: {problem}\nhint: {hint}")]
    Rule {
        /// Which file.
        file: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// A rule about the template as a whole is broken.
    #[error("{file}: {problem}\nhint: {hint}")]
    Whole {
        /// Which files.
        file: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// An item does not fit.
    #[error("item {number} \"{item}\": {problem}\nhint: {hint}")]
    Item {
        /// From 1.
        number: usize,
        /// The item, shortened.
        item: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        hint: String,
    },
    /// The names that came before cannot be kept.
    #[error(transparent)]
    Scratch(#[from] ScratchError),
}

/// Line and column, both from 1, of a byte offset.
pub(super) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

/// The front of an item, for a message.
pub(super) fn shorten(item: &str) -> String {
    const MOST: usize = 80;
    if item.chars().count() <= MOST {
        return item.to_owned();
    }
    item.chars().take(MOST).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_one() {
        assert_eq!(place("ab\ncd", 0), (1, 1));
        assert_eq!(place("ab\ncd", 4), (2, 2));
    }
}
