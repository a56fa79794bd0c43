//! Where an object stands.

use std::fmt;

use serde_json::Value;

use crate::job::kube_value::text;

/// Where an object stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Place {
    /// The place of an object; `None` if it has no name.
    pub fn of(object: &Value) -> Option<Self> {
        Some(Self {
            namespace: text(object, "/metadata/namespace")
                .unwrap_or("default")
                .to_owned(),
            name: text(object, "/metadata/name")?.to_owned(),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.namespace, self.name)
    }
}
