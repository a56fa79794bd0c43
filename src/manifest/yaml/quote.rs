//! Strings in double quotes.

use std::borrow::Cow;

use super::scalar::is_printable;
use super::sink::Sink;

/// Bytes that stand for themselves in double quotes, in YAML and in JSON: printable ASCII without the quote and the backslash.
const AS_IT_IS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = b' ' as usize;
    while byte <= b'~' as usize {
        table[byte] = byte != b'"' as usize && byte != b'\\' as usize;
        byte += 1;
    }
    table
};

/// Where the first byte stands that is looked at as a character before it may stand in double quotes.
fn to_look_at(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| !AS_IT_IS[usize::from(*byte)])
}

/// Whether a text needs no escape in double quotes, in YAML or in JSON; `false` also for all that is not ASCII.
pub fn stands_in_quotes(text: &str) -> bool {
    text.bytes().all(|byte| AS_IT_IS[usize::from(byte)])
}

/// Writes a string in double quotes.
pub fn emit_quoted(text: &str, out: &mut impl Sink) {
    out.push("\"");
    let (mut from, mut at) = (0, 0);
    while let Some(ahead) = to_look_at(&text.as_bytes()[at..]) {
        at += ahead;
        let Some(c) = text[at..].chars().next() else {
            break;
        };
        let end = at + c.len_utf8();
        if let Some(escape) = escape(c) {
            out.push(&text[from..at]);
            out.push(&escape);
            from = end;
        }
        at = end;
    }
    out.push(&text[from..]);
    out.push("\"");
}

/// What stands in double quotes for a character that cannot stand there itself.
fn escape(c: char) -> Option<Cow<'static, str>> {
    Some(match c {
        '"' => Cow::Borrowed("\\\""),
        '\\' => Cow::Borrowed("\\\\"),
        '\n' => Cow::Borrowed("\\n"),
        '\t' => Cow::Borrowed("\\t"),
        '\r' => Cow::Borrowed("\\r"),
        c if u32::from(c) < 0x100 && !is_printable(c) => {
            Cow::Owned(format!("\\x{:02x}", u32::from(c)))
        }
        c if c == '\u{a0}' || !is_printable(c) => Cow::Owned(format!("\\u{:04x}", u32::from(c))),
        _ => return None,
    })
}
