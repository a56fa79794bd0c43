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

/// The number that a text is, by its first character: `_` is left out of what begins with a digit or a sign, and never elsewhere.
fn number(text: &str) -> Option<Value> {
    let first = text.bytes().next()?;
    if first == b'.' {
        return float(text);
    }
    if !(first.is_ascii_digit() || b"+-".contains(&first)) {
        return None;
    }
    let plain = text.replace('_', "");
    integer(&plain).or_else(|| float(&plain))
}

/// As Go's `strconv.ParseInt` with base 0.
fn integer(text: &str) -> Option<Value> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    // A second sign is none.
    if digits.starts_with(['-', '+']) {
        return None;
    }
    let number = i64::from_str_radix(digits, radix).ok()?;
    Some(if negative { -number } else { number }.into())
}

/// A number with a fraction, an exponent or too many digits for an integer.
fn float(text: &str) -> Option<Value> {
    let part = |c: char| c.is_ascii_digit() || ".eE+-".contains(c);
    if !text.chars().all(part) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    Number::from_f64(number).map(|number| whole(Value::Number(number)))
}

/// A float without a fraction is an integer in the JSON that kubectl sends (Go's `encoding/json`), so that a field of an integer takes it.
pub(super) fn whole(value: Value) -> Value {
    /// Up to here each integer is a float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value.as_f64() {
        Some(number) if value.is_f64() && number.fract() == 0.0 && number.abs() <= EXACT => {
            Value::from(number as i64)
        }
        _ => value,
    }
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
    let is_inner = |byte: &u8| INNER[usize::from(*byte)];
    let ends = |pair: &[u8]| pair == b": " || pair == b" #";
    bytes.iter().all(is_inner)
        && !(bytes.contains(&b' ') && bytes.windows(2).any(ends))
        && !is_word(text)
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
            ("1e3", json!(1000)),
            ("2.", json!(2)),
            ("-1.5e1_0", json!(-15_000_000_000_i64)),
            ("08", json!(8)),
            ("-2_", json!(-2)),
            ("__2", json!("__2")),
            ("._5", json!("._5")),
            ("+", json!("+")),
            ("18446744073709551615", json!(18_446_744_073_709_551_615.0)),
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
