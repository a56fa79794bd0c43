//! What the expressions of a template yield: each value stands as a token in the rendered text, and here as itself.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use minijinja::value::{Object, ObjectRepr, ValueKind};
use minijinja::{Error, Output, State, Value};
use serde_json::Value as Data;

use super::bounded::{self, Excess};
use super::token;

/// The value of one expression.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rendered {
    /// As it stands among other text.
    pub(super) text: String,
    /// As it stands alone and without quotes, if that is more than a text: a list, a map, the result of `to_yaml`.
    pub(super) data: Option<Data>,
}

/// A value with a text of its own: the result of a filter that writes data, or that indents.
#[derive(Debug)]
pub(super) struct Shaped {
    pub(super) text: String,
    pub(super) data: Option<Data>,
    pub(super) indent: Indent,
}

/// Blanks in front of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Indent {
    pub(super) width: usize,
    pub(super) first: bool,
    pub(super) blank: bool,
}

impl Indent {
    /// The most bytes that it adds to a text.
    pub(super) fn added(self, text: &str) -> usize {
        self.width * (text.matches('\n').count() + 1)
    }

    /// The text with blanks in front of its lines.
    pub(super) fn apply(self, text: &str) -> String {
        let blanks = " ".repeat(self.width);
        let mut out = String::with_capacity(text.len());
        for (number, line) in text.split('\n').enumerate() {
            let is_indented = if number == 0 {
                self.first
            } else {
                self.blank || !line.is_empty()
            };
            out.push_str(if number > 0 { "\n" } else { "" });
            out.push_str(if is_indented { &blanks } else { "" });
            out.push_str(line);
        }
        out
    }
}

impl Object for Shaped {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.indent.apply(&self.text))
    }
}

/// The values of one rendering, in the order in which their expressions were reached.
#[derive(Default)]
pub(super) struct Collector {
    yielded: Mutex<Yielded>,
}

#[derive(Default)]
struct Yielded {
    values: Vec<(Rendered, Indent)>,
    bytes: usize,
}

/// More values than fit.
pub(super) struct TooMuch;

impl Collector {
    fn lock(&self) -> MutexGuard<'_, Yielded> {
        self.yielded.lock().expect("a rendering does not panic")
    }

    /// Forgets the values of the rendering before.
    pub(super) fn clear(&self) {
        *self.lock() = Yielded::default();
    }

    /// Writes a token instead of a value, and keeps the value.
    pub(super) fn format(
        &self,
        out: &mut Output<'_>,
        state: &mut State<'_, '_>,
        value: &Value,
        most: usize,
    ) -> Result<(), Error> {
        if value.is_undefined() || value.is_safe() {
            return minijinja::escape_formatter(out, state, value);
        }
        let (rendered, indent) = rendered(value, most).map_err(Error::from)?;
        let mut yielded = self.lock();
        yielded.bytes += rendered.text.len() + indent.added(&rendered.text);
        if yielded.bytes > most {
            return Err(Excess::Size.into());
        }
        if indent.first {
            // The token has to stand where the text would.
            out.write_str(&" ".repeat(indent.width))?;
        }
        out.write_str(&token::token(yielded.values.len()))?;
        yielded.values.push((rendered, indent));
        Ok(())
    }

    /// The text with tokens numbered by their places in it, each there once, and their values without tokens in them.
    pub(super) fn settle(
        &self,
        text: &str,
        most: usize,
    ) -> Result<(String, Vec<Rendered>), TooMuch> {
        let yielded = std::mem::take(&mut *self.lock());
        let values = flatten(yielded.values, most)?;
        let (mut out, mut found, mut bytes) = (String::with_capacity(text.len()), Vec::new(), 0);
        for piece in token::pieces(text) {
            match piece {
                Ok(literal) => out.push_str(literal),
                Err(number) => {
                    let Some((value, indent)) = values.get(number) else {
                        continue;
                    };
                    bytes += value.text.len();
                    if bytes > most {
                        return Err(TooMuch);
                    }
                    let token = token::token(found.len());
                    found.push(placed(value, *indent, &out));
                    out.push_str(&token);
                }
            }
        }
        Ok((out, found))
    }
}

fn rendered(value: &Value, most: usize) -> Result<(Rendered, Indent), Excess> {
    if let Some(shaped) = value.downcast_object_ref::<Shaped>() {
        let rendered = Rendered {
            text: shaped.text.clone(),
            data: shaped.data.clone(),
        };
        return Ok((rendered, shaped.indent));
    }
    bounded::check(value, most)?;
    let is_data = matches!(
        value.kind(),
        ValueKind::Map | ValueKind::Seq | ValueKind::Iterable
    );
    let rendered = Rendered {
        text: if value.is_none() {
            String::new()
        } else {
            value.to_string()
        },
        data: is_data.then(|| serde_json::to_value(value).ok()).flatten(),
    };
    Ok((rendered, Indent::default()))
}

/// The value at its place: blanks that only repeat those in front of it belong to the template's layout, not to the value.
fn placed(value: &Rendered, indent: Indent, before: &str) -> Rendered {
    let is_layout = || {
        let line = before.rsplit('\n').next().unwrap_or_default();
        line.len() == indent.width && line.bytes().all(|byte| byte == b' ')
    };
    if indent.width == 0 || is_layout() {
        return value.clone();
    }
    // The blanks of the first line stand in the text already.
    let indent = Indent {
        first: false,
        ..indent
    };
    Rendered {
        text: indent.apply(&value.text),
        data: value.data.clone(),
    }
}

/// A captured block (`{% set x %}`, a macro) holds tokens of values before it: those are put in.
fn flatten(
    values: Vec<(Rendered, Indent)>,
    most: usize,
) -> Result<Vec<(Rendered, Indent)>, TooMuch> {
    let mut flat: Vec<(Rendered, Indent)> = Vec::with_capacity(values.len());
    let mut room = most;
    for (mut value, indent) in values {
        if token::contains_token(&value.text) {
            value.text = expand(&value.text, &flat, &mut room)?;
        }
        if let Some(data) = &mut value.data {
            expand_data(data, &flat, &mut room)?;
        }
        flat.push((value, indent));
    }
    Ok(flat)
}

fn expand(text: &str, before: &[(Rendered, Indent)], room: &mut usize) -> Result<String, TooMuch> {
    let mut out = String::new();
    for piece in token::pieces(text) {
        let part = match piece {
            Ok(literal) => literal,
            Err(number) => before
                .get(number)
                .map_or("", |(value, _)| value.text.as_str()),
        };
        *room = room.checked_sub(part.len()).ok_or(TooMuch)?;
        out.push_str(part);
    }
    Ok(out)
}

fn expand_data(
    data: &mut Data,
    before: &[(Rendered, Indent)],
    room: &mut usize,
) -> Result<(), TooMuch> {
    match data {
        Data::String(text) if token::contains_token(text) => {
            *text = expand(text, before, room)?;
        }
        Data::Array(list) => {
            for data in list {
                expand_data(data, before, room)?;
            }
        }
        Data::Object(map) => {
            for (_, data) in map.iter_mut() {
                expand_data(data, before, room)?;
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indents_are_those_of_jinja() {
        let indent = |first, blank| Indent {
            width: 2,
            first,
            blank,
        };
        for (indent, expected) in [
            (indent(false, false), "a\n\n  b\n"),
            (indent(true, false), "  a\n\n  b\n"),
            (indent(false, true), "a\n  \n  b\n  "),
        ] {
            assert_eq!(indent.apply("a\n\nb\n"), expected);
        }
    }
}
