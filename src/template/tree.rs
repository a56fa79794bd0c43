//! A document with slots: built from parsed YAML that holds tokens, turned into values or text for each item.

use serde_json::{Map, Value};

use super::error::TemplateError;
use super::segment::{Segment, Style, fixed};
use super::slot::{Filling, Piece, Role, Slot};
use super::token;
use crate::manifest::yaml;

/// A value in which scalars and keys may be slots.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// A value without slots below it.
    Fixed(Value),
    /// A scalar with placeholders.
    Slot(Slot),
    /// A list.
    List(Vec<Node>),
    /// A map in the template's order.
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Key {
    /// Text of the template.
    Fixed(String),
    /// With placeholders.
    Slot(Slot),
}

/// What the builder asks of the text around a document.
pub(super) struct Origin<'a> {
    /// The piece that a token's number stands for.
    pub(super) piece: &'a dyn Fn(usize) -> Piece,
    /// Whether a token stands in the text without quotes.
    pub(super) is_plain: &'a dyn Fn(usize) -> bool,
}

/// Builds the tree of a document.
pub(super) fn build(value: &Value, origin: &Origin<'_>) -> Node {
    build_at(value, &mut Vec::new(), origin)
}

fn build_at(value: &Value, path: &mut Vec<String>, origin: &Origin<'_>) -> Node {
    match value {
        Value::String(text) if token::contains_token(text) => {
            Node::Slot(slot(text, role(path), origin))
        }
        Value::Array(list) => {
            let nodes = list.iter().map(|value| {
                path.push("-".into());
                let node = build_at(value, path, origin);
                path.pop();
                node
            });
            Node::List(nodes.collect())
        }
        Value::Object(map) => {
            let nodes = map.iter().map(|(key, value)| {
                path.push(key.clone());
                let node = build_at(value, path, origin);
                path.pop();
                let key = if token::contains_token(key) {
                    Key::Slot(slot(key, Role::Key, origin))
                } else {
                    Key::Fixed(key.clone())
                };
                (key, node)
            });
            Node::Map(nodes.collect())
        }
        other => Node::Fixed(other.clone()),
    }
}

fn slot(text: &str, role: Role, origin: &Origin<'_>) -> Slot {
    let parts = token::pieces(text);
    let alone = match parts.as_slice() {
        [Err(number)] => (origin.is_plain)(*number),
        _ => false,
    };
    let role = if role == Role::Typed && !alone {
        Role::Text
    } else {
        role
    };
    let piece = |part| match part {
        Ok(text) => Piece::Literal(str::to_owned(text)),
        Err(number) => (origin.piece)(number),
    };
    Slot {
        role,
        is_bare: alone && role != Role::Key,
        tokens: parts.iter().filter_map(|part| part.err()).collect(),
        pieces: parts.into_iter().map(piece).collect(),
    }
}

/// What Kubernetes wants at a path: names and labels are made safe, and some places take nothing but strings.
fn role(path: &[String]) -> Role {
    let from_end = |n: usize| {
        path.len()
            .checked_sub(n + 1)
            .and_then(|at| path.get(at))
            .map_or("", String::as_str)
    };
    let (key, parent) = (from_end(0), from_end(1));
    let is_reference = matches!(
        parent,
        "metadata"
            | "configMap"
            | "configMapRef"
            | "configMapKeyRef"
            | "secretRef"
            | "secretKeyRef"
    );
    let is_list_of_names = matches!(
        from_end(2),
        "containers" | "initContainers" | "volumes" | "volumeMounts"
    );
    match (parent, key) {
        ("labels" | "matchLabels" | "selector", _) => Role::Label,
        ("metadata", "generateName" | "namespace")
        | (_, "secretName" | "claimName" | "subdomain") => Role::Name,
        (_, "name") if is_reference || (parent == "-" && is_list_of_names) => Role::Name,
        (
            "annotations" | "data" | "stringData" | "binaryData" | "command" | "args"
            | "nodeSelector",
            _,
        )
        | (
            _,
            "image" | "schedule" | "hostname" | "workingDir" | "mountPath" | "subPath" | "path"
            | "name",
        ) => Role::Text,
        ("-", "value") if from_end(2) == "env" => Role::Text,
        _ => Role::Typed,
    }
}

