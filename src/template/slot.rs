//! A scalar with placeholders, and what it becomes for one item.

use std::borrow::Cow;

use serde_json::Value;

use super::error::{TemplateError, shorten};
use super::token;
use crate::items::Item;
use crate::manifest::{names, yaml};

/// What a slot's text must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A string, whatever it looks like.
    Text,
    /// The type that the text has in YAML.
    Typed,
    /// A name: made safe.
    Name,
    /// A label's value: made safe.
    Label,
    /// Part of a comment: one line.
    Comment,
}

/// A part of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text of the template.
    Literal(String),
    /// The value of a constant, which is made safe where an item's would be.
    Constant(String),
    /// A variable of the item.
    Variable(String),
    /// The whole item, whatever its fields are called.
    Item,
    /// Its position.
    Index,
    /// The value of an expression, by its number in the rendering.
    Rendered(usize),
    /// The digest of the object in which the slot stands.
    Digest,
}

/// A scalar with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) role: Role,
    pub(super) pieces: Vec<Piece>,
    /// The numbers of the tokens that stand for the pieces in the text; none for a slot that the tool adds.
    pub(super) tokens: Vec<usize>,
}

/// What slots are filled from.
#[derive(Clone, Copy)]
pub(super) struct Filling<'a> {
    pub(super) item: &'a Item,
    pub(super) rendered: &'a [String],
    pub(super) digest: &'a str,
    pub(super) strict_names: bool,
    /// Stands for every value, when a compiled text is tried.
    pub(super) probe: Option<&'a str>,
}

impl<'a> Filling<'a> {
    fn value(&self, piece: &'a Piece) -> Result<Cow<'a, str>, TemplateError> {
        if let (Some(probe), Piece::Variable(_) | Piece::Rendered(_)) = (self.probe, piece) {
            return Ok(Cow::Borrowed(probe));
        }
        Ok(match piece {
            Piece::Literal(text) | Piece::Constant(text) => Cow::Borrowed(text),
            Piece::Variable(name) => match self.item.variable(name) {
                Some(value) => value,
                None => return Err(self.missing(name)),
            },
            Piece::Item => self.item.text(),
            Piece::Index => Cow::Owned(self.item.index.to_string()),
            Piece::Digest => Cow::Borrowed(self.digest),
            Piece::Rendered(number) => {
                let text = self.rendered.get(*number).map_or("", String::as_str);
                if token::contains_token(text) {
                    Cow::Owned(self.flatten(text))
                } else {
                    Cow::Borrowed(text)
                }
            }
        })
    }

    fn missing(&self, name: &str) -> TemplateError {
        if name == "COUNT" {
            let hint = "read the whole list first, or leave $COUNT out of the template";
            return self.misfit("the length of its list is not known".into(), hint);
        }
        let hint = "every record needs the field; with `{{ item.field | default('x') }}` it may be missing";
        self.misfit(format!("it has no field for ${name}"), hint)
    }

    /// A captured block (`{% set x %}`, a macro) holds tokens of its own.
    fn flatten(&self, text: &str) -> String {
        let mut flat = String::new();
        for piece in token::pieces(text) {
            match piece {
                Ok(literal) => flat.push_str(literal),
                // An inner token has a smaller number than the block that holds it, so this ends.
                Err(number) => {
                    let inner = self.rendered.get(number).map_or("", String::as_str);
                    flat.push_str(&self.flatten(inner));
                }
            }
        }
        flat
    }

    /// The error of an item that does not fit.
    pub(super) fn misfit(&self, problem: String, hint: &str) -> TemplateError {
        TemplateError::Item {
            number: self.item.index + 1,
            item: shorten(&self.item.text()),
            problem,
            hint: hint.into(),
        }
    }
}

impl Slot {
    /// A slot that the tool adds, of one piece.
    pub(super) fn added(role: Role, pieces: Vec<Piece>) -> Self {
        Self {
            role,
            pieces,
            tokens: Vec::new(),
        }
    }

    /// Appends the slot's text for one item.
    pub(super) fn push_text(
        &self,
        filling: &Filling<'_>,
        out: &mut String,
    ) -> Result<(), TemplateError> {
        match self.role {
            Role::Name | Role::Label => self.push_safe(filling, out),
            Role::Text | Role::Typed => {
                for piece in &self.pieces {
                    out.push_str(&filling.value(piece)?);
                }
                Ok(())
            }
            Role::Comment => {
                let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
                for piece in &self.pieces {
                    out.push_str(&filling.value(piece)?.replace(breaks, " "));
                }
                Ok(())
            }
        }
    }

    /// The slot's text for one item.
    pub(super) fn text(&self, filling: &Filling<'_>) -> Result<String, TemplateError> {
        let mut text = String::new();
        self.push_text(filling, &mut text)?;
        Ok(text)
    }

    /// The slot's value for one item.
    pub(super) fn value(&self, filling: &Filling<'_>) -> Result<Value, TemplateError> {
        let text = self.text(filling)?;
        Ok(match self.role {
            Role::Typed => yaml::resolve(&text),
            _ => Value::String(text),
        })
    }

    /// The text of the template around the placeholders.
    pub(super) fn literals(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_str()),
            _ => None,
        })
    }

    fn push_safe(&self, filling: &Filling<'_>, out: &mut String) -> Result<(), TemplateError> {
        let start = out.len();
        let mut lost = false;
        for piece in &self.pieces {
            let value = filling.value(piece)?;
            if let Piece::Literal(text) = piece {
                out.push_str(text);
            } else {
                let (part, less) = names::safe_part(&value);
                out.push_str(&part);
                lost |= less;
            }
        }
        if !lost && names::stands(&out[start..]) {
            return Ok(());
        }
        let values = self.pieces.iter().map(|piece| filling.value(piece));
        let raw: String = values.collect::<Result<_, _>>()?;
        let name = names::finish(&out[start..], lost, &raw);
        if filling.strict_names && name != raw {
            return Err(filling.misfit(
                format!("\"{}\" cannot be a name", shorten(&raw)),
                "names are lower case letters, digits and `-`, at most 63; without --strict-names a safe name is made",
            ));
        }
        out.truncate(start);
        out.push_str(&name);
        Ok(())
    }
}
