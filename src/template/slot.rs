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
}

/// A part of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text of the template.
    Literal(String),
    /// A variable of the item.
    Variable(String),
    /// The value of an expression, by its number in the rendering.
    Rendered(usize),
}

/// A scalar with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) role: Role,
    pub(super) pieces: Vec<Piece>,
}

/// What slots are filled from.
pub(super) struct Filling<'a> {
    pub(super) item: &'a Item,
    pub(super) constants: &'a [(String, String)],
    pub(super) rendered: &'a [String],
    pub(super) strict_names: bool,
}

impl Filling<'_> {
    fn value<'a>(&'a self, piece: &'a Piece) -> Cow<'a, str> {
        match piece {
            Piece::Literal(text) => Cow::Borrowed(text),
            Piece::Variable(name) => self
                .item
                .variable(name)
                .or_else(|| {
                    let constant = self.constants.iter().find(|(known, _)| known == name);
                    constant.map(|(_, value)| Cow::Borrowed(value.as_str()))
                })
                .unwrap_or_default(),
            Piece::Rendered(number) => {
                let text = self.rendered.get(*number).map_or("", String::as_str);
                if token::contains_token(text) {
                    self.flatten(text).into()
                } else {
                    Cow::Borrowed(text)
                }
            }
        }
    }

    /// A captured block (`{% set x %}`, a macro) holds tokens of its own.
    fn flatten(&self, text: &str) -> String {
        let mut flat = String::new();
        for piece in token::pieces(text) {
            match piece {
                Ok(literal) => flat.push_str(literal),
                // Numbers grow from the inside out, so this ends.
                Err(number) => flat.push_str(&self.value(&Piece::Rendered(number))),
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
    /// The slot's text for one item.
    pub(super) fn text<'a>(
        &'a self,
        filling: &'a Filling<'_>,
    ) -> Result<Cow<'a, str>, TemplateError> {
        if matches!(self.role, Role::Name | Role::Label) {
            return self.safe(filling).map(Cow::Owned);
        }
        if let [piece] = self.pieces.as_slice() {
            return Ok(filling.value(piece));
        }
        let mut text = String::new();
        for piece in &self.pieces {
            text.push_str(&filling.value(piece));
        }
        Ok(Cow::Owned(text))
    }

    /// The slot's value for one item.
    pub(super) fn value(&self, filling: &Filling<'_>) -> Result<Value, TemplateError> {
        let text = self.text(filling)?;
        Ok(match self.role {
            Role::Typed => yaml::resolve(&text),
            _ => Value::String(text.into_owned()),
        })
    }

    fn safe(&self, filling: &Filling<'_>) -> Result<String, TemplateError> {
        let (mut joined, mut raw, mut lost) = (String::new(), String::new(), false);
        for piece in &self.pieces {
            let value = filling.value(piece);
            match piece {
                Piece::Literal(text) => joined.push_str(text),
                _ => {
                    let (part, less) = names::safe_part(&value);
                    joined.push_str(&part);
                    lost |= less;
                }
            }
            raw.push_str(&value);
        }
        let name = names::finish(&joined, lost, &raw);
        if filling.strict_names && name != raw {
            return Err(filling.misfit(
                format!("\"{}\" cannot be a name", shorten(&raw)),
                "names are lower case letters, digits and `-`, at most 63; without --strict-names a safe name is made",
            ));
        }
        Ok(name)
    }
}
