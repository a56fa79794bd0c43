//! Writing: block style, two blanks a level, lists not indented below their key, as kubectl prints.

use serde_json::Value;

use super::quote::emit_quoted;
use super::scalar::{is_plain_safe, is_printable};
use super::sink::Sink;

/// One value as a document without `---`.
pub fn to_yaml(value: &Value) -> String {
    let mut text = String::new();
    emit_document(value, &mut text);
    text
}

/// The same, into a sink.
pub fn emit_document(value: &Value, out: &mut impl Sink) {
    emit_value(value, 0, out);
}

/// Writes what follows `key:` or `-`, with the line's end.
fn emit_value(value: &Value, indent: usize, out: &mut impl Sink) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (number, (key, value)) in map.iter().enumerate() {
                if number > 0 || indent > 0 {
                    pad(indent, number > 0, out);
                }
                emit_entry(key, value, indent, out);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (number, value) in list.iter().enumerate() {
                pad(indent, number > 0, out);
                out.push("-");
                emit_item(value, indent, out);
            }
        }
        other => {
            emit_leaf(other, indent, out);
            out.push("\n");
        }
    }
}

fn emit_entry(key: &str, value: &Value, indent: usize, out: &mut impl Sink) {
    emit_scalar(key, usize::MAX, out);
    out.push(":");
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push("\n");
            pad(indent + 2, true, out);
            emit_value(value, indent + 2, out);
        }
        Value::Array(list) if !list.is_empty() => {
            out.push("\n");
            pad(indent, true, out);
            emit_value(value, indent, out);
        }
        other => {
            out.push(" ");
            emit_leaf(other, indent + 2, out);
            out.push("\n");
        }
    }
}

fn emit_item(value: &Value, indent: usize, out: &mut impl Sink) {
    out.push(" ");
    emit_value(value, indent + 2, out);
}

/// The first entry of a block stands where the cursor is; the others are padded.
fn pad(indent: usize, wanted: bool, out: &mut impl Sink) {
    const BLANKS: &str = "                                                                ";
    if !wanted {
        return;
    }
    let mut left = indent;
    while left > 0 {
        let now = left.min(BLANKS.len());
        out.push(&BLANKS[..now]);
        left -= now;
    }
}

fn emit_leaf(value: &Value, indent: usize, out: &mut impl Sink) {
    match value {
        Value::String(text) => emit_scalar(text, indent, out),
        Value::Object(_) => out.push("{}"),
        Value::Array(_) => out.push("[]"),
        other => out.push(&other.to_string()),
    }
}

/// Writes a value in one line, in which every string has quotes.
pub fn emit_flow(value: &Value, out: &mut impl Sink) {
    let comma = |number| if number > 0 { ", " } else { "" };
    match value {
        Value::String(text) => emit_quoted(text, out),
        Value::Array(list) => {
            out.push("[");
            for (number, value) in list.iter().enumerate() {
                out.push(comma(number));
                emit_flow(value, out);
            }
            out.push("]");
        }
        Value::Object(map) => {
            out.push("{");
            for (number, (key, value)) in map.iter().enumerate() {
                out.push(comma(number));
                emit_quoted(key, out);
                out.push(": ");
                emit_flow(value, out);
            }
            out.push("}");
        }
        other => out.push(&other.to_string()),
    }
}

/// Writes a string so that it is read back as the same string: plain, as a block, or in double quotes.
///
/// `indent` is that of a block's lines; `usize::MAX` where no block may stand (a key). At the margin there is none either: a line of it
/// could end the document.
pub fn emit_scalar(text: &str, indent: usize, out: &mut impl Sink) {
    if is_plain_safe(text) {
        out.push(text);
    } else if !matches!(indent, 0 | usize::MAX) && is_block_safe(text) {
        emit_block(text, indent, out);
    } else {
        emit_quoted(text, out);
    }
}

/// Several lines, none of which would lose anything in a literal block.
fn is_block_safe(text: &str) -> bool {
    let printable = |c: char| c == '\n' || c == '\t' || is_printable(c);
    let Some((first, rest)) = text.split_once('\n') else {
        return false;
    };
    !first.is_empty()
        && !first.starts_with([' ', '\t'])
        && !rest.ends_with("\n\n")
        && rest != "\n"
        && text.chars().all(printable)
        && text
            .lines()
            .all(|line| !line.ends_with([' ', '\t']) && !line.starts_with('\t'))
}

fn emit_block(text: &str, indent: usize, out: &mut impl Sink) {
    let (header, body) = match text.strip_suffix('\n') {
        Some(body) => ("|", body),
        None => ("|-", text),
    };
    out.push(header);
    for line in body.split('\n') {
        out.push("\n");
        pad(indent, !line.is_empty(), out);
        out.push(line);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::manifest::yaml::documents;

    #[test]
    fn a_manifest_looks_as_kubectl_prints_it() {
        let job = json!({
            "apiVersion": "batch/v1",
            "metadata": {"name": "pi", "labels": {}},
            "spec": {"containers": [{"name": "c", "command": ["sh", "-c", "a\nb\n"]}, {"name": "d"}], "nested": [["x"], []]},
        });
        let expected = "\
apiVersion: batch/v1
metadata:
  name: pi
  labels: {}
spec:
  containers:
  - name: c
    command:
    - sh
    - -c
    - |
      a
      b
  - name: d
  nested:
  - - x
  - []
";
        assert_eq!(to_yaml(&job), expected);
    }

    #[test]
    fn no_text_at_the_front_of_a_line_ends_the_document() {
        for value in [
            json!({"---k": "---v"}),
            json!("---&3-"),
            json!(["---x"]),
            json!("--- a\nb"),
            json!("a\n...\nb"),
            json!(["--- a\n--- b"]),
        ] {
            let text = to_yaml(&value);
            let read = documents(&text).expect("YAML");
            assert_eq!(read.len(), 1, "{text}");
            assert_eq!(read[0].value, value, "{text}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            ".*",
            "[ -~\n\t]{0,20}",
            "[a-z:#{}\\[\\]\" \n-]{0,12}",
            "(on|y|012|1_000|~|1e3|0x1F|-|\\?)"
        ];
        let leaf = prop_oneof![
            text.prop_map(Value::String),
            any::<i32>().prop_map(Value::from),
            any::<bool>().prop_map(Value::Bool),
            Just(Value::Null),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                proptest::collection::vec(("[ -~]{1,10}", inner), 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_as_the_same(value in value()) {
            let wrapped = json!({"k": value});
            let mut flow = String::new();
            emit_flow(&wrapped, &mut flow);
            prop_assert_eq!(flow.lines().count(), 1);
            let read = documents(&flow).map_err(|error| TestCaseError::fail(format!("{error}\n{flow}")))?;
            prop_assert_eq!(&read[0].value, &wrapped, "{}", flow);
            let text = to_yaml(&wrapped);
            let read = documents(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            prop_assert_eq!(&read[0].value, &wrapped, "{}", text);
        }
    }
}
