//! The console blocks of the README are what the program prints.

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

/// Members run at the same time, so the order of lines and the counts in them may differ from run to run.
fn comparable(lines: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = lines
        .iter()
        .map(|line| without_times(line.split(" [").next().unwrap_or(line)))
        .collect();
    lines.sort();
    lines
}

#[test]
fn the_readme_shows_what_is_printed() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"))
        .expect("README.md");
    let sessions = sessions(&text);
    assert!(sessions.len() >= 3, "the README has its sessions");
    let place = Place::new();
    let bin = place.path().join("bin");
    std::fs::create_dir(&bin).expect("made");
    let link = |name: &str| std::os::unix::fs::symlink(PROGRAM, bin.join(name)).expect("linked");
    link("kubectl-batch");
    for session in sessions {
        // `cargo run --release --` and `kubectl batch` are the program itself.
        let command = session
            .command
            .replace("cargo run --release --", "kubectl-batch")
            .replace("kubectl batch", "kubectl-batch");
        let mut shell = place.command("sh");
        let path = format!(
            "{}:{}",
            bin.display(),
            std::env::var("PATH").unwrap_or_default()
        );
        shell
            .env("PATH", path)
            .args(["-c", &format!("{{ {command}; }} 2>&1")]);
        let ran = ran(&mut shell, "");
        let printed: Vec<String> = ran.out.lines().map(str::to_owned).collect();
        assert_eq!(
            comparable(&printed),
            comparable(&session.prints),
            "{command}\n{}",
            ran.out
        );
    }
}
