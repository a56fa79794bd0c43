//! What the node asks of the operating system; everything that is only there on Unix.

#![expect(clippy::disallowed_methods, reason = "reads /proc and files' modes")]

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use rustix::process::{Pid, test_kill_process_group};

/// The variable in the environment of every process that the node starts.
pub const MARKER_VARIABLE: &str = "KUBECTL_BATCH_LOCAL";

/// The two signals that the node sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    Term,
    Kill,
}

impl From<Signal> for rustix::process::Signal {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Term => Self::TERM,
            Signal::Kill => Self::KILL,
        }
    }
}

/// Group 0 would be our own and 1 everything, so neither passes.
fn pid(number: u32) -> Option<Pid> {
    i32::try_from(number)
        .ok()
        .filter(|number| *number > 1)
        .and_then(Pid::from_raw)
}

/// Makes the process of `command` the leader of a group of its own.
pub(super) fn own_group(command: &mut std::process::Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

/// Signals every process of a group; whether there was one.
pub(super) fn signal_group(group: u32, signal: Signal) -> bool {
    pid(group)
        .is_some_and(|group| rustix::process::kill_process_group(group, signal.into()).is_ok())
}

/// Signals one process; whether there was one.
pub(super) fn signal_process(process: u32, signal: Signal) -> bool {
    pid(process)
        .is_some_and(|process| rustix::process::kill_process(process, signal.into()).is_ok())
}

/// Whether a group has a process left.
pub(super) fn group_exists(group: u32) -> bool {
    pid(group).is_some_and(|group| test_kill_process_group(group).is_ok())
}

/// The exit code and the signal of a process that ended, by the shell's convention.
pub(super) fn exit_of(status: ExitStatus) -> (i32, Option<i32>) {
    match (status.code(), status.signal()) {
        (Some(code), _) => (code, None),
        (None, Some(signal)) => (128 + signal, Some(signal)),
        (None, None) => (255, None),
    }
}

/// The processes, but for this one, whose environment bears `marker`. Linux only; nothing elsewhere.
pub(super) fn marked(marker: &str) -> Vec<u32> {
    if marker.is_empty() || !cfg!(target_os = "linux") {
        return Vec::new();
    }
    let own = std::process::id();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| *pid != own)
        .filter(|pid| {
            std::fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|environment| bears(&environment, marker))
        })
        .collect()
}

/// The variable holds the markers of all nodes around a process, outermost first, with commas between.
fn bears(environment: &[u8], marker: &str) -> bool {
    environment.split(|byte| *byte == 0).any(|variable| {
        std::str::from_utf8(variable)
            .ok()
            .and_then(|text| text.strip_prefix(MARKER_VARIABLE)?.strip_prefix('='))
            .is_some_and(|markers| markers.split(',').any(|found| found == marker))
    })
}

/// Finds the program that `name` means, by the rules and with the words of a container runtime.
pub(super) fn find_program(name: &str, path: &str, folder: &Path) -> Result<PathBuf, String> {
    let fault = |why: &str| format!("exec: {name:?}: {why}");
    if name.contains('/') {
        let program = folder.join(name);
        return match program.metadata() {
            Ok(meta) if meta.is_dir() => Err(fault("is a directory")),
            Ok(meta) if !executable(&meta) => Err(fault("permission denied")),
            Ok(_) => Ok(program),
            Err(_) => Err(format!(
                "exec: {name:?}: stat {name}: no such file or directory"
            )),
        };
    }
    path.split(':')
        .filter(|folder| !folder.is_empty())
        .map(|place| folder.join(place).join(name))
        .find(|program| {
            program
                .metadata()
                .is_ok_and(|meta| meta.is_file() && executable(&meta))
        })
        .ok_or_else(|| fault("executable file not found in $PATH"))
}

fn executable(meta: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o111 != 0
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{bears, find_program};

    #[test]
    fn a_marker_is_seen_alone_and_among_others() {
        for (environment, expected) in [
            ("A=1\0KUBECTL_BATCH_LOCAL=m\0", true),
            ("KUBECTL_BATCH_LOCAL=outer,m\0", true),
            ("KUBECTL_BATCH_LOCAL=m,inner", true),
            ("KUBECTL_BATCH_LOCAL=mm\0", false),
            ("XKUBECTL_BATCH_LOCAL=m\0", false),
            ("", false),
        ] {
            assert_eq!(
                bears(environment.as_bytes(), "m"),
                expected,
                "{environment:?}"
            );
        }
    }

    #[test]
    fn programs_are_found_as_a_runtime_finds_them() {
        let root = Path::new("/");
        assert_eq!(find_program("sh", "/none:/bin", root), Ok("/bin/sh".into()));
        assert_eq!(find_program("/bin/sh", "", root), Ok("/bin/sh".into()));
        for (name, message) in [
            (
                "no-such",
                "exec: \"no-such\": executable file not found in $PATH",
            ),
            (
                "/no/such",
                "exec: \"/no/such\": stat /no/such: no such file or directory",
            ),
            ("/etc/passwd", "exec: \"/etc/passwd\": permission denied"),
            ("/etc", "exec: \"/etc\": is a directory"),
        ] {
            assert_eq!(find_program(name, "/bin", root), Err(message.to_owned()));
        }
    }
}
