//! `--set key=value`: a name with one value for all items.

use super::error::ListError;

const HINT: &str = "expected NAME=VALUE, where NAME has letters, digits and `_`: --set tag=v1";

/// Reads `key=value`; the value is what stands behind the first `=`, as it is.
pub fn constant(text: &str) -> Result<(String, String), ListError> {
    let wrong = |problem: String| ListError::syntax(&format!("--set {text}"), problem, HINT);
    let Some((key, value)) = text.split_once('=') else {
        return Err(wrong("there is no `=`".into()));
    };
    if !is_name(key) {
        return Err(wrong(format!("`{key}` is no name")));
    }
    if matches!(
        key.to_ascii_uppercase().as_str(),
        "ITEM" | "INDEX" | "COUNT"
    ) {
        return Err(wrong(format!("every item has its own `{key}`")));
    }
    Ok((key.to_owned(), value.to_owned()))
}

/// Whether a text can be the name of a placeholder.
pub(super) fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_all_that_follows_the_first_equals_sign() {
        for (text, key, value) in [
            ("a=b", "a", "b"),
            ("A_1=", "A_1", ""),
            ("x= y=z ", "x", " y=z "),
        ] {
            assert_eq!(constant(text), Ok((key.into(), value.into())));
        }
        for text in ["a", "=b", "1a=b", "a-b=c", "item=x", "COUNT=2", ""] {
            assert!(constant(text).is_err(), "{text}");
        }
    }
}
