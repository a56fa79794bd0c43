//! One document of a template: its trees, and the segments that write it for an item.

use serde_json::Value;

use super::error::TemplateError;
use super::segment::{self, Segment};
use super::slot::{Filling, Piece};
use super::tree::{self, Node};
use super::{Notice, Options, Source, annotate, canonical, is_member_kind, json, lint, splice};
use crate::manifest::digest;

/// Items from this length on, in bytes, can make an object too large for any cluster.
const LONG_ITEM: usize = 4096;

/// Room to work in, kept from item to item.
#[derive(Default)]
pub(super) struct Room {
    text: String,
    bytes: Vec<u8>,
}

/// One document, ready to be filled.
pub(super) struct Document {
    /// The tree of the text as it stands.
    plain: Node,
    /// Lines before it in the source.
    offset: usize,
    /// The tree with labels, as the digest takes it.
    tree: Node,
    /// The tree with our annotations.
    annotated: Node,
    pub(super) is_member: bool,
    is_annotated: bool,
    has_slot_key: bool,
    yaml: Vec<Segment>,
    canonical: Option<Vec<Segment>>,
}

impl Document {
    /// The document with what the tool adds; the error is the path of what should be a map and is none.
    pub(super) fn new(
        plain: Node,
        text: Option<&str>,
        offset: usize,
        (options, group): (&Options, &str),
        piece: &dyn Fn(usize) -> Piece,
    ) -> Result<Self, &'static str> {
        let is_member = plain
            .get("kind")
            .and_then(Node::text)
            .is_some_and(is_member_kind);
        let is_annotated = is_member && options.annotate;
        let mut tree = plain.clone();
        // Without a group this is only a look at the template.
        if group.is_empty() {
            return Ok(Self {
                plain,
                offset,
                annotated: Node::Fixed(Value::Null),
                tree,
                is_member,
                is_annotated,
                has_slot_key: false,
                yaml: Vec::new(),
                canonical: None,
            });
        }
        annotate::decorate(&mut tree, group, options)?;
        let mut annotated = tree.clone();
        let kind = plain.get("kind").and_then(Node::text).unwrap_or_default();
        options.overlays.tidy(&mut annotated, kind)?;
        if is_annotated {
            annotate::annotate(&mut annotated)?;
        }
        let yaml = text
            .and_then(|text| splice::splice(text, &plain, &annotated, piece))
            .unwrap_or_else(|| tree::segments(&annotated));
        let canonical = is_annotated.then(|| canonical::segments(&tree)).flatten();
        Ok(Self {
            plain,
            offset,
            has_slot_key: tree.has_slot_key(),
            tree,
            annotated,
            is_member,
            is_annotated,
            yaml,
            canonical,
        })
    }

    /// The tree of the template, without what the tool adds.
    pub(super) fn own(&self) -> &Node {
        &self.plain
    }

    /// What the check of it finds.
    pub(super) fn notices(
        &self,
        source: &Source,
        options: &Options,
        filling: &Filling<'_>,
    ) -> Result<Vec<Notice>, TemplateError> {
        let value = self.value(filling)?;
        Ok(lint::notices(
            &self.plain,
            &value,
            source,
            self.offset,
            options,
        ))
    }

    /// SHA-256 over the canonical JSON of the object without our annotations; nothing for an object that does not carry it.
    pub(super) fn digest(
        &self,
        filling: &Filling<'_>,
        room: &mut Room,
    ) -> Result<String, TemplateError> {
        if !self.is_annotated {
            return Ok(String::new());
        }
        room.bytes.clear();
        match &self.canonical {
            Some(segments) => {
                segment::write(segments, filling, &mut room.text, &mut room.bytes)?;
            }
            None => json::value(&self.tree.value(filling)?, &mut room.bytes),
        }
        Ok(digest::short(&room.bytes))
    }

    /// The kind and the name of the object, if the template gives it a name.
    pub(super) fn name<'a>(
        &'a self,
        filling: &Filling<'_>,
        room: &'a mut Room,
    ) -> Result<Option<(&'a str, &'a str)>, TemplateError> {
        let kind = self.tree.get("kind").and_then(Node::text);
        let name = match self.tree.at(&["metadata", "name"]) {
            Some(Node::Slot(slot)) => {
                room.text.clear();
                slot.push_text(filling, &mut room.text)?;
                room.text.as_str()
            }
            Some(Node::Fixed(Value::String(name))) => name,
            _ => return Ok(None),
        };
        Ok(Some((kind.unwrap_or_default(), name)))
    }

    /// The object.
    pub(super) fn value(&self, filling: &Filling<'_>) -> Result<Value, TemplateError> {
        if filling.item.text().len() > LONG_ITEM {
            // Finds an object that is too large before it is all there.
            segment::write(&self.yaml, filling, &mut String::new(), &mut Vec::new())?;
        }
        self.annotated.value(filling)
    }

    /// The object as YAML, after `---`.
    pub(super) fn write(
        &self,
        filling: &Filling<'_>,
        room: &mut Room,
        out: &mut Vec<u8>,
    ) -> Result<(), TemplateError> {
        if self.has_slot_key {
            // Finds keys that became one.
            self.value(filling)?;
        }
        out.extend_from_slice(b"---\n");
        segment::write(&self.yaml, filling, &mut room.text, out)?;
        if !out.ends_with(b"\n") {
            out.push(b'\n');
        }
        Ok(())
    }
}
