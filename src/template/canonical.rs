//! The canonical JSON of an object, which the digest is taken of: sorted keys, no blanks.

use serde_json::Value;

use super::json;
use super::segment::{Segment, Style, fixed};
use super::tree::{Key, Node};

/// The canonical JSON of a tree as segments; nothing if a key differs from item to item, as its place then does too.
pub(super) fn segments(node: &Node) -> Option<Vec<Segment>> {
    let mut out = Vec::new();
    write_node(node, &mut out)?;
    Some(out)
}

fn write_node(node: &Node, out: &mut Vec<Segment>) -> Option<()> {
    match node {
        Node::Fixed(value) => fixed(&text(value), out),
        Node::Slot(slot) => out.push(Segment::Slot(slot.clone(), Style::Json)),
        Node::List(nodes) => {
            fixed("[", out);
            for (number, node) in nodes.iter().enumerate() {
                fixed(if number > 0 { "," } else { "" }, out);
                write_node(node, out)?;
            }
            fixed("]", out);
        }
        Node::Map(entries) => {
            let mut sorted = Vec::with_capacity(entries.len());
            for (key, node) in entries {
                let Key::Fixed(key) = key else { return None };
                sorted.push((key.as_str(), node));
            }
            sorted.sort_by_key(|(key, _)| *key);
            fixed("{", out);
            for (number, (key, node)) in sorted.into_iter().enumerate() {
                fixed(if number > 0 { "," } else { "" }, out);
                fixed(&text(&Value::from(key)), out);
                fixed(":", out);
                write_node(node, out)?;
            }
            fixed("}", out);
        }
    }
    Some(())
}

fn text(value: &Value) -> String {
    let mut bytes = Vec::new();
    json::value(value, &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
