//! Shapes of names and labels (`k8s.io/apimachinery/pkg/util/validation`). Each function gives what is wrong, or nothing.

/// The longest DNS label, label value and name part of a label key.
pub const LABEL_MAX: usize = 63;
/// The longest DNS subdomain.
pub const SUBDOMAIN_MAX: usize = 253;

/// Lower case letters, digits and inner dashes, at most 63 characters (RFC 1123).
pub fn not_a_label(text: &str) -> Option<&'static str> {
    if text.len() > LABEL_MAX {
        return Some("must be no more than 63 characters");
    }
    (!is_label(text)).then_some("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')")
}

/// Labels of any length with dots in between, at most 253 characters (RFC 1123).
pub fn not_a_subdomain(text: &str) -> Option<&'static str> {
    if text.len() > SUBDOMAIN_MAX {
        return Some("must be no more than 253 characters");
    }
    (!text.split('.').all(is_label)).then_some("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")
}

/// A label's key or a condition's type: a name, perhaps with a DNS subdomain and a slash before it.
pub fn not_a_qualified_name(text: &str) -> Option<&'static str> {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    if prefix.is_some_and(str::is_empty) {
        return Some("prefix part must be non-empty");
    }
    if let Some(problem) = prefix.and_then(not_a_subdomain) {
        return Some(problem);
    }
    if name.is_empty() {
        return Some("name part must be non-empty");
    }
    if name.len() > LABEL_MAX {
        return Some("name part must be no more than 63 characters");
    }
    (!is_word(name)).then_some("name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')")
}

/// A label's value: empty, or a word of at most 63 characters.
pub fn not_a_label_value(text: &str) -> Option<&'static str> {
    if text.len() > LABEL_MAX {
        return Some("must be no more than 63 characters");
    }
    (!text.is_empty() && !is_word(text)).then_some("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')")
}

/// `spec.managedBy`: a DNS subdomain, a slash, and a path as in a URL.
pub fn not_a_domain_prefixed_path(text: &str) -> Option<&'static str> {
    let parts = text.split_once('/');
    let Some((domain, path)) =
        parts.filter(|(domain, path)| !domain.is_empty() && !path.is_empty())
    else {
        return Some("must be a domain-prefixed path (such as \"acme.io/foo\")");
    };
    if let Some(problem) = not_a_subdomain(domain) {
        return Some(problem);
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&byte);
    (!path.bytes().all(allowed))
        .then_some("Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')")
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_word(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let outer = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    text.bytes().all(inner) && outer(bytes.first()) && outer(bytes.last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_shapes() {
        let long = "a".repeat(64);
        for (text, label, subdomain, qualified, value) in [
            ("pi", true, true, true, true),
            ("a.b", false, true, true, true),
            ("A_b", false, false, true, true),
            ("-a", false, false, false, false),
            ("a-", false, false, false, false),
            ("", false, false, false, true),
            ("a..b", false, false, true, true),
            ("x y", false, false, false, false),
            ("example.com/a", false, false, true, false),
            ("/a", false, false, false, false),
            ("Example.com/a", false, false, false, false),
            ("a/b/c", false, false, false, false),
            (long.as_str(), false, true, false, false),
        ] {
            assert_eq!(not_a_label(text).is_none(), label, "label {text}");
            assert_eq!(
                not_a_subdomain(text).is_none(),
                subdomain,
                "subdomain {text}"
            );
            assert_eq!(
                not_a_qualified_name(text).is_none(),
                qualified,
                "key {text}"
            );
            assert_eq!(not_a_label_value(text).is_none(), value, "value {text}");
        }
        assert!(not_a_subdomain(&"a".repeat(254)).is_some());
    }

    #[test]
    fn a_manager_is_a_domain_and_a_path() {
        for (text, good) in [
            ("example.com/foo", true),
            ("example.com/foo/bar:1~x", true),
            ("example.com", false),
            ("example.com/", false),
            ("/foo", false),
            ("Example.com/foo", false),
            ("example.com/foo bar", false),
            ("example.com/f\u{f6}o", false),
        ] {
            assert_eq!(not_a_domain_prefixed_path(text).is_none(), good, "{text}");
        }
    }
}
