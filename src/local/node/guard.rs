//! The guard: a second process that outlives this one by a moment, to end what it started.
//!
//! It learns the process groups from its standard input. When that ends, however the tool ended, it sends TERM to the
//! groups that are left and, on Linux, to every process whose environment bears the node's marker (those that left their
//! group), then KILL. A process that left its group and cleared its environment escapes it.

#![expect(
    clippy::disallowed_methods,
    reason = "starts and is a process, and reads /proc"
)]

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, BufRead, Write};
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use super::system::{self, Signal};

/// The hidden first argument that makes the tool a guard.
pub const GUARD_ARGUMENT: &str = "__guard";

/// Between TERM and KILL.
const GRACE: Duration = Duration::from_secs(2);
/// How often to look whether all have ended meanwhile; only when something was left.
const LOOK: Duration = Duration::from_millis(50);

/// The running guard of a node.
#[derive(Debug)]
pub(super) struct Guard {
    input: Mutex<Option<ChildStdin>>,
    child: Mutex<Child>,
}

impl Guard {
    /// Starts `command` (a program and its arguments) as the guard of all processes that bear `marker`.
    pub(super) fn start(command: &[OsString], marker: &str) -> io::Result<Self> {
        let (program, arguments) = command.split_first().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "the guard's command is empty")
        })?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        system::own_group(&mut command);
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        let guard = Self {
            input: Mutex::new(input),
            child: Mutex::new(child),
        };
        guard.say(&format!("={marker}"));
        Ok(guard)
    }

    /// A process group exists from now on.
    pub(super) fn add(&self, group: u32) {
        self.say(&format!("+{group}"));
    }

    /// A process group has ended.
    pub(super) fn remove(&self, group: u32) {
        self.say(&format!("-{group}"));
    }

    /// Lets the guard finish its work and waits for it. Blocks for as long as something is left to end.
    pub(super) fn close(&self) {
        drop(lock(&self.input).take());
        if let Err(error) = lock(&self.child).wait() {
            tracing::warn!(%error, "the guard process cannot be waited for");
        }
    }

    fn say(&self, line: &str) {
        if let Some(input) = lock(&self.input).as_mut()
            && let Err(error) = input.write_all(format!("{line}\n").as_bytes())
        {
            tracing::warn!(%error, "the guard process is gone; a killed tool would leave processes behind");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The whole life of a guard process: reads standard input to its end, then ends what is left.
pub fn guard_main() -> ExitCode {
    let mut left = Left::read(io::stdin().lock());
    left.signal(Signal::Term);
    let mut waited = Duration::ZERO;
    while waited < GRACE && left.any() {
        sleep(LOOK);
        waited += LOOK;
    }
    left.signal(Signal::Kill);
    ExitCode::SUCCESS
}

/// What the guard has to end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Left {
    marker: String,
    groups: BTreeSet<u32>,
}

impl Left {
    /// Follows the lines `=MARKER`, `+GROUP` and `-GROUP` to the end of `input`, or to its first fault.
    fn read(input: impl BufRead) -> Self {
        let mut left = Self::default();
        for line in input.lines().map_while(Result::ok) {
            match (line.get(..1), line.get(1..)) {
                (Some("="), Some(marker)) => marker.clone_into(&mut left.marker),
                (Some("+"), Some(group)) => left.groups.extend(group.parse::<u32>()),
                (Some("-"), Some(group)) => {
                    left.groups.retain(|known| Ok(*known) != group.parse());
                }
                _ => {}
            }
        }
        left
    }

    fn signal(&mut self, signal: Signal) {
        self.groups
            .retain(|group| system::signal_group(*group, signal));
        for pid in system::marked(&self.marker) {
            system::signal_process(pid, signal);
        }
    }

    fn any(&mut self) -> bool {
        self.groups.retain(|group| system::group_exists(*group));
        !self.groups.is_empty() || !system::marked(&self.marker).is_empty()
    }
}

#[cfg(test)]
mod tests;
