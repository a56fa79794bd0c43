//! A hermetic place to run the program in: own home, own folder, no environment of whoever runs the tests.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_kubectl-batch");

/// What a run ended with.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: Option<i32>,
}

impl Ran {
    /// Standard output of a run that must succeed.
    #[track_caller]
    pub(crate) fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.out
    }

    /// Code and standard error of a run that must print nothing.
    #[track_caller]
    pub(crate) fn bad(self) -> (i32, String) {
        assert_eq!(self.out, "", "{self:#?}");
        (self.code.expect("it ended by itself"), self.err)
    }
}

/// A folder to work in.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().expect("a folder"),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(&path, text).expect("written");
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect(name)
    }

    /// The names in a folder, sorted.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path().join(name)) else {
            return Vec::new();
        };
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// A command in this place, with the few variables that it needs.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("TMPDIR", self.path())
            .current_dir(self.path());
        command
    }

    /// Runs the program with arguments that stand in one string, divided by blanks.
    pub(crate) fn run(&self, arguments: &str) -> Ran {
        self.run_with(&arguments.split_whitespace().collect::<Vec<_>>(), "")
    }

    /// Runs the program with arguments and a standard input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(PROGRAM);
        command.args(arguments);
        ran(&mut command, input)
    }
}

/// Runs a command to its end.
pub(crate) fn ran(command: &mut Command, input: &str) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A program that does not read its input has ended already.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Ran {
        out: text(output.stdout),
        err: text(output.stderr),
        code: output.status.code(),
    }
}

/// Whether a program that a test needs is there; where `KUBECTL_BATCH_REQUIRE` names it, it must be.
pub(crate) fn has(program: &str) -> bool {
    let found = std::env::var_os("PATH").is_some_and(|paths| {
        std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
    });
    let required = std::env::var("KUBECTL_BATCH_REQUIRE").unwrap_or_default();
    assert!(
        found || !required.split(',').any(|name| name == program),
        "{program} is required and not there"
    );
    if !found {
        eprintln!("skipped: {program} is not there");
    }
    found
}

/// Durations such as `5s` or `2m5s` are replaced by `Ns`.
pub(crate) fn without_times(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(at);
        out.push_str(before);
        let end = number
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(number.len());
        let (digits, after) = number.split_at(end);
        let is_time = after
            .strip_prefix('s')
            .is_some_and(|next| !next.starts_with(|c: char| c.is_ascii_alphanumeric()));
        out.push_str(if is_time { "N" } else { digits });
        rest = after;
    }
    out + rest
}
