//! `$(NAME)` references in `command`, `args` and the values of `env`.

/// Replaces each `$(NAME)` that `lookup` knows. An unknown or unfinished reference stays as it is, and `$$` gives `$`
/// (core/v1, `Container.command`).
pub(super) fn expand<'a>(text: &str, lookup: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((name, after)) = rest
            .strip_prefix('(')
            .and_then(|inner| inner.split_once(')'))
        {
            match lookup(name) {
                Some(value) => out.push_str(value),
                None => out.extend(["$(", name, ")"]),
            }
            rest = after;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn references_are_replaced_and_everything_else_stays() {
        let lookup = |name: &str| match name {
            "A" => Some("1"),
            "E" => Some(""),
            "R" => Some("$(A)"),
            _ => None,
        };
        for (text, expected) in [
            ("x$(A)y", "x1y"),
            ("$(E)|", "|"),
            ("$(R)", "$(A)"),
            ("$(NO)", "$(NO)"),
            ("$$(A)", "$(A)"),
            ("$$$(A)", "$1"),
            ("$$$$", "$$"),
            ("$(A", "$(A"),
            ("$A ${A} $", "$A ${A} $"),
            ("$($(A))", "$($(A))"),
            ("ä$(A)ö", "ä1ö"),
        ] {
            assert_eq!(expand(text, lookup), expected, "{text}");
        }
    }
}
