//! What the server warns of: `Warning` headers, kept for whoever talks to people, each once.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, header};

/// Different warnings that are remembered; further ones are dropped.
const REMEMBERED_MAX: usize = 256;
/// The longest warning, in characters; the rest of a longer one is left out.
const LENGTH_MAX: usize = 1024;

/// The warnings of a connection. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Warnings(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    known: BTreeSet<String>,
    fresh: VecDeque<String>,
}

impl Warnings {
    /// Takes the warnings that nobody has taken yet, in the order in which they came; they may hold any characters.
    pub fn take(&self) -> Vec<String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.fresh.drain(..).collect()
    }

    /// Notes what the headers of a response warn of.
    pub(super) fn note(&self, headers: &HeaderMap) {
        for value in headers.get_all(header::WARNING) {
            let Ok(value) = std::str::from_utf8(value.as_bytes()) else {
                continue;
            };
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            for text in texts(value) {
                if state.known.len() < REMEMBERED_MAX && state.known.insert(text.clone()) {
                    state.fresh.push_back(text);
                }
            }
        }
    }
}

/// The texts of a header (RFC 7234, 5.5): `299 - "text" "date", 299 - "another"`. Only code 299 is meant for people.
fn texts(header: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = header.trim_start();
    while let Some((code, after)) = rest.split_once(' ') {
        let Some((_agent, after)) = after.trim_start().split_once(' ') else {
            break;
        };
        let Some((text, after)) = quoted(after.trim_start()) else {
            break;
        };
        if code == "299" {
            found.push(text);
        }
        // A date may follow; a comma divides warnings.
        let after = after.trim_start();
        let after = quoted(after).map_or(after, |(_, after)| after);
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    found
}

/// A quoted string at the beginning, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut chars = text.strip_prefix('"')?.char_indices();
    let mut content = String::new();
    let mut length = 0;
    while let Some((at, character)) = chars.next() {
        let character = match character {
            '"' => return Some((content, &text[at + 2..])),
            '\\' => chars.next()?.1,
            other => other,
        };
        length += 1;
        if length <= LENGTH_MAX {
            content.push(character);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_the_rfc_writes_them() {
        for (header, expected) in [
            (
                r#"299 - "batch/v1beta1 is old""#,
                vec!["batch/v1beta1 is old"],
            ),
            (r#"299 kube "say \"hi\" \\o/""#, vec![r#"say "hi" \o/"#]),
            (
                r#"299 - "a, b" "Tue, 24 Nov 2026 00:00:00 GMT", 299 - "c""#,
                vec!["a, b", "c"],
            ),
            (r#"110 - "stale", 299 - "d""#, vec!["d"]),
            (r#"299 - "no end"#, vec![]),
            ("299", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(texts(header), expected, "{header}");
        }
    }

    #[test]
    fn each_is_told_once() {
        let warnings = Warnings::default();
        let mut headers = HeaderMap::new();
        headers.append(header::WARNING, r#"299 - "one""#.parse().expect("a value"));
        headers.append(header::WARNING, r#"299 - "two""#.parse().expect("a value"));
        warnings.note(&headers);
        warnings.note(&headers);
        assert_eq!(warnings.take(), ["one", "two"]);
        warnings.note(&headers);
        assert_eq!(warnings.take(), [""; 0]);
    }

    #[test]
    fn what_is_remembered_has_limits() {
        let warnings = Warnings::default();
        for number in 0..2 * REMEMBERED_MAX {
            let mut headers = HeaderMap::new();
            let text = format!("299 - \"{number} {}\"", "x".repeat(2 * LENGTH_MAX));
            headers.append(header::WARNING, text.parse().expect("a value"));
            warnings.note(&headers);
        }
        let taken = warnings.take();
        assert_eq!(taken.len(), REMEMBERED_MAX);
        assert!(taken.iter().all(|text| text.chars().count() <= LENGTH_MAX));
    }
}
