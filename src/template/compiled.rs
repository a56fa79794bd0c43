//! A compiled template: its files, the trees of its documents, and the group's name.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Value;

use super::annotate::{self, DIGEST_VARIABLE};
use super::error::TemplateError;
use super::jinja::{Jinja, is_jinja};
use super::slot::{Filling, Piece, Role};
use super::tree::{self, Node, Segment};
use super::{Expansion, Options, Source, Syntax, lint, token};
use crate::items::Item;
use crate::manifest::{digest, names, yaml};

/// A template that is ready for items.
pub struct Template {
    files: Vec<File>,
    options: Options,
    group: String,
    list_inside: bool,
}

/// One file: rendered for each item if it holds Jinja, else the same text for all.
struct File {
    source: Source,
    jinja: Option<Jinja>,
    /// The trees of the last rendering: as a rule all items render to the same text with tokens.
    last: RefCell<Option<Rc<Rendering>>>,
}

/// A text with tokens, and what became of it.
struct Rendering {
    text: String,
    documents: Vec<Document>,
}

/// One document, ready to be filled.
struct Document {
    tree: Node,
    /// The tree with our annotations.
    annotated: Node,
    is_member: bool,
    yaml: Vec<Segment>,
}

impl Template {
    /// Compiles the files of a template.
    pub fn compile(sources: &[Source], options: &Options) -> Result<Self, TemplateError> {
        let files = sources
            .iter()
            .map(|source| File::new(source, options))
            .collect::<Result<Vec<_>, _>>()?;
        let list_inside = files
            .iter()
            .any(|file| file.jinja.as_ref().is_some_and(|jinja| !jinja.uses_item()));
        let mut template = Self {
            files,
            options: options.clone(),
            group: String::new(),
            list_inside,
        };
        template.group = template.choose_group()?;
        for file in &template.files {
            file.last.replace(None);
        }
        Ok(template)
    }

    /// The group's name.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// Whether the template holds its own list: it is then expanded once, without items.
    pub fn holds_list(&self) -> bool {
        self.list_inside
    }

    /// The objects of one item.
    pub fn expand(&self, item: &Item) -> Result<Expansion, TemplateError> {
        let mut objects = Vec::new();
        self.each(item, |document, filling, constants| {
            let filling = Filling {
                constants,
                ..*filling
            };
            let tree = if self.options.annotate {
                &document.annotated
            } else {
                &document.tree
            };
            objects.push(tree.value(&filling)?);
            Ok(())
        })?;
        Ok(Expansion { objects })
    }

    /// The objects of one item as YAML documents, each after `---`.
    pub fn write_yaml(&self, item: &Item, out: &mut Vec<u8>) -> Result<(), TemplateError> {
        self.each(item, |document, filling, constants| {
            out.extend_from_slice(b"---\n");
            let filling = Filling {
                constants,
                ..*filling
            };
            tree::write(&document.yaml, &filling, out)
        })
    }

