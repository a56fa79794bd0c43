//! The direction of imports: nothing in the core imports from the shell, and the folders know only whom they may know.

#![expect(clippy::disallowed_methods, reason = "reads the sources of the crate")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each folder of the core with the folders of this crate that it may import.
const CORE: &[(&str, &[&str])] = &[
    ("items", &["manifest"]),
    ("template", &["items", "manifest"]),
    ("manifest", &["items"]),
    ("job", &[]),
    ("cron", &["job"]),
    ("group", &["items", "job", "manifest"]),
    ("render", &["group"]),
];

/// Crates and modules that await, spawn, read or print, and so have no place in the core.
const SHELL_WORDS: &[&str] = &[
    "tokio::",
    "kube::",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "rustix::",
    "hyper",
    "SystemTime::now",
    "Instant::now",
];

#[test]
fn core_folders_import_only_what_the_drawing_allows() {
    let mut wrong = Vec::new();
    for (folder, allowed) in CORE {
        for file in rust_files(&root().join("src").join(folder)) {
            for (number, line) in code_lines(&file) {
                for target in crate_targets(&line)
                    .into_iter()
                    .filter(|t| t != folder && !allowed.contains(&t.as_str()))
                {
                    wrong.push(format!(
                        "{}:{number}: `{folder}` imports `{target}`",
                        file.display()
                    ));
                }
                wrong.extend(
                    SHELL_WORDS
                        .iter()
                        .filter(|w| mentions(&line, w))
                        .map(|w| format!("{}:{number}: `{folder}` mentions `{w}`", file.display())),
                );
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "arrows that point up:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_folder_of_the_library_is_on_one_side_of_the_line() {
    let known: BTreeSet<&str> = CORE
        .iter()
        .map(|(folder, _)| *folder)
        .chain(["cli", "cluster", "controller", "local", "terminal"])
        .collect();
    let declared: BTreeSet<String> = code_lines(&root().join("src/lib.rs"))
        .filter_map(|(_, line)| {
            line.strip_prefix("pub mod ")?
                .strip_suffix(';')
                .map(str::to_owned)
        })
        .collect();
    assert_eq!(
        declared.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        known
    );
}

#[test]
fn the_reader_of_imports_sees_an_arrow() {
    assert_eq!(
        crate_targets("use crate::cluster::Client; let x = crate::job::Job;"),
        ["cluster", "job"]
    );
    assert!(mentions("use tokio::time;", "tokio::"));
    assert!(!mentions("use my_kube::X;", "kube::"));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder exists") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

/// The lines of a file that are not comments and stand before its test module, numbered from 1.
fn code_lines(file: &Path) -> impl Iterator<Item = (usize, String)> + use<> {
    let text = fs::read_to_string(file).expect("the file can be read");
    let is_test_file = file.file_name().is_some_and(|n| n == "tests.rs");
    let lines: Vec<_> = text
        .lines()
        .enumerate()
        .take_while(|(_, line)| !is_test_file && line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line.trim().to_owned()))
        .collect();
    lines.into_iter()
}

/// The first segment after each `crate::` in a line.
fn crate_targets(line: &str) -> Vec<String> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices("crate::")
        .map(|(at, found)| {
            line[at + found.len()..]
                .chars()
                .take_while(|c| is_word(*c))
                .collect::<String>()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

/// Whether a line names a path that begins with `word`, and not merely ends in it.
fn mentions(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}