impl Node {
    /// The value for one item.
    pub(super) fn value(&self, filling: &Filling<'_>) -> Result<Value, TemplateError> {
        Ok(match self {
            Self::Fixed(value) => value.clone(),
            Self::Slot(slot) => slot.value(filling)?,
            Self::List(nodes) => Value::Array(
                nodes
                    .iter()
                    .map(|node| node.value(filling))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Map(entries) => {
                let mut map = Map::new();
                for (key, node) in entries {
                    let key = match key {
                        Key::Fixed(key) => key.clone(),
                        Key::Slot(slot) => slot.text(filling)?,
                    };
                    if map.contains_key(&key) {
                        let hint = "two keys with placeholders became one: change one of them";
                        return Err(filling.misfit(format!("it gives the key {key} twice"), hint));
                    }
                    map.insert(key, node.value(filling)?);
                }
                Value::Object(map)
            }
        })
    }

    /// The entry of a map under a fixed key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else {
            return None;
        };
        let found = entries
            .iter()
            .find(|(known, _)| matches!(known, Key::Fixed(known) if known == key));
        found.map(|(_, node)| node)
    }

    /// Visits every slot that is a value.
    pub(super) fn each_slot<'a>(&'a self, visit: &mut impl FnMut(&'a Slot)) {
        match self {
            Self::Fixed(_) => {}
            Self::Slot(slot) => visit(slot),
            Self::List(nodes) => nodes.iter().for_each(|node| node.each_slot(visit)),
            Self::Map(entries) => entries.iter().for_each(|(_, node)| node.each_slot(visit)),
        }
    }

    /// Whether any key differs from item to item.
    pub(super) fn has_slot_key(&self) -> bool {
        match self {
            Self::Fixed(_) | Self::Slot(_) => false,
            Self::List(nodes) => nodes.iter().any(Self::has_slot_key),
            Self::Map(entries) => entries
                .iter()
                .any(|(key, node)| matches!(key, Key::Slot(_)) || node.has_slot_key()),
        }
    }

    /// The entry at a path of fixed keys.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Text that is the same for all items.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Fixed(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The map at a key, made if it is not there; `None` if something else is there.
    pub(super) fn map_mut(&mut self, key: &str) -> Option<&mut Self> {
        let Self::Map(entries) = self else {
            return None;
        };
        let is_key = |known: &Key| matches!(known, Key::Fixed(known) if known == key);
        let found = entries.iter().position(|(known, _)| is_key(known));
        let at = found.unwrap_or(entries.len());
        if found.is_none() {
            entries.push((Key::Fixed(key.into()), Self::Map(Vec::new())));
        }
        let node = &mut entries.get_mut(at)?.1;
        if *node == Self::Fixed(Value::Null) {
            *node = Self::Map(Vec::new());
        }
        matches!(node, Self::Map(_)).then_some(node)
    }

    /// Sets an entry of a map.
    pub(super) fn set(&mut self, key: &str, node: Self) {
        if let Self::Map(entries) = self {
            let found = entries
                .iter_mut()
                .find(|(known, _)| matches!(known, Key::Fixed(known) if known == key));
            match found {
                Some((_, old)) => *old = node,
                None => entries.push((Key::Fixed(key.into()), node)),
            }
        }
    }

    /// Whether a list or a map has entries: it is then written below its key.
    fn is_block(&self) -> bool {
        match self {
            Self::List(nodes) => !nodes.is_empty(),
            Self::Map(entries) => !entries.is_empty(),
            Self::Fixed(_) | Self::Slot(_) => false,
        }
    }
}

/// The YAML of a tree as segments, in the tool's own style.
pub(super) fn segments(node: &Node) -> Vec<Segment> {
    let mut out = Vec::new();
    block(node, 0, &mut out);
    out
}

/// Writes a value where the cursor stands, with the line's end.
pub(super) fn block(node: &Node, indent: usize, out: &mut Vec<Segment>) {
    match node {
        Node::Map(entries) if !entries.is_empty() => {
            for (number, (key, value)) in entries.iter().enumerate() {
                if number > 0 {
                    fixed(&" ".repeat(indent), out);
                }
                entry(key, value, indent, out);
            }
        }
        Node::List(nodes) if !nodes.is_empty() => {
            for (number, node) in nodes.iter().enumerate() {
                if number > 0 {
                    fixed(&" ".repeat(indent), out);
                }
                fixed("- ", out);
                block(node, indent + 2, out);
            }
        }
        leaf => {
            match leaf {
                Node::Slot(slot) => out.push(Segment::Slot(slot.clone(), Style::Block(indent))),
                Node::Fixed(Value::String(text)) => {
                    let mut written = String::new();
                    yaml::emit_scalar(text, indent, &mut written);
                    fixed(&written, out);
                }
                Node::Fixed(value) => fixed(&value.to_string(), out),
                Node::List(_) => fixed("[]", out),
                Node::Map(_) => fixed("{}", out),
            }
            fixed("\n", out);
        }
    }
}

/// Writes a key and its value where the cursor stands, with the line's end.
pub(super) fn entry(key: &Key, value: &Node, indent: usize, out: &mut Vec<Segment>) {
    match key {
        Key::Fixed(key) => {
            let mut text = String::new();
            yaml::emit_scalar(key, usize::MAX, &mut text);
            fixed(&text, out);
        }
        Key::Slot(slot) => out.push(Segment::Slot(slot.clone(), Style::Quoted)),
    }
    let below = match value {
        Node::List(_) => indent,
        _ => indent + 2,
    };
    if value.is_block() {
        fixed(":\n", out);
        fixed(&" ".repeat(below), out);
    } else {
        fixed(": ", out);
    }
    block(value, below, out);
}