    /// Visits the documents of one item, each with its digest among the constants.
    fn each(
        &self,
        item: &Item,
        mut visit: impl FnMut(&Document, &Filling<'_>, &[(String, String)]) -> Result<(), TemplateError>,
    ) -> Result<(), TemplateError> {
        if token::contains_token(&item.text()) {
            let filling = self.filling(item, &[]);
            return Err(filling.misfit(
                "it holds U+FDD0 or U+FDD1, which are no characters".into(),
                "remove them from the list",
            ));
        }
        for file in &self.files {
            let (rendering, values) = file.render(item, &self.options, &self.group)?;
            let filling = self.filling(item, &values);
            for document in &rendering.documents {
                if !(document.is_member && self.options.annotate) {
                    visit(document, &filling, &self.options.constants)?;
                    continue;
                }
                let digest = document.digest(&filling)?;
                let mut constants = self.options.constants.clone();
                constants.push((DIGEST_VARIABLE.into(), digest));
                visit(document, &filling, &constants)?;
            }
        }
        Ok(())
    }

    fn filling<'a>(&'a self, item: &'a Item, rendered: &'a [String]) -> Filling<'a> {
        Filling {
            item,
            constants: &self.options.constants,
            rendered,
            strict_names: self.options.strict_names,
        }
    }

    /// `--group`, else the template's own label, else the template's name without placeholders.
    fn choose_group(&self) -> Result<String, TemplateError> {
        let probe = Item::scalar(0, "item");
        let names: Vec<&str> = self
            .files
            .iter()
            .map(|file| file.source.name.as_str())
            .collect();
        let whole = |problem: &str, hint: &str| TemplateError::Whole {
            file: names.join(", "),
            problem: problem.into(),
            hint: hint.into(),
        };
        let mut fallback = None;
        for file in &self.files {
            // Documents are looked at as they are for one item; which one does not matter for names without placeholders.
            let rendering = match &file.jinja {
                Some(_) if !self.list_inside => continue,
                _ => file.render(&probe, &self.options, "")?.0,
            };
            for document in rendering
                .documents
                .iter()
                .filter(|document| document.is_member)
            {
                let label = document
                    .tree
                    .at(&["metadata", "labels", &self.options.group_label])
                    .and_then(Node::text);
                let found = self
                    .options
                    .group
                    .as_deref()
                    .or(label.filter(|label| !label.is_empty()));
                if let Some(group) = found {
                    return checked(group).ok_or_else(|| whole(&format!("\"{group}\" cannot be a group's name"), "it is the value of a label: at most 63 letters, digits, `-`, `_` and `.`"));
                }
                fallback =
                    fallback.or_else(|| document.tree.at(&["metadata", "name"]).map(bare_name));
            }
        }
        let no_job = || {
            whole(
                "there is no Job in this template",
                "a template holds at least one manifest with kind: Job",
            )
        };
        match (fallback, &self.options.group) {
            (Some(name), _) => Ok(name),
            (None, Some(group)) if self.has_jinja() => checked(group).ok_or_else(no_job),
            (None, None) if self.has_jinja() => {
                Ok(self.group_of_text().unwrap_or_else(|| "batch".into()))
            }
            _ => Err(no_job()),
        }
    }

    fn has_jinja(&self) -> bool {
        self.files.iter().any(|file| file.jinja.is_some())
    }

    /// A Jinja template is text until it is rendered; a label without placeholders is found in the text.
    fn group_of_text(&self) -> Option<String> {
        let prefix = format!("{}:", self.options.group_label);
        self.files
            .iter()
            .flat_map(|file| file.source.text.lines())
            .find_map(|line| {
                let value = line
                    .trim()
                    .strip_prefix(&prefix)?
                    .trim()
                    .trim_matches(['"', '\'']);
                checked(value).filter(|value| !value.is_empty())
            })
    }
}

fn checked(group: &str) -> Option<String> {
    names::is_label_value(group).then(|| group.to_owned())
}

/// A name without its placeholders: `process-item-$ITEM` gives `process-item`.
fn bare_name(node: &Node) -> String {
    let joined = match node {
        Node::Slot(slot) => slot.literals().collect::<Vec<_>>().join("-"),
        other => other.text().unwrap_or("batch").to_owned(),
    };
    let safe = joined.trim_matches('-').replace("--", "-");
    if names::is_label_value(&safe) && !safe.is_empty() {
        safe
    } else {
        "batch".into()
    }
}

impl File {
    fn new(source: &Source, options: &Options) -> Result<Self, TemplateError> {
        if token::contains_token(&source.text) {
            return Err(TemplateError::Whole {
                file: source.name.clone(),
                problem: "the text holds U+FDD0 or U+FDD1, which are no characters".into(),
                hint: "remove them".into(),
            });
        }
        let jinja = match options.syntax {
            Syntax::Dollar => None,
            _ if is_jinja(&source.text) => Some(Jinja::compile(&source.name, &source.text)?),
            _ => None,
        };
        Ok(Self {
            source: source.clone(),
            jinja,
            last: RefCell::new(None),
        })
    }

