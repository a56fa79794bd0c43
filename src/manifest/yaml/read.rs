//! Reading: a text into documents, each a JSON value, with the line where it begins.

use serde_json::Value;

use super::scalar::whole;

/// Documents in one text: a list of items is the place for more.
const MAX_DOCUMENTS: usize = 10_000;

/// Nodes below anchors, which are kept, so that an alias can be read as the same again.
pub(super) const MAX_ANCHORED: usize = 50_000;

/// A text that is not YAML.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct YamlError {
    /// From 1, in the whole text.
    pub line: usize,
    /// From 1.
    pub column: usize,
    /// What is wrong.
    pub problem: String,
}

/// One document.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its content.
    pub value: Value,
    /// Lines of the text before it.
    pub offset: usize,
    /// Its own part of the text, without the line that begins with `---`.
    pub text: String,
}

/// Reads every document; empty ones are left out. JSON is read too, as it is YAML.
pub fn documents(text: &str) -> Result<Vec<Document>, YamlError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Vec::new();
    for (offset, part) in split(text) {
        if found.len() == MAX_DOCUMENTS {
            let problem = format!("more than {MAX_DOCUMENTS} documents");
            return Err(YamlError {
                line: offset + 1,
                column: 1,
                problem,
            });
        }
        let value = read(&part, offset)?;
        if !value.is_null() {
            found.push(Document {
                value,
                offset,
                text: part,
            });
        }
    }
    Ok(found)
}

/// Splits at lines that begin with `---`, as kubectl does; the rest of such a line is not content.
fn split(text: &str) -> Vec<(usize, String)> {
    let mut parts = vec![(0, String::new())];
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if line.starts_with("---") {
            parts.push((number + 1, String::new()));
        } else if let Some((_, part)) = parts.last_mut() {
            part.push_str(line);
        }
    }
    parts
}

fn read(text: &str, offset: usize) -> Result<Value, YamlError> {
    let options = serde_yaml::options! {
        legacy_octal_numbers: true,
        strict_booleans: false,
        budget: serde_yaml::budget! {
            max_recorded_anchor_events: MAX_ANCHORED,
        },
    };
    serde_yaml::from_str_with_options::<Option<Value>>(text, options)
        .map(|value| with_integers(value.unwrap_or_default()))
        .map_err(|found| error(&found, offset))
}

/// The same, where `1e3` and `2.0` are integers as they are for kubectl.
fn with_integers(value: Value) -> Value {
    match value {
        Value::Array(list) => list.into_iter().map(with_integers).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| (key, with_integers(value)))
            .collect(),
        scalar => whole(scalar),
    }
}

/// What the parser says, with its place in the whole text.
pub(super) fn error(error: &serde_yaml::Error, offset: usize) -> YamlError {
    let location = error.location();
    let line = location.map_or(1, |location| location.line() as usize);
    let column = location.map_or(1, |location| location.column() as usize);
    let text = error.without_snippet().to_string();
    let problem = text.lines().next().unwrap_or("not YAML").to_owned();
    YamlError {
        line: line + offset,
        column,
        problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn values(text: &str) -> Vec<Value> {
        let documents = documents(text).expect(text);
        documents
            .into_iter()
            .map(|document| document.value)
            .collect()
    }

    #[test]
    fn documents_are_split_at_dashes_and_empty_ones_do_not_count() {
        assert_eq!(
            values("---\na: 1\n---\n# nothing\n--- # end\nb: 2\n"),
            [json!({"a": 1}), json!({"b": 2})]
        );
        assert_eq!(values(r#"{"a": [1, "x"]}"#), [json!({"a": [1, "x"]})]);
        assert_eq!(values(""), Vec::<Value>::new());
    }

    #[test]
    fn plain_scalars_are_read_as_kubectl_reads_them() {
        let text = "a: on\nb: 012\nc: ~\nd: '012'\ne: No\nf: 1.5\ng: 0x1F\nh: [1e3]\n";
        let expected = json!({"a": true, "b": 10, "c": null, "d": "012", "e": false, "f": 1.5, "g": 31, "h": [1000]});
        assert_eq!(values(text), [expected]);
    }

    #[test]
    fn an_error_names_line_and_column_in_the_whole_text() {
        let error = documents("a: 1\n---\nb: [1\nc: 2\n").expect_err("unclosed");
        assert!(error.line >= 3, "{error}");
    }
}
