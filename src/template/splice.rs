//! The template's own text as segments: comments, order and style stay, values and our labels are spliced in.
//!
//! Places are found by lines and quotes; then the result is filled with hostile values, parsed and compared with the tree. Where that
//! fails the tree is written in the tool's own style instead, so that an unusual template costs its comments and nothing else.

use std::collections::BTreeMap;
use std::ops::Range;

use super::outline::{Block, Found, Line, Outline};
use super::segment::{self, Segment, Style, fixed};
use super::slot::{Filling, Piece, Role, Slot};
use super::token;
use super::tree::{self, Key, Node};
use crate::items::Item;
use crate::manifest::yaml;

/// Values that break a text in which any slot is not written for its place.
const PROBES: [&str; 2] = ["a: b\n# \"c', on]\\", "x, y}]"];

/// Bytes that are looked at for all slots together: a line is looked at again for each of its slots.
const MAX_LOOKED_AT: usize = 16 << 20;

/// A place in the text, and what is to stand there.
struct Edit {
    range: Range<usize>,
    with: Vec<Segment>,
}

/// The text with tokens as segments that write the tree `after`; `before` is the tree of the text as it stands.
pub(super) fn splice(
    text: &str,
    before: &Node,
    after: &Node,
    piece: &dyn Fn(usize) -> Piece,
) -> Option<Vec<Segment>> {
    let outline = Outline::new(text);
    let mut edits = Vec::new();
    change(&outline, &outline.root()?, before, after, &mut edits)?;
    slots(text, &outline, before, piece, &mut edits)?;
    let segments = apply(text, edits)?;
    PROBES
        .iter()
        .all(|probe| proves(&segments, after, probe))
        .then_some(segments)
}

/// The edits that make one map of the text into another.
fn change(
    outline: &Outline<'_>,
    block: &Block,
    before: &Node,
    after: &Node,
    edits: &mut Vec<Edit>,
) -> Option<()> {
    let Node::Map(entries) = after else {
        return None;
    };
    for (key, node) in entries {
        let Key::Fixed(name) = key else { return None };
        match before.get(name) {
            Some(old) if old == node => {}
            Some(old) => match outline.child(block, name)? {
                Found::Block(inner) => change(outline, &inner, old, node, edits)?,
                Found::Inline(range) => edits.push(Edit {
                    range,
                    with: inline(node)?,
                }),
                Found::Other => return None,
            },
            None => {
                // As people write it: metadata before spec.
                let at = match name.as_str() {
                    "metadata" => outline.start(block)?,
                    _ => outline.end(block)?,
                };
                let mut with = Vec::new();
                fixed(&" ".repeat(block.indent), &mut with);
                tree::entry(key, node, block.indent, &mut with);
                edits.push(Edit {
                    range: at..at,
                    with,
                });
            }
        }
    }
    Some(())
}

fn inline(node: &Node) -> Option<Vec<Segment>> {
    match node {
        Node::Slot(slot) => Some(vec![Segment::Slot(slot.clone(), Style::Flow)]),
        Node::Fixed(value) => {
            let mut text = String::new();
            yaml::emit_scalar(value.as_str()?, usize::MAX, &mut text);
            Some(vec![Segment::Fixed(text)])
        }
        _ => None,
    }
}

