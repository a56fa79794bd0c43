//! What the documents name is there: the targets of links, files, commands and their flags.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Command;

use crate::krew::root;

/// A document of the repository.
struct Document {
    path: PathBuf,
    text: String,
}

fn documents() -> Vec<Document> {
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
fn split(text: &str) -> (String, Vec<String>) {
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

/// The words of each call of the program in a piece of code, up to the container's command or the next program. A call begins with
/// `kubectl batch`, or the code with the name of a command.
fn calls<'a>(program: &Command, code: &'a str) -> Vec<Vec<&'a str>> {
    let first = code.split(' ').next().unwrap_or_default();
    let is_short = program.find_subcommand(first).is_some();
    let after = code.split("kubectl batch ");
    after
        .skip(usize::from(!is_short))
        .map(|rest| {
            let words = rest.split_whitespace().map(|word| {
                let is_mark = |c: char| "[];,".contains(c);
                if word == ";" {
                    word
                } else {
                    word.trim_matches(is_mark)
                }
            });
            let ends = |word: &&str| !["--", "|", ">", "2>&1", "&", "&&", ";"].contains(word);
            words.take_while(ends).collect()
        })
        .collect()
}

/// Whether a command has a flag of its own, or one that all have.
fn knows(program: &Command, command: &Command, flag: &str) -> bool {
    let globals = program.get_arguments().filter(|own| own.is_global_set());
    let mut all = command.get_arguments().chain(globals);
    let Some(long) = flag.strip_prefix("--") else {
        return all.any(|own| own.get_short() == flag.chars().nth(1));
    };
    let name = long.split('=').next().unwrap_or_default();
    all.any(|own| {
        let mut aliases = own.get_all_aliases().into_iter().flatten();
        own.get_long() == Some(name) || aliases.any(|alias| alias == name)
    })
}

fn any_knows(program: &Command, command: &Command, flag: &str) -> bool {
    knows(program, command, flag)
        || command
            .get_subcommands()
            .any(|own| any_knows(program, own, flag))
}

fn is_flag(word: &str) -> bool {
    let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
    name.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

/// What a call names that the program does not have.
fn unknown(program: &Command, words: &[&str]) -> Vec<String> {
    let mut command = program;
    let mut unknown = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if is_flag(word) {
            if !knows(program, command, word) {
                unknown.push(format!("{word} of {}", command.get_name()));
            }
        } else if let Some(own) = command.find_subcommand(word) {
            command = own;
        } else if at == 0 && word.starts_with(|c: char| c.is_ascii_lowercase()) {
            unknown.push(format!("the command {word}"));
        }
    }
    unknown
}

fn program() -> Command {
    let mut command = kubectl_batch::cli::command();
    command.build();
    command
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

#[test]
fn commands_and_flags_are_those_of_the_program() {
    let program = program();
    let mut wrong = Vec::new();
    let mut count = 0;
    for document in documents() {
        for code in split(&document.text).1 {
            let name = document.path.display();
            for call in calls(&program, &code) {
                count += 1;
                let unknown = unknown(&program, &call);
                wrong.extend(unknown.iter().map(|what| format!("{name}: {what}: {code}")));
            }
            // Pages for those who come from another program name its flags, too.
            let is_own = code.starts_with("--") && !name.to_string().contains("/from-");
            let flag = code.split(' ').next().unwrap_or_default();
            if is_own && is_flag(flag) && !any_knows(&program, &program, flag) {
                wrong.push(format!("{name}: {flag} of no command"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 100, "only {count} calls");
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
    is_plain && (code.ends_with(".rs") || top.iter().any(|top| code.starts_with(top)))
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

#[test]
fn a_heading_is_linked_as_github_does() {
    let text = "# A title\n```sh\n# no title\n```\n## Why not `x`: the `--y`?\n## a title\n";
    assert_eq!(anchors(text), ["a-title", "why-not-x-the---y", "a-title-1"]);
}

#[test]
fn a_call_ends_before_the_containers_command_and_the_next_program() {
    let code = "kubectl batch run --items a -- sh -c x; kubectl batch status | kubectl get x";
    let words = calls(&program(), code);
    assert_eq!(words, [&["run", "--items", "a"][..], &["status"]]);
}

#[test]
fn what_the_program_does_not_have_is_seen() {
    let program = program();
    for (call, expected) in [
        ("run --items a -nx --flag=no", &["--flag=no of run"][..]),
        ("expnd -f x", &["the command expnd", "-f of kubectl-batch"]),
        ("template show -q", &["-q of show"]),
        ("-n ci status -A", &[]),
        ("set GROUP --max-active M", &[]),
    ] {
        let words: Vec<&str> = call.split(' ').collect();
        assert_eq!(unknown(&program, &words), expected, "{call}");
    }
}
