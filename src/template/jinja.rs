//! Jinja: the template is rendered for each item, with a token in place of every value that an expression yields.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior, Value};

use super::error::{TemplateError, place};
use super::{OWN, Options, filters, token};
use crate::items::Item;

/// Instructions that one rendering may take; a template of ten thousand lines needs a hundredth of it.
const FUEL: u64 = 10_000_000;
/// The largest rendering.
const MAX_RENDERED: usize = 16 * 1024 * 1024;

/// One file of a template that holds Jinja.
pub(super) struct Jinja {
    environment: Environment<'static>,
    values: Arc<Mutex<Vec<String>>>,
    file: String,
    text: String,
}

/// Whether a text holds Jinja at all.
pub(super) fn is_jinja(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark))
}

impl Jinja {
    /// Compiles a text.
    pub(super) fn compile(file: &str, text: &str) -> Result<Self, TemplateError> {
        let values = Arc::new(Mutex::new(Vec::new()));
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
        environment.set_syntax(syntax.expect("the default delimiters are valid"));
        environment.set_fuel(Some(FUEL));
        filters::add(&mut environment);
        let collected = values.clone();
        environment
            .set_formatter(move |out, state, value| format_value(out, state, value, &collected));
        environment
            .add_template_owned("template", text.to_owned())
            .map_err(|error| problem(file, text, &error, &[]))?;
        Ok(Self {
            environment,
            values,
            file: file.to_owned(),
            text: text.to_owned(),
        })
    }

    /// Whether the template looks at the item at all; if not, it holds its own list.
    pub(super) fn uses_item(&self) -> bool {
        self.environment
            .get_template("template")
            .is_ok_and(|template| {
                template
                    .undeclared_variables(false)
                    .iter()
                    .any(|name| OWN.contains(&name.to_ascii_uppercase().as_str()))
            })
    }

    /// Whether the template looks at the length of the list.
    pub(super) fn uses_count(&self) -> bool {
        let template = self.environment.get_template("template");
        template.is_ok_and(|template| {
            let names = template.undeclared_variables(false);
            names.contains("count") || names.contains("COUNT")
        })
    }

    /// The text with tokens, and their values.
    pub(super) fn render(
        &self,
        item: &Item,
        options: &Options,
    ) -> Result<(String, Vec<String>), TemplateError> {
        let template = self
            .environment
            .get_template("template")
            .expect("it was added when compiled");
        self.values
            .lock()
            .expect("a rendering does not panic")
            .clear();
        let mut text = Bounded(Vec::new());
        let rendered = template
            .render_captured_to(names(item, options), &mut text)
            .map(|_| ());
        if text.0.len() > MAX_RENDERED {
            return Err(TemplateError::Whole {
                file: self.file.clone(),
                problem: format!("one item renders to more than {MAX_RENDERED} bytes"),
                hint: "put fewer objects into one template".into(),
            });
        }
        rendered.map_err(|error| {
            problem(&self.file, &self.text, &error, &["item", "index", "count"])
        })?;
        let text = String::from_utf8(text.0).expect("strings are written");
        let values = std::mem::take(&mut *self.values.lock().expect("a rendering does not panic"));
        Ok((text, values))
    }
}

/// What a template can name: the constants, and what every item provides; in capitals it is the same as after a dollar.
fn names(item: &Item, options: &Options) -> Value {
    let field = |name: &str| item.field(name).map(|value| Value::from(Serde(value)));
    let mut names: BTreeMap<&str, Value> = BTreeMap::new();
    for (name, value) in &options.constants {
        names.insert(name, Value::from(value.as_str()));
    }
    names.insert("item", Value::from(Serde(&item.value)));
    names.insert("index", Value::from(item.index));
    names.insert("ITEM", field("ITEM").unwrap_or_else(|| item.text().into()));
    names.insert("INDEX", field("INDEX").unwrap_or(item.index.into()));
    let count = item.count.map(Value::from);
    names.extend(count.clone().map(|count| ("count", count)));
    names.extend(field("COUNT").or(count).map(|count| ("COUNT", count)));
    Value::from(names)
}

/// Takes text up to the limit, and then fails.
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.extend_from_slice(bytes);
        if self.0.len() > MAX_RENDERED {
            return Err(std::io::Error::other("too much output"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn format_value(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
    values: &Mutex<Vec<String>>,
) -> Result<(), minijinja::Error> {
    if value.is_undefined() || value.is_safe() {
        return minijinja::escape_formatter(out, state, value);
    }
    let mut values = values.lock().expect("a rendering does not panic");
    let number = values.len();
    values.push(if value.is_none() {
        String::new()
    } else {
        value.to_string()
    });
    out.write_str(&token::token(number))?;
    Ok(())
}

fn problem(file: &str, text: &str, error: &minijinja::Error, provided: &[&str]) -> TemplateError {
    let mut problem = error.kind().to_string();
    if let Some(detail) = error.detail() {
        problem = format!("{problem}: {detail}");
    }
    if error.kind() == minijinja::ErrorKind::UndefinedError {
        problem = format!(
            "{problem}\nhint: provided are {}, the fields of `item` and what --set gives",
            provided.join(", ")
        );
    }
    if error.kind() == minijinja::ErrorKind::OutOfFuel {
        problem = format!("this template does not end: one item took more than {FUEL} steps");
    }
    let line = error.line().unwrap_or(1);
    // The place is that of the expression, as far as it is known.
    let (line, column) = match error.range() {
        Some(range) => place(text, range.start),
        None => (line, 1),
    };
    TemplateError::Jinja {
        file: file.to_owned(),
        line,
        column,
        problem,
    }
}
