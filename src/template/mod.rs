//! Expansion: a template is compiled once, then each item is spliced in.
//!
//! Text with placeholders becomes text with opaque tokens, which is parsed as YAML once; each scalar that holds a token is a slot.
//! An item's value never passes through a YAML parser, so it can never change the shape of a document.

mod annotate;
mod builtin;
mod compiled;
mod error;
mod filters;
mod jinja;
mod lint;
mod slot;
mod token;
mod tree;

use serde_json::Value;

pub use builtin::{Builtin, builtin, builtins};
pub use compiled::Template;
pub use error::TemplateError;

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
            annotate: true,
            reconcile: false,
        }
    }
}

/// What one item yields.
#[derive(Clone, Debug, PartialEq)]
pub struct Expansion {
    /// The objects, in the template's order.
    pub objects: Vec<Value>,
}

impl Expansion {
    /// The Jobs among the objects: the members of the group.
    pub fn members(&self) -> impl Iterator<Item = &Value> {
        self.objects.iter().filter(|object| is_member(object))
    }
}

/// Whether an object is a member of a group.
pub fn is_member(object: &Value) -> bool {
    matches!(object["kind"].as_str(), Some("Job" | "CronJob"))
}

#[cfg(test)]
mod tests;