    /// The trees for one item, and the values of its expressions.
    fn render(
        &self,
        item: &Item,
        options: &Options,
        group: &str,
    ) -> Result<(Rc<Rendering>, Vec<String>), TemplateError> {
        let (text, values) = match &self.jinja {
            Some(jinja) => jinja.render(item, &options.constants)?,
            None => {
                if let Some(last) = &*self.last.borrow() {
                    return Ok((last.clone(), Vec::new()));
                }
                (self.source.text.clone(), Vec::new())
            }
        };
        if let Some(last) = self.last.borrow().as_ref().filter(|last| last.text == text) {
            return Ok((last.clone(), values));
        }
        let documents = self.parse(&text, values.len(), options, group)?;
        let rendering = Rc::new(Rendering { text, documents });
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
        let knows = |name: &str| {
            matches!(name, "ITEM" | "INDEX")
                || options.variables.iter().any(|known| known == name)
                || options.constants.iter().any(|(known, _)| known == name)
        };
        let (text, variables) = match options.syntax {
            Syntax::Jinja => (text.to_owned(), Vec::new()),
            _ => token::tokenize_dollars(text, rendered, knows),
        };
        let parsed = yaml::documents(&text).map_err(|error| TemplateError::Yaml {
            file: self.source.name.clone(),
            line: error.line,
            column: error.column,
            problem: error.problem,
        })?;
        let piece = |number: usize| match number
            .checked_sub(rendered)
            .and_then(|at| variables.get(at))
        {
            Some(name) => Piece::Variable(name.clone()),
            None => Piece::Rendered(number),
        };
        let is_plain = |number: usize| stands_plain(&text, number);
        let origin = tree::Origin {
            piece: &piece,
            is_plain: &is_plain,
        };
        let mut documents = Vec::new();
        for document in parsed {
            for value in flatten_list(document.value) {
                let tree = tree::build(&value, &origin);
                lint::document(
                    &tree,
                    &self.source,
                    if self.jinja.is_some() {
                        0
                    } else {
                        document.offset
                    },
                    options,
                )?;
                documents.push(Document::new(tree, options, group));
            }
        }
        Ok(documents)
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

/// Whether a token stands in YAML without quotes around it, and not in a block.
fn stands_plain(text: &str, number: usize) -> bool {
    let Some(at) = text.find(&token::token(number)) else {
        return false;
    };
    let before = &text[..at];
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

impl Document {
    fn new(mut tree: Node, options: &Options, group: &str) -> Self {
        let kind = tree.get("kind").and_then(Node::text).unwrap_or_default();
        let is_member = matches!(kind, "Job" | "CronJob");
        if !group.is_empty() {
            annotate::label(&mut tree, group, options);
        }
        let mut annotated = tree.clone();
        if is_member && options.annotate {
            annotate::annotate(&mut annotated);
        }
        let yaml = tree::segments(&annotated);
        Self {
            tree,
            annotated,
            is_member,
            yaml,
        }
    }

    /// SHA-256 over the canonical JSON of the object without our annotations.
    fn digest(&self, filling: &Filling<'_>) -> Result<String, TemplateError> {
        let mut text = String::new();
        canonical(&self.tree.value(filling)?, &mut text);
        Ok(digest::short(text.as_bytes()))
    }
}

/// JSON with sorted keys and no blanks.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            out.push('{');
            for (number, (key, value)) in entries.into_iter().enumerate() {
                if number > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(list) => {
            out.push('[');
            for (number, value) in list.iter().enumerate() {
                if number > 0 {
                    out.push(',');
                }
                canonical(value, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

impl super::slot::Slot {
    /// The text of the template around the placeholders.
    pub(super) fn literals(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_str()),
            _ => None,
        })
    }
}
