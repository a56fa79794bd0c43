//! Where the keys of block maps stand in a YAML text, by lines and indents alone.
//!
//! It may be wrong about unusual YAML: whoever edits by it must check the result.

use std::ops::Range;

/// A text in lines.
pub(super) struct Outline<'a> {
    lines: Vec<Line<'a>>,
    /// For each line, the last one before it that is indented less.
    parents: Vec<Option<usize>>,
}

/// One line.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    /// Where it begins in the text.
    pub(super) start: usize,
    /// Without its end.
    pub(super) text: &'a str,
    /// Blanks before the first character; `usize::MAX` for a blank line.
    pub(super) indent: usize,
}

/// The lines of a block map, and the indent of its keys.
#[derive(Clone)]
pub(super) struct Block {
    lines: Range<usize>,
    pub(super) indent: usize,
}

/// What stands at a key.
pub(super) enum Found {
    /// A map in block style.
    Block(Block),
    /// A value on the key's line: its place in the text.
    Inline(Range<usize>),
    /// Something else.
    Other,
}

impl<'a> Outline<'a> {
    /// Reads the lines of a text.
    pub(super) fn new(text: &'a str) -> Self {
        let mut start = 0;
        let lines = text.split_inclusive('\n').map(|whole| {
            let text = whole.trim_end_matches(['\n', '\r']);
            let line = Line {
                start,
                text,
                indent: text.find(|c| c != ' ').unwrap_or(usize::MAX),
            };
            start += whole.len();
            line
        });
        let lines: Vec<_> = lines.collect();
        let parents = parents(&lines);
        Self { lines, parents }
    }

    /// The lines that a line stands below, from the inside out.
    pub(super) fn above(&self, line: usize) -> impl Iterator<Item = usize> {
        let parent = |line: &usize| self.parents.get(*line).copied().flatten();
        std::iter::successors(parent(&line), parent)
    }

    /// The lines.
    pub(super) fn lines(&self) -> &[Line<'a>] {
        &self.lines
    }

    /// The number of the line that holds a place.
    pub(super) fn line_at(&self, at: usize) -> usize {
        self.lines
            .partition_point(|line| line.start <= at)
            .saturating_sub(1)
    }

    /// The whole text as a map.
    pub(super) fn root(&self) -> Option<Block> {
        let first = self.lines.iter().find(|line| line.is_content())?;
        Some(Block {
            lines: 0..self.lines.len(),
            indent: first.indent,
        })
    }

    /// What stands at a key of a map.
    pub(super) fn child(&self, block: &Block, key: &str) -> Option<Found> {
        let at = block.lines.clone().find(|at| {
            let line = self.lines[*at];
            line.indent == block.indent && line.after_key(key).is_some()
        })?;
        let line = self.lines[at];
        let value = line.after_key(key)?;
        if !value.is_empty() {
            let from = line.start + line.text.rfind(value)?;
            return Some(Found::Inline(from..from + value.len()));
        }
        let end = (at + 1..block.lines.end)
            .find(|at| self.lines[*at].is_content() && self.lines[*at].indent <= block.indent)
            .unwrap_or(block.lines.end);
        let first = (at + 1..end).find(|at| self.lines[*at].is_content());
        Some(match first {
            Some(first) if !self.lines[first].text.trim_start().starts_with('-') => {
                Found::Block(Block {
                    lines: first..end,
                    indent: self.lines[first].indent,
                })
            }
            _ => Found::Other,
        })
    }

    /// Where a map begins.
    pub(super) fn start(&self, block: &Block) -> Option<usize> {
        self.lines.get(block.lines.start).map(|line| line.start)
    }

    /// Where a new key of a map can stand: after its last line.
    pub(super) fn end(&self, block: &Block) -> Option<usize> {
        let mut lines = block.lines.clone().rev().map(|at| self.lines[at]);
        let last = lines.find(|line| line.indent != usize::MAX && line.indent >= block.indent)?;
        let next = self.lines.iter().find(|line| line.start > last.start);
        Some(next.map_or(last.start + last.text.len() + 1, |line| line.start))
    }
}

fn parents(lines: &[Line<'_>]) -> Vec<Option<usize>> {
    let mut open: Vec<usize> = Vec::new();
    let parent = |(at, line): (usize, &Line<'_>)| {
        while open
            .last()
            .is_some_and(|last| lines[*last].indent >= line.indent)
        {
            open.pop();
        }
        let parent = open.last().copied();
        if line.indent != usize::MAX {
            open.push(at);
        }
        parent
    };
    lines.iter().enumerate().map(parent).collect()
}

impl Line<'_> {
    /// Neither blank nor a comment.
    fn is_content(&self) -> bool {
        self.indent != usize::MAX && !self.text[self.indent..].starts_with('#')
    }

    /// The text after a key that begins this line, without a comment.
    fn after_key(&self, key: &str) -> Option<&str> {
        let content = self.text.get(self.indent..)?;
        let rest = content.strip_prefix(key).or_else(|| {
            let quoted = content.strip_prefix('"')?.strip_prefix(key)?;
            quoted.strip_prefix('"')
        })?;
        let rest = rest.strip_prefix(':')?;
        if !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
            return None;
        }
        let rest = rest.trim_start();
        let rest = if rest.starts_with('#') { "" } else { rest };
        Some(rest.split(" #").next().unwrap_or("").trim_end())
    }

    /// The column at which a key or an entry of this line begins, after any dashes.
    pub(super) fn column(&self) -> usize {
        let mut column = self.indent;
        while let Some(rest) = self
            .text
            .get(column..)
            .and_then(|rest| rest.strip_prefix("- "))
        {
            let blanks = rest.len() - rest.trim_start_matches(' ').len();
            if rest.trim_start().starts_with(['|', '>']) {
                break;
            }
            column += 2 + blanks;
        }
        column
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# a job\nkind: Job\nmetadata:\n  # its name\n  name: p # short\n\n  labels:\n    a: b\nspec:\n  list:\n  - x\n";

    #[test]
    fn keys_are_found_at_their_own_level() {
        let outline = Outline::new(TEXT);
        let root = outline.root().expect("a map");
        let Some(Found::Block(metadata)) = outline.child(&root, "metadata") else {
            panic!("a map")
        };
        let Some(Found::Inline(name)) = outline.child(&metadata, "name") else {
            panic!("a value")
        };
        assert_eq!(&TEXT[name], "p");
        assert!(outline.child(&root, "name").is_none());
        assert_eq!(
            outline.end(&metadata).map(|at| &TEXT[at..at + 5]),
            Some("spec:")
        );
        let Some(Found::Block(spec)) = outline.child(&root, "spec") else {
            panic!("a map")
        };
        assert!(matches!(outline.child(&spec, "list"), Some(Found::Other)));
        assert_eq!(outline.end(&spec), Some(TEXT.len()));
    }
}
