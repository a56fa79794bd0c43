//! What the tool itself writes on objects: labels, the namespace, `managedBy`; and, for each item, annotations.

use serde_json::Value;

use super::slot::{Piece, Role, Slot};
use super::token;
use super::tree::Node;
use super::{Options, is_member_kind};

/// Where the annotations stand in an object.
const ITEM: &str = "kubectl-batch/item";
const INDEX: &str = "kubectl-batch/index";
const DIGEST: &str = "kubectl-batch/digest";
const ATTEMPT: &str = "kubectl-batch/attempt";
/// The value of `spec.managedBy` that hands a Job to this tool's reconciler.
const RECONCILER: &str = "kubectl-batch/reconciler";

fn text(text: &str) -> Node {
    Node::Fixed(Value::String(text.into()))
}

/// A text of the command line, in which `$NAME` is a placeholder too.
fn with_dollars(written: &str, role: Role, options: &Options) -> Node {
    let (tokens, names) = token::tokenize_dollars(written, 0, |name| options.provides(name));
    if names.is_empty() {
        return text(written);
    }
    let piece = |part: Result<&str, usize>| match part {
        Ok(literal) => Piece::Literal(literal.into()),
        Err(number) => options.piece(names.get(number).map_or("", String::as_str)),
    };
    let pieces = token::pieces(&tokens).into_iter().map(piece).collect();
    Node::Slot(Slot::added(role, pieces))
}

/// Writes what belongs to the object itself, and so to its digest. The error is the path of what should be a map and is none.
pub(super) fn decorate(
    document: &mut Node,
    group: &str,
    options: &Options,
) -> Result<(), &'static str> {
    let text_at = |document: &Node, key| document.get(key).and_then(Node::text).map(str::to_owned);
    let kind = text_at(document, "kind").unwrap_or_default();
    let version = text_at(document, "apiVersion").unwrap_or_default();
    if kind == "CronJob" && version == "batch/v1beta1" {
        // The same fields; v1beta1 is gone since Kubernetes 1.25.
        document.set("apiVersion", text("batch/v1"));
    }
    let metadata = document.map_mut("metadata").ok_or("metadata")?;
    if let Some(namespace) = &options.namespace {
        metadata.set("namespace", text(namespace));
    }
    if let Some(name) = options
        .name_template
        .as_deref()
        .filter(|_| is_member_kind(&kind))
    {
        metadata.set("name", with_dollars(name, Role::Name, options));
    }
    if !options.annotations.is_empty() {
        let annotations = metadata
            .map_mut("annotations")
            .ok_or("metadata.annotations")?;
        for (key, value) in &options.annotations {
            annotations.set(key, with_dollars(value, Role::Text, options));
        }
    }
    label(document, &["metadata", "labels"], group, options).ok_or("metadata.labels")?;
    for path in pod_template_labels(&kind) {
        label(document, path, group, options).ok_or("a Pod template's metadata.labels")?;
    }
    options.overlays.apply(document, &kind)?;
    if options.reconcile && kind == "Job" {
        let spec = document.map_mut("spec").ok_or("spec")?;
        spec.set("managedBy", text(RECONCILER));
    }
    Ok(())
}

fn pod_template_labels(kind: &str) -> &'static [&'static [&'static str]] {
    match kind {
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
    }
}

fn label(document: &mut Node, path: &[&str], group: &str, options: &Options) -> Option<()> {
    let labels = path
        .iter()
        .try_fold(document, |node, key| node.map_mut(key))?;
    labels.set(&options.group_label, text(group));
    for (key, value) in &options.labels {
        labels.set(key, with_dollars(value, Role::Label, options));
    }
    Some(())
}

/// Writes the annotations that differ from item to item.
pub(super) fn annotate(document: &mut Node) -> Result<(), &'static str> {
    let metadata = document.map_mut("metadata");
    let annotations = metadata.and_then(|node| node.map_mut("annotations"));
    let annotations = annotations.ok_or("metadata.annotations")?;
    for (key, piece) in [
        (ITEM, Piece::Item),
        (INDEX, Piece::Index),
        (DIGEST, Piece::Digest),
    ] {
        annotations.set(key, Node::Slot(Slot::added(Role::Text, vec![piece])));
    }
    annotations.set(ATTEMPT, text("1"));
    Ok(())
}
