//! A scalar with placeholders, and what it becomes for one item.

use std::borrow::Cow;

use serde_json::Value;

use super::error::{TemplateError, shorten};
use super::values::Rendered;
use crate::items::Item;
use crate::manifest::{names, yaml};

/// The largest object, in bytes; an API server takes 3 MiB, and etcd half of that.
pub(super) const MAX_OBJECT: usize = 16 << 20;

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
    /// The key of a map: short enough for YAML's readers.
    Key,
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
    /// Whether it is one placeholder and nothing else, without quotes around it.
    pub(super) is_bare: bool,
    /// The numbers of the tokens that stand for the pieces in the text; none for a slot that the tool adds.
    pub(super) tokens: Vec<usize>,
}

/// What slots are filled from.
#[derive(Clone, Copy)]
pub(super) struct Filling<'a> {
    pub(super) item: &'a Item,
    pub(super) rendered: &'a [Rendered],
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
                let rendered = self.rendered.get(*number);
                Cow::Borrowed(rendered.map_or("", |rendered| rendered.text.as_str()))
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

    /// The error of an object that no cluster could hold.
    pub(super) fn too_large(&self) -> TemplateError {
        let problem = format!("it gives an object of more than {MAX_OBJECT} bytes");
        self.misfit(problem, "no API server takes more than 3 MiB: put the content elsewhere, and its name into the template")
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
            is_bare: false,
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
            Role::Text | Role::Typed => self.push_pieces(filling, out),
            Role::Key => {
                let start = out.len();
                self.push_pieces(filling, out)?;
                check_key(&out[start..], filling)
            }
            Role::Comment => {
                for piece in &self.pieces {
                    let value = filling.value(piece)?;
                    out.push_str(&value.replace(|c| !yaml::is_printable(c), " "));
                }
                Ok(())
            }
        }
    }

    fn push_pieces(&self, filling: &Filling<'_>, out: &mut String) -> Result<(), TemplateError> {
        for piece in &self.pieces {
            out.push_str(&self.content(piece, filling)?);
            if out.len() > MAX_OBJECT {
                return Err(filling.too_large());
            }
        }
        Ok(())
    }

    /// What a piece gives: the string itself where a bare expression has written it with quotes (`to_yaml`, `tojson`).
    fn content<'a>(
        &'a self,
        piece: &'a Piece,
        filling: &Filling<'a>,
    ) -> Result<Cow<'a, str>, TemplateError> {
        match self.data(filling) {
            Some(Value::String(text)) => Ok(Cow::Borrowed(text)),
            _ => filling.value(piece),
        }
    }

    /// The data of a bare expression.
    fn data<'a>(&self, filling: &Filling<'a>) -> Option<&'a Value> {
        match self.pieces.as_slice() {
            [Piece::Rendered(number)] if self.is_bare && filling.probe.is_none() => {
                filling.rendered.get(*number)?.data.as_ref()
            }
            _ => None,
        }
    }

    /// The value, where it is data and may be any.
    pub(super) fn structure<'a>(
        &self,
        filling: &Filling<'a>,
    ) -> Result<Option<&'a Value>, TemplateError> {
        let data = self.data(filling).filter(|_| self.role == Role::Typed);
        if let Some(data) = data {
            each_key(data, &mut |key| check_key(key, filling))?;
        }
        Ok(data)
    }

    /// The slot's text for one item.
    pub(super) fn text(&self, filling: &Filling<'_>) -> Result<String, TemplateError> {
        let mut text = String::new();
        self.push_text(filling, &mut text)?;
        Ok(text)
    }

    /// The slot's value for one item.
    pub(super) fn value(&self, filling: &Filling<'_>) -> Result<Value, TemplateError> {
        if let Some(data) = self.structure(filling)? {
            return Ok(data.clone());
        }
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
            let value = self.content(piece, filling)?;
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
        let values = self.pieces.iter().map(|piece| self.content(piece, filling));
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

/// YAML's readers look for the colon of a key in the next 1024 characters, some of which may be written as escapes.
fn check_key(key: &str, filling: &Filling<'_>) -> Result<(), TemplateError> {
    const MOST: usize = 1000;
    let mut written = String::new();
    if key.len() > MOST / 10 {
        yaml::emit_quoted(key, &mut written);
    }
    if written.len() > MOST {
        let problem = format!("a key of {} bytes cannot stand in YAML", key.len());
        return Err(filling.misfit(problem, "use the item as a value, or its hash as the key"));
    }
    Ok(())
}

fn each_key<E>(data: &Value, visit: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
    match data {
        Value::Array(list) => list.iter().try_for_each(|data| each_key(data, visit)),
        Value::Object(map) => map.iter().try_for_each(|(key, data)| {
            visit(key)?;
            each_key(data, visit)
        }),
        _ => Ok(()),
    }
}