/// The edits that put slots in the place of the scalars that hold tokens.
fn slots(
    text: &str,
    outline: &Outline<'_>,
    tree: &Node,
    piece: &dyn Fn(usize) -> Piece,
    edits: &mut Vec<Edit>,
) -> Option<()> {
    let mut of_token: BTreeMap<usize, &Slot> = BTreeMap::new();
    tree.each_slot(&mut |slot| of_token.extend(slot.tokens.iter().map(|token| (*token, slot))));
    let changed: Vec<Range<usize>> = edits.iter().map(|edit| edit.range.clone()).collect();
    let (mut done, mut room) = (0, MAX_LOOKED_AT);
    let mut brackets = Brackets::default();
    for (at, _) in text.match_indices(token::OPEN) {
        if at < done || changed.iter().any(|range| range.contains(&at)) {
            continue;
        }
        let line = outline.lines().get(outline.line_at(at))?;
        room = room.checked_sub(line.text.len())?;
        let is_inside = brackets.are_open(text, at);
        let end = at + text[at..].find(token::CLOSE)? + token::CLOSE.len_utf8();
        let number = text[at + token::OPEN.len_utf8()..end - token::CLOSE.len_utf8()]
            .parse()
            .ok()?;
        let edit = match of_token.get(&number) {
            Some(slot) => scalar(text, outline, at, is_inside, slot)?,
            None => comment(text, outline, at..end, piece(number))?,
        };
        done = edit.range.end;
        edits.push(edit);
    }
    Some(())
}

/// A token outside of the tree stands in a comment, or in a place that is not understood.
fn comment(text: &str, outline: &Outline<'_>, range: Range<usize>, piece: Piece) -> Option<Edit> {
    let line = outline.lines().get(outline.line_at(range.start))?;
    let before = &text[line.start..range.start];
    if !matches!(context(before), Context::Comment) {
        return None;
    }
    let slot = Slot::added(Role::Comment, vec![piece]);
    Some(Edit {
        range,
        with: vec![Segment::Slot(slot, Style::Comment)],
    })
}

/// The extent of the scalar whose token stands at a place.
fn scalar(
    text: &str,
    outline: &Outline<'_>,
    at: usize,
    is_inside: bool,
    slot: &Slot,
) -> Option<Edit> {
    let number = outline.line_at(at);
    let (range, style) = if let Some((range, indent)) = block_scalar(outline, number) {
        (range, Style::Block(indent))
    } else {
        let line = outline.lines().get(number)?;
        match context(text.get(line.start..at)?) {
            Context::Comment => return None,
            Context::Quoted(from, quote) => {
                let open = line.start + from;
                let close = closing(&text[open + 1..line.start + line.text.len()], quote)?;
                (open..open + close + 2, Style::Quoted)
            }
            Context::Plain => {
                let (range, ends_line) = plain(text, line, at, slot)?;
                let style = if ends_line && !is_inside {
                    Style::Block(line.column() + 2)
                } else {
                    Style::Flow
                };
                (range, style)
            }
        }
    };
    Some(Edit {
        range,
        with: vec![Segment::Slot(slot.clone(), style)],
    })
}

/// A scalar without quotes on one line stands in the text as it is read; also whether it is all that follows a key or a dash.
fn plain(text: &str, line: &Line<'_>, at: usize, slot: &Slot) -> Option<(Range<usize>, bool)> {
    let (mut written, mut lead, mut tokens) = (String::new(), None, slot.tokens.iter());
    for piece in &slot.pieces {
        if let Piece::Literal(literal) = piece {
            written.push_str(literal);
        } else {
            lead.get_or_insert(written.len());
            written.push_str(&token::token(*tokens.next()?));
        }
    }
    let start = at.checked_sub(lead?)?;
    if !text.get(start..)?.starts_with(&written) {
        return None;
    }
    let range = start..start + written.len();
    let before = text.get(line.start..start)?;
    let after = text.get(range.end..line.start + line.text.len())?.trim();
    let ends_line = after.is_empty() && before.trim_end().ends_with([':', '-']);
    Some((range, ends_line))
}

/// Brackets in the text so far, quoted ones too: with a wrong count a value stands in one line, and nothing worse.
#[derive(Default)]
struct Brackets {
    read: usize,
    opened: usize,
    closed: usize,
}

impl Brackets {
    /// Whether not all are closed before a place, which is behind those that were asked for before.
    fn are_open(&mut self, text: &str, at: usize) -> bool {
        let fresh = text.get(self.read..at).unwrap_or_default();
        self.opened += fresh.matches(['[', '{']).count();
        self.closed += fresh.matches([']', '}']).count();
        self.read = at;
        self.opened != self.closed
    }
}

