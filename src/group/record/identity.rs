//! Whose record it is, and what its ConfigMaps are called and labelled.

use serde_json::{Map, Value, json};

use super::ROLE;
use crate::manifest::{digest, names};

/// Whose record it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The namespace of the record.
    pub namespace: String,
    /// The label that carries the group's name.
    pub label: String,
    /// The group's name.
    pub group: String,
}

impl Identity {
    /// The name of the head.
    pub fn name(&self) -> String {
        let (safe, lost) = names::safe_part(&self.group);
        let group = names::finish(&safe, lost, &self.group);
        if self.label == "jobgroup" {
            return format!("kubectl-batch.{group}");
        }
        let label = digest::hex(self.label.as_bytes(), 4);
        format!("kubectl-batch.{group}.{label}")
    }

    /// A ConfigMap without content, as a head or a part.
    pub(super) fn object(&self, name: &str, role: &str) -> Value {
        let mut labels = Map::new();
        labels.insert(self.label.clone(), self.group.as_str().into());
        labels.insert(
            "app.kubernetes.io/managed-by".into(),
            "kubectl-batch".into(),
        );
        labels.insert(ROLE.into(), role.into());
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": self.namespace, "labels": labels},
        })
    }
}
