//! Output as segments: text that is the same for all items, and slots with the way in which they are written.

use serde_json::Value;

use super::error::TemplateError;
use super::json;
use super::slot::{Filling, MAX_OBJECT, Role, Slot};
use crate::manifest::yaml;

/// How a slot is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// A scalar that ends its line; several lines become a block with this indent.
    Block(usize),
    /// A key, or a scalar inside of `[ ]` or `{ }`.
    Flow,
    /// In double quotes, as the template has it.
    Quoted,
    /// The rest of a comment.
    Comment,
    /// JSON, for the digest.
    Json,
}

/// A piece of output.
#[derive(Clone, Debug)]
pub(super) enum Segment {
    /// Text.
    Fixed(String),
    /// A scalar to be written for each item.
    Slot(Slot, Style),
}

/// Appends text, as one segment with the text before it.
pub(super) fn fixed(text: &str, out: &mut Vec<Segment>) {
    match out.last_mut() {
        Some(Segment::Fixed(last)) => last.push_str(text),
        _ => out.push(Segment::Fixed(text.to_owned())),
    }
}

/// Appends segments.
pub(super) fn extend(segments: Vec<Segment>, out: &mut Vec<Segment>) {
    for segment in segments {
        match segment {
            Segment::Fixed(text) => fixed(&text, out),
            slot @ Segment::Slot(..) => out.push(slot),
        }
    }
}

/// Writes segments for one item; `text` is room to work in.
pub(super) fn write(
    segments: &[Segment],
    filling: &Filling<'_>,
    text: &mut String,
    out: &mut Vec<u8>,
) -> Result<(), TemplateError> {
    let start = out.len();
    for segment in segments {
        if out.len() - start > MAX_OBJECT {
            return Err(filling.too_large());
        }
        match segment {
            Segment::Fixed(fixed) => out.extend_from_slice(fixed.as_bytes()),
            Segment::Slot(slot, style) => {
                if let Some(data) = slot.structure(filling)? {
                    structure(data, *style, out);
                    continue;
                }
                text.clear();
                slot.push_text(filling, text)?;
                scalar(slot.role, *style, text, out);
            }
        }
    }
    Ok(())
}

/// Data stands in one line, which no place in a document can break.
fn structure(data: &Value, style: Style, out: &mut Vec<u8>) {
    match (style, data) {
        (Style::Json, _) => json::value(data, out),
        (_, Value::String(text)) => scalar(Role::Text, style, text, out),
        _ => yaml::emit_flow(data, out),
    }
}

fn scalar(role: Role, style: Style, text: &str, out: &mut Vec<u8>) {
    if role == Role::Typed {
        let value = yaml::resolve(text);
        if !value.is_string() {
            out.extend_from_slice(value.to_string().as_bytes());
            return;
        }
    }
    match style {
        Style::Comment => out.extend_from_slice(text.as_bytes()),
        Style::Quoted => yaml::emit_quoted(text, out),
        Style::Block(indent) => yaml::emit_scalar(text, indent, out),
        // YAML 1.1 ends a plain scalar at more characters inside of brackets than YAML 1.2 does.
        Style::Flow if text.contains([',', '[', ']', '{', '}', '?', ':']) => {
            yaml::emit_quoted(text, out);
        }
        Style::Flow => yaml::emit_scalar(text, usize::MAX, out),
        Style::Json => json::string(text, out),
    }
}
