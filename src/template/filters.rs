//! Filters besides MiniJinja's own, for what items are: paths, names, texts.

use std::borrow::Cow;

use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::bounded::{self, MAX_RENDERED};
use super::values::{Indent, Shaped};
use crate::manifest::{digest, names, yaml};

/// The widest indent.
const MAX_INDENT: usize = 256;
/// Bytes of output that cost one step, as MiniJinja counts them for what is serialized.
const BYTES_PER_STEP: usize = 4;

/// Adds all filters.
pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_filter("basename", |path: Cow<'_, str>| basename(&path));
    environment.add_filter("dirname", |path: Cow<'_, str>| dirname(&path));
    environment.add_filter("stem", |path: Cow<'_, str>| stem(&path));
    environment.add_filter("ext", |path: Cow<'_, str>| ext(&path));
    add_charged(environment, "slug", slug);
    add_charged(environment, "dns_label", dns_label);
    add_charged(environment, "sha256", |text| {
        digest::hex(text.as_bytes(), 32)
    });
    add_charged(environment, "b64encode", |text| base64(text.as_bytes()));
    add_charged(environment, "quote", shell_quote);
    environment.add_filter("to_yaml", to_yaml);
    environment.add_filter("tojson", to_json);
    environment.add_filter("indent", indent);
}

/// A filter that looks at every byte of its text, and is paid for it.
fn add_charged(
    environment: &mut Environment<'static>,
    name: &'static str,
    filter: impl Fn(&str) -> String + Send + Sync + 'static,
) {
    environment.add_filter(
        name,
        move |state: &State<'_, '_>, text: Cow<'_, str>| -> Result<String, Error> {
            charge(state, text.len())?;
            Ok(filter(&text))
        },
    );
}

/// Takes the steps that so many bytes cost.
fn charge(state: &State<'_, '_>, bytes: usize) -> Result<(), Error> {
    state.consume_fuel((bytes / BYTES_PER_STEP) as u64)
}

fn basename(path: &str) -> String {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or("")
        .to_owned()
}

fn dirname(path: &str) -> String {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some(("", _)) => "/".into(),
        Some((dir, _)) => dir.into(),
        None => ".".into(),
    }
}

fn stem(path: &str) -> String {
    let base = basename(path);
    match base.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem.to_owned(),
        _ => base,
    }
}

fn ext(path: &str) -> String {
    match basename(path).rsplit_once('.') {
        Some((stem, ext)) if !stem.is_empty() => ext.to_owned(),
        _ => String::new(),
    }
}

/// Lower case words with one `-` between them.
fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// What a name made of this text is.
fn dns_label(text: &str) -> String {
    let (part, lost) = names::safe_part(text);
    names::finish(&part, lost, text)
}

/// One word for a POSIX shell.
fn shell_quote(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !text.is_empty() && text.chars().all(safe) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// YAML: where it stands alone it is the value itself, elsewhere its text.
fn to_yaml(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    shaped(state, value, |data| {
        yaml::to_yaml(data).trim_end().to_owned()
    })
}

/// The same for JSON.
fn to_json(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    shaped(state, value, serde_json::Value::to_string)
}

fn shaped(
    state: &State<'_, '_>,
    value: &Value,
    write: impl Fn(&serde_json::Value) -> String,
) -> Result<Value, Error> {
    bounded::check(value, MAX_RENDERED)?;
    let data = serde_json::to_value(value)
        .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))?;
    let text = write(&data);
    charge(state, text.len())?;
    Ok(Value::from_object(Shaped {
        text,
        data: Some(data),
        indent: Indent::default(),
    }))
}

/// Blanks in front of all lines but the first. As part of the layout of a template they are no part of the value.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature is MiniJinja's"
)]
fn indent(
    state: &State<'_, '_>,
    value: &Value,
    width: Option<usize>,
    first: Option<bool>,
    named: Kwargs,
) -> Result<Value, Error> {
    let width = width.map_or_else(|| named.get("width"), |width| Ok(Some(width)))?;
    let first = first.map_or_else(|| named.get("first"), |first| Ok(Some(first)))?;
    let blank: Option<bool> = named.get("blank")?;
    let indent = Indent {
        width: width.unwrap_or(4),
        first: first.unwrap_or(false),
        blank: blank.unwrap_or(false),
    };
    named.assert_all_used()?;
    if indent.width > MAX_INDENT {
        let problem = format!("an indent of more than {MAX_INDENT} blanks");
        return Err(Error::new(ErrorKind::InvalidOperation, problem));
    }
    let (text, data) = if let Some(shaped) = value.downcast_object_ref::<Shaped>() {
        (shaped.text.clone(), shaped.data.clone())
    } else {
        bounded::check(value, MAX_RENDERED)?;
        (value.to_string(), None)
    };
    charge(state, text.len() + indent.added(&text))?;
    Ok(if value.is_safe() {
        Value::from_safe_string(indent.apply(&text))
    } else {
        Value::from_object(Shaped { text, data, indent })
    })
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |n: usize| u32::from(chunk.get(n).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for n in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * n) & 63) as usize];
            out.push(if n <= chunk.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fall_apart_as_in_a_shell() {
        for (path, base, dir, stem_of, ext_of) in [
            ("data/a.csv", "a.csv", "data", "a", "csv"),
            ("/a", "a", "/", "a", ""),
            ("a.tar.gz", "a.tar.gz", ".", "a.tar", "gz"),
            ("x/.env", ".env", "x", ".env", ""),
        ] {
            assert_eq!(
                (basename(path), dirname(path), stem(path), ext(path)),
                (base.into(), dir.into(), stem_of.into(), ext_of.into()),
                "{path}"
            );
        }
    }

    #[test]
    fn texts_are_coded_as_their_standards_say() {
        assert_eq!(
            ["", "f", "fo", "foo", "foob"].map(|t| base64(t.as_bytes())),
            ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]
        );
        assert_eq!(shell_quote("it's"), r"'it'\''s'");
        assert_eq!(shell_quote("a/b"), "a/b");
        assert_eq!(slug("  Hello, World! "), "hello-world");
    }
}
