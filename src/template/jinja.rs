//! Jinja: the template is rendered for each item, with a token in place of every value that an expression yields.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value};

use super::bounded::MAX_RENDERED;
use super::error::{TemplateError, place};
use super::values::{Collector, Rendered};
use super::{OWN, Options, filters};
use crate::items::Item;

/// Steps that one rendering may take: an instruction each, and one for every 64 bytes of any text that is made.
const FUEL: u64 = 2_000_000;
/// Macros, blocks and loops that call each other.
const MAX_RECURSION: usize = 128;

/// One file of a template that holds Jinja.
pub(super) struct Jinja {
    environment: Environment<'static>,
    values: Arc<Collector>,
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
        let values = Arc::new(Collector::default());
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
        environment.set_syntax(syntax.expect("the default delimiters are valid"));
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(MAX_RECURSION);
        filters::add(&mut environment);
        let collected = values.clone();
        environment.set_formatter(move |out, state, value| {
            collected.format(out, state, value, MAX_RENDERED)
        });
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
    ) -> Result<(String, Vec<Rendered>), TemplateError> {
        let template = self
            .environment
            .get_template("template")
            .expect("it was added when compiled");
        self.values.clear();
        let mut text = Bounded(Vec::new());
        let rendered = template
            .render_captured_to(names(item, options), &mut text)
            .map(|_| ());
        let too_much = || TemplateError::Whole {
            file: self.file.clone(),
            problem: format!("one item renders to more than {MAX_RENDERED} bytes"),
            hint: "put fewer objects into one template".into(),
        };
        if text.0.len() > MAX_RENDERED
            || rendered
                .as_ref()
                .is_err_and(|error| error.kind() == ErrorKind::WriteFailure)
        {
            return Err(too_much());
        }
        rendered.map_err(|error| problem(&self.file, &self.text, &error, &OWN))?;
        let text = String::from_utf8(text.0).expect("strings are written");
        self.values
            .settle(&text, MAX_RENDERED)
            .map_err(|_| too_much())
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

fn problem(file: &str, text: &str, error: &minijinja::Error, provided: &[&str]) -> TemplateError {
    let mut problem = error.kind().to_string();
    if let Some(detail) = error.detail() {
        problem = format!("{problem}: {detail}");
    }
    if error.kind() == ErrorKind::UndefinedError {
        problem = format!(
            "{problem}\nhint: provided are {}, the fields of `item` and what --set gives",
            provided.join(", ")
        );
    }
    if error.kind() == ErrorKind::OutOfFuel {
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
