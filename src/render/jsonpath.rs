//! kubectl's `JSONPath` templates: text with expressions in braces, `{range PATH}...{end}` and `{"text"}`.
//!
//! The expressions are those of RFC 9535, with or without the `$`; a path that leads nowhere gives nothing, and several values
//! are joined by spaces, as kubectl does (`k8s.io/client-go/util/jsonpath`).

use serde_json::Value;
use serde_json_path::JsonPath;

/// How deep ranges may stand in each other.
const DEPTH_MAX: usize = 16;

/// A template that was read.
#[derive(Clone, Debug)]
pub struct Template(Vec<Node>);

#[derive(Clone, Debug)]
enum Node {
    Text(String),
    Path(JsonPath),
    Range(JsonPath, Vec<Node>),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// Says what is not understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text;
        let nodes = nodes(&mut rest, 0)?;
        Ok(Self(nodes))
    }

    /// The template's text for a document.
    pub fn fill(&self, document: &Value) -> String {
        let mut out = String::new();
        fill(&self.0, document, &mut out);
        out
    }
}

/// Reads up to the end, or up to the `{end}` of a range.
fn nodes(rest: &mut &str, depth: usize) -> Result<Vec<Node>, String> {
    if depth > DEPTH_MAX {
        return Err(format!("more than {DEPTH_MAX} ranges in each other"));
    }
    let mut nodes = Vec::new();
    while !rest.is_empty() {
        let Some((text, tail)) = rest.split_once('{') else {
            nodes.push(Node::Text((*rest).to_owned()));
            *rest = "";
            break;
        };
        if !text.is_empty() {
            nodes.push(Node::Text(text.to_owned()));
        }
        let (inner, tail) = braces(tail)?;
        *rest = tail;
        match inner.trim() {
            "end" if depth > 0 => return Ok(nodes),
            "end" => return Err("{end} without a {range ...}".into()),
            inner => nodes.push(node(inner, rest, depth)?),
        }
    }
    if depth > 0 {
        return Err("a {range ...} has no {end}".into());
    }
    Ok(nodes)
}

fn node(inner: &str, rest: &mut &str, depth: usize) -> Result<Node, String> {
    if inner.starts_with(['"', '\'']) {
        return quoted(inner).map(Node::Text);
    }
    match inner.strip_prefix("range ") {
        Some(list) => Ok(Node::Range(path(list)?, nodes(rest, depth + 1)?)),
        None => path(inner).map(Node::Path),
    }
}

/// The text up to the closing brace, which does not count inside of quotes.
fn braces(text: &str) -> Result<(&str, &str), String> {
    let (mut quote, mut escaped) = (None, false);
    for (at, c) in text.char_indices() {
        match (c, quote) {
            _ if escaped => escaped = false,
            ('\\', Some(_)) => escaped = true,
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            ('}', None) => return Ok((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    Err(format!("`{{{text}` is never closed"))
}

fn quoted(text: &str) -> Result<String, String> {
    let inner = text.get(1..text.len() - 1).unwrap_or_default();
    let inner = if text.starts_with('\'') {
        inner.replace('"', "\\\"")
    } else {
        inner.to_owned()
    };
    serde_json::from_str(&format!("\"{inner}\""))
        .map_err(|_| format!("{text} is not a quoted text"))
}

fn path(text: &str) -> Result<JsonPath, String> {
    let text = text.trim();
    let text = text.strip_prefix('@').unwrap_or(text);
    let full = match text.chars().next() {
        Some('$') => text.to_owned(),
        None | Some('.' | '[') => format!("${text}"),
        Some(_) => format!("$.{text}"),
    };
    let full = if full == "$." { "$".to_owned() } else { full };
    JsonPath::parse(&full).map_err(|error| format!("`{text}` is not a JSONPath: {error}"))
}

fn fill(nodes: &[Node], value: &Value, out: &mut String) {
    for node in nodes {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Path(path) => {
                let found: Vec<String> =
                    path.query(value).iter().map(|value| plain(value)).collect();
                out.push_str(&found.join(" "));
            }
            Node::Range(path, inner) => {
                for entry in path.query(value).iter() {
                    fill(inner, entry, out);
                }
            }
        }
    }
}

/// A value as text: strings as they are, nothing for null, the rest as JSON.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn templates_say_what_kubectls_would() {
        let document = json!({"kind": "g", "members": [
            {"item": "a", "n": 1, "tags": ["x", "y"]}, {"item": "b{}", "n": null, "tags": []},
        ]});
        for (template, wanted) in [
            ("{.kind}", "g"),
            ("{kind}/{$.kind}", "g/g"),
            ("{.members[*].item}", "a b{}"),
            ("{.members[0].n}{.nothing.there}", "1"),
            (
                "{range .members[*]}{.item}={.n}{\"\\n\"}{end}",
                "a=1\nb{}=\n",
            ),
            (
                "{range .members[*]}{range .tags[*]}{@}{'}'}{end}{end}",
                "x}y}",
            ),
            ("{.members[?(@.item == 'a')].n}", "1"),
            ("{.members[0].tags}", "[\"x\",\"y\"]"),
            ("plain", "plain"),
        ] {
            let template =
                Template::parse(template).unwrap_or_else(|error| panic!("{template}: {error}"));
            assert_eq!(template.fill(&document), wanted);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for template in [
            "{.a",
            "{end}",
            "{range .a}{.b}",
            "{.a[}",
            "{\"x}",
            &"{range .a}".repeat(40),
        ] {
            assert!(Template::parse(template).is_err(), "{template}");
        }
    }
}
