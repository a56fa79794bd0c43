//! Which objects a list or a watch wants: label selectors and field selectors.

mod field;
mod label;

pub use field::FieldSelector;
pub use label::LabelSelector;

use serde_json::Value;

/// Both selectors of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// On `metadata.labels`.
    pub labels: LabelSelector,
    /// On a few fields.
    pub fields: FieldSelector,
}

impl Filter {
    /// Whether the object is wanted.
    pub fn matches(&self, object: &Value) -> bool {
        self.labels.matches(object) && self.fields.matches(object)
    }
}
