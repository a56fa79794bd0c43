//! `--glob 'data/*.csv'`: which of the paths that the shell has found are items.

use std::sync::Arc;

use glob::{MatchOptions, Pattern};

use super::entry::{Entry, Place};
use super::error::ListError;

const HINT: &str = "expected a pattern with *, ?, [abc] or **/, in quotes: --glob 'data/*.csv'";
/// As in a shell: `*` stops at a slash, and a name that begins with a dot has to be asked for.
const AS_A_SHELL: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// The paths that match a pattern, sorted.
pub fn glob<'a>(
    pattern: &str,
    paths: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Entry>, ListError> {
    let origin: Arc<str> = format!("--glob {pattern}").into();
    let compiled = Pattern::new(bare(pattern)).map_err(|error| {
        let place = format!("{origin}:{}", error.pos + 1);
        ListError::syntax(&place, error.msg, HINT)
    })?;
    let matches = |path: &&str| compiled.matches_with(bare(path), AS_A_SHELL);
    let mut found: Vec<&str> = paths.into_iter().filter(matches).collect();
    found.sort_unstable();
    found.dedup();
    let entry = |(at, path): (usize, &str)| Entry::text(path, Place::entry(&origin, at + 1));
    Ok(found.into_iter().enumerate().map(entry).collect())
}

/// The folder below which all matches are: the front of a pattern up to its first part with a wildcard.
pub fn glob_root(pattern: &str) -> &str {
    let front = pattern
        .find(['*', '?', '['])
        .map_or(pattern, |at| &pattern[..at]);
    match front.rfind('/') {
        Some(0) => "/",
        Some(at) => &front[..at],
        None => ".",
    }
}

/// How many folders deep below [`glob_root`] a match can be; `None` if there is no limit.
pub fn glob_depth(pattern: &str) -> Option<usize> {
    let root = match glob_root(pattern) {
        "." if !pattern.starts_with("./") => "",
        root => root,
    };
    let rest = pattern.strip_prefix(root)?.trim_start_matches('/');
    (!rest.contains("**")).then(|| rest.matches('/').count() + 1)
}

fn bare(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: [&str; 7] = [
        "data/b.csv",
        "data/a.csv",
        "data/.c.csv",
        "data/x/d.csv",
        "./e.csv",
        "data/a.CSV",
        "data/[1].csv",
    ];

    #[test]
    fn matches_are_those_of_a_shell_and_sorted() {
        for (pattern, expected) in [
            ("data/*.csv", "data/[1].csv data/a.csv data/b.csv"),
            ("data/?.csv", "data/a.csv data/b.csv"),
            ("data/[ab].csv", "data/a.csv data/b.csv"),
            ("data/[!a].csv", "data/b.csv"),
            ("data/.*", "data/.c.csv"),
            (
                "data/**/*.csv",
                "data/[1].csv data/a.csv data/b.csv data/x/d.csv",
            ),
            ("*.csv", "./e.csv"),
            ("./*.csv", "./e.csv"),
            ("data/[[]1].csv", "data/[1].csv"),
            ("none/*", ""),
        ] {
            let entries = glob(pattern, PATHS).expect(pattern);
            let texts: Vec<_> = entries
                .iter()
                .filter_map(|entry| entry.value.as_str())
                .collect();
            assert_eq!(texts.join(" "), expected, "{pattern}");
        }
    }

    #[test]
    fn a_pattern_that_is_none_is_refused() {
        let error = glob("data/[a.csv", PATHS).expect_err("open").to_string();
        assert!(
            error.starts_with("--glob data/[a.csv:6: invalid range pattern\nhint:"),
            "{error}"
        );
    }

    #[test]
    fn the_walk_begins_where_the_pattern_does() {
        for (pattern, root, depth) in [
            ("data/*.csv", "data", Some(1)),
            ("*.csv", ".", Some(1)),
            ("./*/x", ".", Some(2)),
            ("/x*", "/", Some(1)),
            ("/a/b/*/c?/d", "/a/b", Some(3)),
            ("a/**/b", "a", None),
            ("a/b.csv", "a", Some(1)),
        ] {
            assert_eq!(
                (glob_root(pattern), glob_depth(pattern)),
                (root, depth),
                "{pattern}"
            );
        }
    }
}
