//! One file of a template: rendered if it holds Jinja, parsed, and kept as long as the text stays the same.

use std::cell::RefCell;
use std::sync::Arc;

use serde_json::Value;

use super::document::Document;
use super::error::TemplateError;
use super::jinja::{Jinja, is_jinja};
use super::slot::Piece;
use super::tree;
use super::values::Rendered;
use super::{Options, Source, Syntax, lint, token};
use crate::items::Item;
use crate::manifest::yaml;

/// One file: rendered for each item if it holds Jinja, else the same text for all.
pub(super) struct File {
    pub(super) source: Source,
    pub(super) jinja: Option<Jinja>,
    /// The trees of the last rendering: as a rule all items render to the same text with tokens.
    last: RefCell<Option<Arc<Rendering>>>,
}

/// A text with tokens, and what became of it.
pub(super) struct Rendering {
    text: String,
    pub(super) documents: Vec<Document>,
}

impl File {
    /// Compiles the Jinja of a file, if there is any.
    pub(super) fn new(source: &Source, options: &Options) -> Result<Self, TemplateError> {
        if token::contains_token(&source.text) {
            return Err(TemplateError::Whole {
                file: source.name.clone(),
                problem: "the text holds U+FDD0 or U+FDD1, which are no characters".into(),
                hint: "remove them".into(),
            });
        }
        let jinja = match options.syntax {
            Syntax::Dollar => None,
            _ if is_jinja(&source.text) => {
                let compile = || Jinja::compile(&source.name, &source.text);
                Some(options.effort.during(0, compile)?)
            }
            _ => None,
        };
        Ok(Self {
            source: source.clone(),
            jinja,
            last: RefCell::new(None),
        })
    }

    /// Whether what it gives can differ from item to item.
    pub(super) fn uses_item(&self, options: &Options) -> bool {
        let jinja = self.jinja.as_ref().is_some_and(Jinja::uses_item);
        let own = |name: &str| matches!(options.piece(name), Piece::Variable(_));
        let dollars = |text: &str| {
            let (_, names) = token::tokenize_dollars(text, 0, |name| options.provides(name));
            names.iter().any(|name| own(name))
        };
        jinja
            || options.name_template.as_deref().is_some_and(dollars)
            || (options.syntax != Syntax::Jinja && dollars(&self.source.text))
    }

    /// Whether what it gives differs with the length of the list.
    pub(super) fn uses_count(&self, options: &Options) -> bool {
        let dollars = |text: &str| {
            let (_, names) = token::tokenize_dollars(text, 0, |name| name == "COUNT");
            !names.is_empty()
        };
        let added = options.labels.iter().chain(&options.annotations);
        let mut added = added.map(|(_, value)| value).chain(&options.name_template);
        self.jinja.as_ref().is_some_and(Jinja::uses_count)
            || added.any(|text| dollars(text))
            || (options.syntax != Syntax::Jinja && dollars(&self.source.text))
    }

    /// Forgets what was parsed: the group's name was not known yet.
    pub(super) fn forget(&self) {
        self.last.replace(None);
    }

    /// The trees for one item, and the values of its expressions.
    pub(super) fn render(
        &self,
        item: &Item,
        options: &Options,
        group: &str,
    ) -> Result<(Arc<Rendering>, Vec<Rendered>), TemplateError> {
        let (text, values) = if let Some(jinja) = &self.jinja {
            let render = || jinja.render(item, options);
            options.effort.during(item.index + 1, render)?
        } else {
            if let Some(last) = &*self.last.borrow() {
                return Ok((last.clone(), Vec::new()));
            }
            (self.source.text.clone(), Vec::new())
        };
        if let Some(last) = self.last.borrow().as_ref().filter(|last| last.text == text) {
            return Ok((last.clone(), values));
        }
        let documents = self.parse(&text, values.len(), options, group)?;
        let rendering = Arc::new(Rendering { text, documents });
        self.last.replace(Some(rendering.clone()));
        Ok((rendering, values))
    }

    fn parse(
        &self,
        text: &str,
        rendered: usize,
        options: &Options,
        group: &str,
    ) -> Result<Vec<Document>, TemplateError> {
        let (text, variables) = match options.syntax {
            Syntax::Jinja => (text.to_owned(), Vec::new()),
            _ => token::tokenize_dollars(text, rendered, |name| options.provides(name)),
        };
        let parsed = yaml::documents(&text).map_err(|error| TemplateError::Yaml {
            file: self.source.name.clone(),
            line: error.line,
            column: error.column,
            problem: error.problem,
        })?;
        let piece = |number: usize| {
            let variable = number
                .checked_sub(rendered)
                .and_then(|at| variables.get(at));
            variable.map_or(Piece::Rendered(number), |name| options.piece(name))
        };
        let places = token::places(&text);
        let is_plain = |number: usize| {
            places
                .get(&number)
                .is_some_and(|at| stands_plain(&text[..*at]))
        };
        let origin = tree::Origin {
            piece: &piece,
            is_plain: &is_plain,
        };
        let mut documents = Vec::new();
        for document in parsed {
            // Lines of a rendering are not those of the source.
            let offset = if self.jinja.is_some() {
                0
            } else {
                document.offset
            };
            let mut values = flatten_list(document.value);
            let text = (values.len() == 1).then_some(document.text.as_str());
            for value in values.drain(..) {
                let tree = tree::build(&value, &origin);
                lint::document(&tree, &self.source, offset, options)?;
                let decoration = (options, group);
                let document = Document::new(tree, text, offset, decoration, &piece);
                documents.push(document.map_err(|path| self.is_no_map(path, offset))?);
            }
        }
        Ok(documents)
    }

    /// The error of a place where the tool adds entries, and the template has something else than a map.
    fn is_no_map(&self, path: &str, offset: usize) -> TemplateError {
        TemplateError::Rule {
            file: self.source.name.clone(),
            line: offset + 1,
            column: 1,
            problem: format!("{path} is no map, and the tool adds entries to it"),
            hint: "write the map in the template, with an expression for each value".into(),
        }
    }
}

/// `kind: List` holds objects.
fn flatten_list(mut value: Value) -> Vec<Value> {
    let is_list = value["kind"]
        .as_str()
        .is_some_and(|kind| kind.ends_with("List"));
    match value.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) if is_list => items,
        Some(items) => {
            value["items"] = items;
            vec![value]
        }
        None => vec![value],
    }
}

/// Whether a token stands in YAML without quotes around it, and not in a block; by the text before it.
fn stands_plain(before: &str) -> bool {
    if before.ends_with(['"', '\'']) {
        return false;
    }
    let mut lines = before.rsplit('\n');
    let own = lines.next().unwrap_or("");
    let above = lines
        .find(|line| !line.trim().is_empty())
        .unwrap_or("")
        .trim_end();
    let in_block =
        own.trim().is_empty() && above.trim_end_matches(['-', '+']).ends_with(['|', '>']);
    !in_block
}
