//! Plain scalars: what YAML 1.1, as kubectl reads it (go-yaml v2, `resolve.go`), makes of a text without quotes.

use serde_json::{Number, Value};

/// Words that are not strings when they stand without quotes, in lower case.
const WORDS: &[(&str, Value)] = &[
    ("", Value::Null),
    ("~", Value::Null),
    ("null", Value::Null),
    ("y", Value::Bool(true)),
    ("yes", Value::Bool(true)),
    ("on", Value::Bool(true)),
    ("true", Value::Bool(true)),
    ("n", Value::Bool(false)),
    ("no", Value::Bool(false)),
    ("off", Value::Bool(false)),
    ("false", Value::Bool(false)),
];

/// The value of a text that stands without quotes.
pub fn resolve(text: &str) -> Value {
    let lower = text.to_ascii_lowercase();
    if let Some((_, value)) = WORDS
        .iter()
        .find(|(word, _)| *word == lower && is_one_case(text))
    {
        return value.clone();
    }
    number(text).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// `yes`, `Yes` and `YES` are words, `yEs` is not.
fn is_one_case(text: &str) -> bool {
    let rest = text.get(1..).unwrap_or("");
    rest.chars().all(|c| !c.is_ascii_uppercase()) || text.chars().all(|c| !c.is_ascii_lowercase())
}

fn number(text: &str) -> Option<Value> {
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let (radix, digits) = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        _ if digits.len() > 1
            && digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit()) =>
        {
            (8, &digits[1..])
        }
        _ => (10, digits),
    };
    // A sign behind the prefix is none.
    let unsigned = !digits.starts_with(['-', '+']);
    if let Some(number) = i64::from_str_radix(digits, radix).ok().filter(|_| unsigned) {
        return Some(if negative { -number } else { number }.into());
    }
    let float = |c: char| c.is_ascii_digit() || ".eE+-".contains(c);
    if radix != 10 || !digits.chars().all(float) || !digits.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let number: f64 = digits.parse().ok()?;
    Number::from_f64(if negative { -number } else { number }).map(Value::Number)
}

/// Bytes that may stand inside of a scalar without quotes: printable ASCII without the back quote.
const INNER: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = b' ' as usize;
    while byte <= b'~' as usize {
        table[byte] = byte != b'`' as usize;
        byte += 1;
    }
    table
};

/// Whether a string may stand without quotes and is read back as the same string, by YAML 1.1 and 1.2 readers alike.
///
/// Rather too strict than too lax: what begins with a digit or a sign is always quoted.
pub fn is_plain_safe(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    let option = *first == b'-'
        && bytes
            .get(1)
            .is_some_and(|next| next.is_ascii_alphabetic() || *next == b'-');
    // At the front of a line it would be the end of the document.
    if text.starts_with("---") {
        return false;
    }
    if !(option || first.is_ascii_alphabetic() || b"/_$".contains(first)) || b" :".contains(last) {
        return false;
    }
    if !bytes.iter().all(|byte| INNER[usize::from(*byte)])
        || bytes.windows(2).any(|pair| pair == b": " || pair == b" #")
    {
        return false;
    }
    !is_word(text)
}

/// Whether a character may stand as itself in a comment, a block or quotes, on any line: no control character, no line break that
/// only some readers take for one, and none that go-yaml's reader refuses (`yaml_parser_update_buffer`; YAML 1.2.2, 5.1).
pub fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fdd0}'
                ..='\u{fdef}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// Whether a short text is one of the words that are no strings, in any case.
fn is_word(text: &str) -> bool {
    text.len() <= 5
        && WORDS
            .iter()
            .any(|(word, _)| word.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts_resolve_as_go_yaml_resolves_them() {
        for (text, value) in [
            ("4", json!(4)),
            ("-4", json!(-4)),
            ("012", json!(10)),
            ("0x1F", json!(31)),
            ("0b11", json!(3)),
            ("1_000", json!(1000)),
            ("1e3", json!(1000.0)),
            (".5", json!(0.5)),
            ("on", json!(true)),
            ("No", json!(false)),
            ("yEs", json!("yEs")),
            ("~", Value::Null),
            ("1.2.3", json!("1.2.3")),
            ("5Gi", json!("5Gi")),
            ("e3", json!("e3")),
            (".", json!(".")),
            ("2026-01-01", json!("2026-01-01")),
            ("0x-5", json!("0x-5")),
            ("-0x-8000000000000000", json!("-0x-8000000000000000")),
        ] {
            assert_eq!(resolve(text), value, "{text}");
        }
    }

    #[test]
    fn what_is_safe_without_quotes_is_read_back_as_the_same_string() {
        for text in [
            "apple",
            "sh",
            "-c",
            "echo Processing item apple && sleep 5",
            "a: b",
            "a:b",
            "a #b",
            "y",
            "012",
            "",
            " a",
            "a ",
            "a:",
            "$HOME",
            "'a'",
            "[a]",
            "/x",
            "a\tb",
            "null",
            "Null",
            "é",
        ] {
            let quoted = !is_plain_safe(text);
            if !quoted {
                let read = super::super::documents(&format!("k: {text}\n")).expect(text);
                assert_eq!(read[0].value["k"], text, "{text:?}");
            }
        }
        assert!(is_plain_safe("echo Processing item apple && sleep 5"));
        assert!(is_plain_safe("--x") && !is_plain_safe("---x"));
        assert!(!is_plain_safe("on") && !is_plain_safe("0") && !is_plain_safe("a: b"));
    }
}
