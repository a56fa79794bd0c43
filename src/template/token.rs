//! Tokens: what stands in the text for a value while the text is parsed as YAML.
//!
//! A token is a number between two noncharacters, which neither YAML nor any encoding gives a meaning.

use std::collections::BTreeMap;

/// Begins a token.
pub(super) const OPEN: char = '\u{fdd0}';
/// Ends a token.
pub(super) const CLOSE: char = '\u{fdd1}';

/// The token with a number.
pub(super) fn token(number: usize) -> String {
    format!("{OPEN}{number}{CLOSE}")
}

/// Whether a text holds what could be taken for a token.
pub(super) fn contains_token(text: &str) -> bool {
    !text.is_ascii() && text.contains([OPEN, CLOSE])
}

/// A text in pieces: literal text and token numbers.
pub(super) fn pieces(text: &str) -> Vec<Result<&str, usize>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find(OPEN) {
        let after = &rest[open + OPEN.len_utf8()..];
        let Some((number, tail)) = after
            .split_once(CLOSE)
            .and_then(|(n, tail)| Some((n.parse().ok()?, tail)))
        else {
            break;
        };
        if open > 0 {
            found.push(Ok(&rest[..open]));
        }
        found.push(Err(number));
        rest = tail;
    }
    if !rest.is_empty() {
        found.push(Ok(rest));
    }
    found
}

/// Where each token begins.
pub(super) fn places(text: &str) -> BTreeMap<usize, usize> {
    let number = |at: usize| {
        let inner = text[at + OPEN.len_utf8()..].split(CLOSE).next()?;
        Some((inner.parse().ok()?, at))
    };
    let opens = text.match_indices(OPEN);
    opens.filter_map(|(at, _)| number(at)).collect()
}

/// Replaces `$NAME` and `${NAME}` by tokens numbered from `first` on, where `knows` knows the name; all other dollars stay.
///
/// Gives the text and the names in the order of their tokens.
pub(super) fn tokenize_dollars(
    text: &str,
    first: usize,
    knows: impl Fn(&str) -> bool,
) -> (String, Vec<String>) {
    let (mut out, mut names) = (String::with_capacity(text.len()), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        if let Some((name, length)) = placeholder(tail).filter(|(name, _)| knows(name)) {
            out.push_str(&token(first + names.len()));
            names.push(name.to_owned());
            rest = &tail[length..];
        } else {
            // `$$` is an escaped dollar of Kubernetes' own expansion: its second dollar begins nothing.
            let step = if tail.starts_with('$') { 2 } else { 1 };
            out.push_str(&rest[at..at + step]);
            rest = &rest[at + step..];
        }
    }
    out.push_str(rest);
    (out, names)
}

/// The name after a dollar, and how much of the text it takes.
pub(super) fn placeholder(tail: &str) -> Option<(&str, usize)> {
    let name_length = |text: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
        text.find(|c| !inner(c)).unwrap_or(text.len())
    };
    if let Some(braced) = tail.strip_prefix('{') {
        let length = name_length(braced);
        return (length > 0 && braced[length..].starts_with('}'))
            .then(|| (&braced[..length], length + 2));
    }
    let length = name_length(tail);
    (length > 0 && !tail.starts_with(|c: char| c.is_ascii_digit()))
        .then(|| (&tail[..length], length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dollars(text: &str) -> String {
        let (out, names) = tokenize_dollars(text, 0, |name| name == "ITEM" || name == "N");
        let mut shown = out;
        for (number, name) in names.iter().enumerate() {
            shown = shown.replace(&token(number), &format!("<{name}>"));
        }
        shown
    }

    #[test]
    fn only_names_that_are_provided_are_placeholders() {
        for (text, expected) in [
            ("process-$ITEM", "process-<ITEM>"),
            ("${ITEM}s and $N.", "<ITEM>s and <N>."),
            (
                "$ITEMS $HOME $(ITEM) $$ITEM $ ${ITEM",
                "$ITEMS $HOME $(ITEM) $$ITEM $ ${ITEM",
            ),
            ("$ITEM$N", "<ITEM><N>"),
            ("$1 $", "$1 $"),
        ] {
            assert_eq!(dollars(text), expected, "{text}");
        }
    }

    #[test]
    fn pieces_are_literals_and_numbers() {
        let text = format!("a{}b{}", token(0), token(12));
        assert_eq!(pieces(&text), [Ok("a"), Err(0), Ok("b"), Err(12)]);
        assert_eq!(pieces(""), []);
    }
}
