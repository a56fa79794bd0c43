//! Expansion: a template is compiled once, then each item is spliced in.
//!
//! Text with placeholders becomes text with opaque tokens, which is parsed as YAML once; each scalar that holds a token is a slot.
//! An item's value never passes through a YAML parser, so it can never change the shape of a document.

mod annotate;
mod bounded;
mod builtin;
mod canonical;
mod compiled;
mod document;
mod effort;
mod error;
mod file;
mod filters;
mod group_name;
mod jinja;
mod json;
mod lint;
mod notice;
mod outline;
mod overlay;
mod recipe;
mod rules;
mod saved;
mod schema;
mod segment;
mod slot;
mod splice;
mod token;
mod tree;
mod unique;
mod values;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::items::variable_name;

pub use builtin::{Builtin, builtin, builtins};
pub use compiled::Template;
pub use effort::{Effort, Work};
pub use error::TemplateError;
pub use notice::{Notice, Severity};
pub use overlay::Overlays;
pub use recipe::{NoSuchField, Recipe};
pub use unique::{Claims, Names, TakeName};

/// One file of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its name, for messages.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Which placeholders are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Syntax {
    /// Both.
    #[default]
    Auto,
    /// Only `$NAME` and `${NAME}`.
    Dollar,
    /// Only Jinja.
    Jinja,
}

/// How a template is to be read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Options {
    /// Which placeholders are looked for.
    pub syntax: Syntax,
    /// The group's name; else the template's own label, else the template's name.
    pub group: Option<String>,
    /// The label that carries the group's name.
    pub group_label: String,
    /// Written into `metadata.namespace`, if given.
    pub namespace: Option<String>,
    /// An item that does not fit into a name is an error.
    pub strict_names: bool,
    /// Names that `$NAME` may have, besides `ITEM`, `INDEX` and `COUNT`: the fields of a record.
    pub variables: Vec<String>,
    /// Names with a fixed value, for all items. A `$NAME` may also be the upper case of such a name, as it is of a field.
    pub constants: Vec<(String, String)>,
    /// Labels for all objects and Pod templates; `$NAME` is a placeholder in their values.
    pub labels: Vec<(String, String)>,
    /// Annotations for all objects; `$NAME` is a placeholder in their values.
    pub annotations: Vec<(String, String)>,
    /// Replaces the `metadata.name` of Jobs; `$NAME` is a placeholder in it.
    pub name_template: Option<String>,
    /// Fields that are set on every Job.
    pub overlays: Overlays,
    /// Whether our annotations are written.
    pub annotate: bool,
    /// Whether Jobs are handed to this tool's reconciler.
    pub reconcile: bool,
    /// Shows what Jinja is at.
    #[serde(skip)]
    pub effort: Arc<Effort>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            syntax: Syntax::Auto,
            group: None,
            group_label: "jobgroup".into(),
            namespace: None,
            strict_names: false,
            variables: Vec::new(),
            constants: Vec::new(),
            labels: Vec::new(),
            annotations: Vec::new(),
            name_template: None,
            overlays: Overlays::default(),
            annotate: true,
            reconcile: false,
            effort: Arc::default(),
        }
    }
}

/// The names that every item provides.
const OWN: [&str; 3] = ["ITEM", "INDEX", "COUNT"];

impl Options {
    /// Whether `$NAME` is a placeholder.
    fn provides(&self, name: &str) -> bool {
        self.is_own(name) || self.constant(name).is_some()
    }

    /// What a `$NAME` that is provided stands for: the item's own value wins over a constant.
    fn piece(&self, name: &str) -> slot::Piece {
        match self.constant(name).filter(|_| !self.is_own(name)) {
            Some(value) => slot::Piece::Constant(value.to_owned()),
            None => slot::Piece::Variable(name.to_owned()),
        }
    }

    fn is_own(&self, name: &str) -> bool {
        OWN.contains(&name) || self.variables.iter().any(|known| known == name)
    }

    fn constant(&self, name: &str) -> Option<&str> {
        let exact = self.constants.iter().find(|(known, _)| known == name);
        let mut others = self.constants.iter();
        let found = exact.or_else(|| {
            others.find(|(known, _)| variable_name(known).is_some_and(|known| known == name))
        });
        found.map(|(_, value)| value.as_str())
    }

    /// The names that are provided, for messages.
    fn provided(&self) -> String {
        let constants = self.constants.iter().map(|(name, _)| name.as_str());
        let variables = self.variables.iter().map(String::as_str);
        let all = OWN.into_iter().chain(variables).chain(constants);
        let mut names: Vec<&str> = Vec::new();
        for name in all {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.join(", ")
    }
}

/// What one item yields.
#[derive(Clone, Debug, PartialEq)]
pub struct Expansion {
    /// The objects, in the template's order.
    pub objects: Vec<Value>,
}

impl Expansion {
    /// The first member.
    pub fn job(&self) -> Option<&Value> {
        self.members().next()
    }

    /// The Jobs among the objects: the members of the group.
    pub fn members(&self) -> impl Iterator<Item = &Value> {
        self.objects.iter().filter(|object| is_member(object))
    }
}

/// Whether a template's text holds Jinja, so that what it takes is not known before it is done.
pub fn holds_program(text: &str) -> bool {
    jinja::is_jinja(text)
}

/// Whether an object is a member of a group.
pub fn is_member(object: &Value) -> bool {
    object["kind"].as_str().is_some_and(is_member_kind)
}

fn is_member_kind(kind: &str) -> bool {
    matches!(kind, "Job" | "CronJob")
}

#[cfg(test)]
mod tests;