/// The extent of the block scalar (`|`, `>`) that holds a line, and the indent for its lines.
fn block_scalar(outline: &Outline<'_>, number: usize) -> Option<(Range<usize>, usize)> {
    let lines = outline.lines();
    let headers = outline
        .above(number)
        .filter_map(|at| Some((at, block_header(lines[at].text)?)));
    let (at, header) = headers.last()?;
    let column = lines[at].column();
    let inside = |line: &Line<'_>| line.indent > column;
    let last = lines[at + 1..]
        .iter()
        .take_while(|line| inside(line))
        .filter(|line| line.indent != usize::MAX)
        .last()?;
    if lines[number].start > last.start {
        return None;
    }
    Some((
        lines[at].start + header..last.start + last.text.len(),
        column + 2,
    ))
}

/// Where the `|` or `>` stands that ends a line.
fn block_header(line: &str) -> Option<usize> {
    let bare = line.split(" #").next().unwrap_or("").trim_end();
    let front = bare.trim_end_matches(|c: char| c.is_ascii_digit() || c == '+' || c == '-');
    let rest = front.strip_suffix(['|', '>'])?;
    (rest.ends_with(": ") || rest.ends_with("- ")).then_some(rest.len())
}

enum Context {
    Plain,
    /// Where the quote opens, and which.
    Quoted(usize, char),
    Comment,
}

/// In what a place stands, seen from the front of its line.
fn context(before: &str) -> Context {
    let mut at = 0;
    while let Some(c) = before[at..].chars().next() {
        let front = &before[..at];
        let fresh = front.is_empty() || front.ends_with([' ', '\t', '[', '{', ',']);
        if c == '#' && (front.is_empty() || front.ends_with([' ', '\t'])) {
            return Context::Comment;
        }
        let starts =
            front.trim_end().is_empty() || front.trim_end().ends_with([':', '-', '[', '{', ',']);
        if fresh && starts && (c == '"' || c == '\'') {
            match closing(&before[at + 1..], c) {
                Some(length) => at += length + 2,
                None => return Context::Quoted(at, c),
            }
        } else {
            at += c.len_utf8();
        }
    }
    Context::Plain
}

/// Where a quote closes.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            chars.next();
        } else if c == quote {
            if quote == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'') {
                chars.next();
            } else {
                return Some(at);
            }
        }
    }
    None
}

fn apply(text: &str, mut edits: Vec<Edit>) -> Option<Vec<Segment>> {
    // Stable: what is inserted at one place stays in its order.
    edits.sort_by_key(|edit| edit.range.start);
    let (mut out, mut from) = (Vec::new(), 0);
    for edit in edits {
        fixed(text.get(from..edit.range.start)?, &mut out);
        if edit.range.is_empty()
            && edit.range.start > 0
            && !text[..edit.range.start.min(text.len())].ends_with('\n')
        {
            fixed("\n", &mut out);
        }
        segment::extend(edit.with, &mut out);
        from = edit.range.end;
    }
    fixed(text.get(from..)?, &mut out);
    Some(out)
}

fn proves(segments: &[Segment], tree: &Node, probe: &str) -> bool {
    let item = Item::scalar(0, probe);
    let filling = Filling {
        item: &item,
        rendered: &[],
        digest: "0123456789abcdef",
        strict_names: false,
        probe: Some(probe),
    };
    let mut out = Vec::new();
    if segment::write(segments, &filling, &mut String::new(), &mut out).is_err() {
        return false;
    }
    let (Ok(text), Ok(value)) = (String::from_utf8(out), tree.value(&filling)) else {
        return false;
    };
    yaml::documents(&text).is_ok_and(|read| read.len() == 1 && read[0].value == value)
}
