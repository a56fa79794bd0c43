//! Filters besides MiniJinja's own, for what items are: paths, names, texts.

use minijinja::{Environment, Error, ErrorKind, Value};

use crate::manifest::{digest, names, yaml};

/// Adds all filters.
pub(super) fn add(environment: &mut Environment<'static>) {
    environment.add_filter("basename", basename);
    environment.add_filter("dirname", dirname);
    environment.add_filter("stem", stem);
    environment.add_filter("ext", ext);
    environment.add_filter("slug", slug);
    environment.add_filter("dns_label", dns_label);
    environment.add_filter("sha256", |text: String| digest::hex(text.as_bytes(), 32));
    environment.add_filter("b64encode", |text: String| base64(text.as_bytes()));
    environment.add_filter("quote", |text: String| shell_quote(&text));
    environment.add_filter("to_yaml", to_yaml);
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

fn to_yaml(value: &Value) -> Result<String, Error> {
    let value = serde_json::to_value(value)
        .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))?;
    Ok(yaml::to_yaml(&value).trim_end().to_owned())
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
