//! The console blocks of the README and of docs/ are what the program prints.

use std::path::Path;

use crate::support::{PROGRAM, Place, ran, without_times};

/// A command and the lines that it prints.
struct Session {
    command: String,
    prints: Vec<String>,
}

/// The sessions in the blocks that begin with ```` ```console ````.
fn sessions(text: &str) -> Vec<Session> {
    let mut sessions: Vec<Session> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside {
            match line.strip_prefix("$ ") {
                Some(command) => sessions.push(Session {
                    command: command.to_owned(),
                    prints: Vec::new(),
                }),
                None => sessions
                    .last_mut()
                    .expect("a command first")
                    .prints
                    .push(line.to_owned()),
            }
        }
    }
    sessions
}

/// Members run at the same time, so the order of lines and the counts in them may differ from run to run; and one that is quick may
/// have ended before anybody saw it run.
fn comparable(lines: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = lines
        .iter()
        .filter(|line| !line.ends_with(": running"))
        .map(|line| without_times(line.split(" [").next().unwrap_or(line)))
        .collect();
    lines.sort();
    lines
}

/// Runs the sessions of one document, in one place.
#[track_caller]
fn check(document: &Path) {
    let text = std::fs::read_to_string(document).expect("a document");
    let place = Place::new();
    let bin = place.path().join("bin");
    std::fs::create_dir(&bin).expect("made");
    std::os::unix::fs::symlink(PROGRAM, bin.join("kubectl-batch")).expect("linked");
    let path = format!(
        "{}:{}",
        bin.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    for session in sessions(&text) {
        // `cargo run --release --` and `kubectl batch` are the program itself.
        let command = session
            .command
            .replace("cargo run --release --", "kubectl-batch")
            .replace("kubectl batch", "kubectl-batch");
        let mut shell = place.command("sh");
        shell
            .env("PATH", &path)
            .args(["-c", &format!("{{ {command}; }} 2>&1")]);
        let ran = ran(&mut shell, "");
        let printed: Vec<String> = ran.out.lines().map(str::to_owned).collect();
        let name = document.display();
        assert_eq!(
            comparable(&printed),
            comparable(&session.prints),
            "{name}: {command}\n{}",
            ran.out
        );
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_readme_shows_what_is_printed() {
    let text = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    assert!(sessions(&text).len() >= 3, "the README has its sessions");
    check(&root().join("README.md"));
}

#[test]
fn the_documents_show_what_is_printed() {
    let mut with_sessions = 0;
    for entry in std::fs::read_dir(root().join("docs")).expect("docs") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a document");
        with_sessions += usize::from(!sessions(&text).is_empty());
        check(&path);
    }
    assert!(
        with_sessions >= 4,
        "{with_sessions} documents with sessions"
    );
}
