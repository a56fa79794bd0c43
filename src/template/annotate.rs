//! What the tool itself writes on objects: the group's label, the namespace, `managedBy`; and, for each item, annotations.

use serde_json::Value;

use super::Options;
use super::slot::{Piece, Role, Slot};
use super::tree::Node;

/// Where the annotations stand in an object.
const ITEM: &str = "kubectl-batch/item";
const INDEX: &str = "kubectl-batch/index";
const DIGEST: &str = "kubectl-batch/digest";
const ATTEMPT: &str = "kubectl-batch/attempt";
/// The variable that stands for the digest, which no item provides.
pub(super) const DIGEST_VARIABLE: &str = "kubectl-batch digest";
/// The value of `spec.managedBy` that hands a Job to this tool's reconciler.
const RECONCILER: &str = "kubectl-batch/reconciler";

/// Writes what is the same for all items.
pub(super) fn label(document: &mut Node, group: &str, options: &Options) {
    let label = || Node::Fixed(Value::String(group.into()));
    let kind = document
        .get("kind")
        .and_then(Node::text)
        .unwrap_or_default()
        .to_owned();
    if let Some(metadata) = document.map_mut("metadata") {
        if let Some(namespace) = &options.namespace {
            metadata.set("namespace", Node::Fixed(Value::String(namespace.clone())));
        }
        if let Some(labels) = metadata.map_mut("labels") {
            labels.set(&options.group_label, label());
        }
    }
    let templates: &[&[&str]] = match kind.as_str() {
        "Job" => &[&["spec", "template", "metadata", "labels"]],
        "CronJob" => &[
            &["spec", "jobTemplate", "metadata", "labels"],
            &[
                "spec",
                "jobTemplate",
                "spec",
                "template",
                "metadata",
                "labels",
            ],
        ],
        _ => &[],
    };
    for path in templates {
        let labels = path
            .iter()
            .try_fold(&mut *document, |node, key| node.map_mut(key));
        if let Some(labels) = labels {
            labels.set(&options.group_label, label());
        }
    }
    if options.reconcile
        && kind == "Job"
        && let Some(spec) = document.map_mut("spec")
    {
        spec.set("managedBy", Node::Fixed(Value::String(RECONCILER.into())));
    }
}

/// Writes the annotations that differ from item to item.
pub(super) fn annotate(document: &mut Node) {
    let Some(annotations) = document
        .map_mut("metadata")
        .and_then(|node| node.map_mut("annotations"))
    else {
        return;
    };
    for (key, variable) in [(ITEM, "ITEM"), (INDEX, "INDEX"), (DIGEST, DIGEST_VARIABLE)] {
        let pieces = vec![Piece::Variable(variable.into())];
        annotations.set(
            key,
            Node::Slot(Slot {
                role: Role::Text,
                pieces,
            }),
        );
    }
    annotations.set(ATTEMPT, Node::Fixed(Value::String("1".into())));
}
