//! What the documents name is there: the targets of links, and files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::krew::root;

/// A document of the repository.
pub(crate) struct Document {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

pub(crate) fn documents() -> Vec<Document> {
    let folders = [root().to_owned(), root().join("docs")];
    let entries = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).expect("a folder"));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| Document {
            text: fs::read_to_string(&path).expect("a document"),
            path,
        })
        .collect()
}

/// The text, and what stands in it as code: spans, and lines of blocks.
pub(crate) fn split(text: &str) -> (String, Vec<String>) {
    let (mut prose, mut code) = (String::new(), Vec::new());
    let mut in_block = false;
    for line in text.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if in_block || line.starts_with("    ") {
            code.push(line.trim().to_owned());
        } else {
            // In a table, a `|` within code is written `\|`.
            for (index, part) in line.replace("\\|", "|").split('`').enumerate() {
                match index % 2 {
                    0 => prose.push_str(part),
                    _ => code.push(part.to_owned()),
                }
            }
            prose.push('\n');
        }
    }
    (prose, code)
}

/// The targets of `[text](target)`.
fn links(prose: &str) -> Vec<&str> {
    let after = prose.split("](").skip(1);
    after.filter_map(|rest| rest.split(')').next()).collect()
}

/// The names that a page's headings are linked by, as GitHub makes them.
fn anchors(text: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut in_block = false;
    let mut anchors = Vec::new();
    for line in text.lines() {
        in_block ^= line.starts_with("```");
        let heading = line.trim_start_matches('#');
        if in_block || heading == line || !heading.starts_with(' ') {
            continue;
        }
        let kept = heading.trim().to_lowercase();
        let kept = kept
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let name: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let again = seen.entry(name.clone()).or_default();
        anchors.push(match *again {
            0 => name,
            n => format!("{name}-{n}"),
        });
        *again += 1;
    }
    anchors
}

/// Why a link from a document leads nowhere, if it does not.
fn is_lost(from: &Document, link: &str) -> Option<String> {
    if link.contains("://") {
        return None;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => from.path.clone(),
        file => from.path.with_file_name("").join(file),
    };
    let Ok(text) = fs::read_to_string(&target) else {
        return (!target.is_dir()).then(|| format!("{link}: no such file"));
    };
    let is_there = anchor.is_empty() || anchors(&text).iter().any(|own| own == anchor);
    (!is_there).then(|| format!("{link}: no such heading"))
}

#[test]
fn links_lead_somewhere() {
    let mut lost = Vec::new();
    let mut count = 0;
    for document in documents() {
        let (prose, _) = split(&document.text);
        for link in links(&prose) {
            count += 1;
            let why = is_lost(&document, link);
            lost.extend(why.map(|why| format!("{}: {why}", document.path.display())));
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
    assert!(count > 10, "only {count} links");
}

/// All files and folders of the repository's own, from its root, folders with a `/` at the end.
fn tree(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.strip_prefix(root()).expect("below").to_string_lossy();
        if path.is_dir() {
            if !["target", ".git"]
                .iter()
                .any(|skipped| name.ends_with(skipped))
            {
                found.push(format!("/{name}/"));
                tree(&path, found);
            }
        } else {
            found.push(format!("/{name}"));
        }
    }
}

/// Whether code is the name of a source file or folder, or of a file below one of the repository's folders.
fn is_path(code: &str) -> bool {
    let top = [
        "src/", "tests/", "docs/", "scripts/", "benches/", "fuzz/", ".ci/",
    ];
    let is_plain = code
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    is_plain && (code.strip_suffix(".rs").is_some() || top.iter().any(|top| code.starts_with(top)))
}

#[test]
fn files_of_the_repository_are_there() {
    let mut all = Vec::new();
    tree(root(), &mut all);
    let mut missing = Vec::new();
    let mut count = 0;
    for document in documents() {
        for code in split(&document.text).1 {
            // `scripts/measure expand` is a call of the first.
            let name = code.split(' ').next().unwrap_or_default();
            if is_path(name) {
                count += 1;
                if !all.iter().any(|path| path.ends_with(&format!("/{name}"))) {
                    missing.push(format!("{}: {name}", document.path.display()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(count > 40, "only {count} names");
}

/// The rows of tables with more or fewer cells than their head, as GitHub counts them: a `|` in code divides, too.
fn ragged(text: &str) -> Vec<&str> {
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut head = None;
    let rows = text.lines().filter(|line| {
        let own = line.starts_with('|').then(|| cells(line));
        head = own.map(|own| head.unwrap_or(own));
        own != head
    });
    rows.collect()
}

#[test]
fn rows_have_the_cells_of_their_head() {
    for document in documents() {
        let ragged = ragged(&document.text);
        assert!(ragged.is_empty(), "{}: {ragged:?}", document.path.display());
    }
    let text = "| a | b |\n|---|---|\n| `x\\|y` | z |\n| `x|y` | z |\n\n| c |\n";
    assert_eq!(ragged(text), ["| `x|y` | z |"]);
}

#[test]
fn a_heading_is_linked_as_github_does() {
    let text = "# A title\n```sh\n# no title\n```\n## Why not `x`: the `--y`?\n## a title\n";
    assert_eq!(anchors(text), ["a-title", "why-not-x-the---y", "a-title-1"]);
}
