//! Expansion: a template is compiled once, then each item is spliced in.
//!
//! Text with placeholders becomes text with opaque tokens, which is parsed as YAML once; each scalar that holds a token is a slot.
//! An item's value never passes through a YAML parser, so it can never change the shape of a document.

mod annotate;
mod builtin;
mod canonical;
mod compiled;
mod error;
mod file;
mod filters;
mod group_name;
mod jinja;
mod lint;
mod notice;
mod outline;
mod recipe;
mod rules;
mod schema;
mod segment;
mod slot;
mod splice;
mod token;
mod tree;
mod unique;

use serde_json::Value;

pub use builtin::{Builtin, builtin, builtins};
pub use compiled::Template;
pub use error::TemplateError;
pub use notice::{Notice, Severity};
pub use recipe::{NoSuchField, Recipe};
pub use unique::Names;

/// One file of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, for messages.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Which placeholders are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Debug)]
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
    /// Names that `$NAME` may have, besides `ITEM` and `INDEX`: the fields of a record.
    pub variables: Vec<String>,
    /// Names with a fixed value, for all items.
    pub constants: Vec<(String, String)>,
    /// Labels for all objects and Pod templates; `$NAME` is a placeholder in their values.
    pub labels: Vec<(String, String)>,
    /// Annotations for all objects; `$NAME` is a placeholder in their values.
    pub annotations: Vec<(String, String)>,
    /// Replaces the `metadata.name` of Jobs; `$NAME` is a placeholder in it.
    pub name_template: Option<String>,
    /// Whether our annotations are written.
    pub annotate: bool,
    /// Whether Jobs are handed to this tool's reconciler.
    pub reconcile: bool,
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
            annotate: true,
            reconcile: false,
        }
    }
}

impl Options {
    /// Whether `$NAME` is a placeholder.
    fn provides(&self, name: &str) -> bool {
        matches!(name, "ITEM" | "INDEX")
            || self.variables.iter().any(|known| known == name)
            || self.constants.iter().any(|(known, _)| known == name)
    }

    /// What a `$NAME` that is provided stands for: the item's own value wins over a constant.
    fn piece(&self, name: &str) -> slot::Piece {
        let own =
            matches!(name, "ITEM" | "INDEX") || self.variables.iter().any(|known| known == name);
        let constant = self.constants.iter().find(|(known, _)| known == name);
        match constant.filter(|_| !own) {
            Some((_, value)) => slot::Piece::Constant(value.clone()),
            None => slot::Piece::Variable(name.to_owned()),
        }
    }

    /// The names that are provided, for messages.
    fn provided(&self) -> String {
        let own = ["ITEM", "INDEX"].map(str::to_owned).into_iter();
        let constants = self.constants.iter().map(|(name, _)| name.clone());
        let all: Vec<_> = own
            .chain(self.variables.iter().cloned())
            .chain(constants)
            .collect();
        all.join(", ")
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

/// Whether an object is a member of a group.
pub fn is_member(object: &Value) -> bool {
    object["kind"].as_str().is_some_and(is_member_kind)
}

fn is_member_kind(kind: &str) -> bool {
    matches!(kind, "Job" | "CronJob")
}

#[cfg(test)]
mod tests;
