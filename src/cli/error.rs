//! How a command fails: a message for people and an exit code for programs.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use crate::cluster::connect::ConnectError;
use crate::cluster::problem::Problem;
use crate::items::ListError;
use crate::render::show_lines;
use crate::template::TemplateError;

/// What a command ends with: its exit code, or why it could not do what it says.
pub type CliResult<T = u8> = Result<T, Failure>;

/// Nothing matched.
pub(super) const NOTHING_MATCHED: u8 = 4;
/// `--timeout` passed.
pub(super) const TIMED_OUT: u8 = 124;
/// Interrupted by a signal.
pub(super) const INTERRUPTED: u8 = 130;

/// Why a command could not do what it says.
#[derive(Debug)]
pub struct Failure {
    /// For people; several lines, the last of which may be hints.
    pub message: String,
    /// The exit code.
    pub code: u8,
}

impl Failure {
    /// What was asked for makes no sense, or what was given is wrong.
    pub fn usage(message: impl Display) -> Self {
        Self::with(2, message)
    }

    /// The tool itself failed.
    pub fn tool(message: impl Display) -> Self {
        Self::with(1, message)
    }

    /// Nothing matched.
    pub fn nothing(message: impl Display) -> Self {
        Self::with(NOTHING_MATCHED, message)
    }

    /// The cluster refused or cannot be reached.
    pub fn cluster(message: impl Display) -> Self {
        Self::with(5, message)
    }

    /// A signal ended it.
    pub fn interrupted(message: impl Display) -> Self {
        Self::with(INTERRUPTED, message)
    }

    fn with(code: u8, message: impl Display) -> Self {
        Self {
            message: message.to_string(),
            code,
        }
    }

    /// Says it on standard error, and gives the exit code.
    pub(super) fn report(&self) -> ExitCode {
        if self.code != 0 {
            let whole = Problem::is_complete(&self.message);
            let prefix = if whole { "" } else { "error: " };
            // When standard error is gone there is nobody to tell.
            let message = show_lines(&self.message);
            let _ = writeln!(std::io::stderr(), "{prefix}{message}");
        }
        ExitCode::from(self.code)
    }
}

/// A pipe whose reader has gone ends the command quietly, as it does any other program.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::with(0, "")
        } else {
            Self::tool(format!("cannot write: {error}"))
        }
    }
}

impl From<TemplateError> for Failure {
    fn from(error: TemplateError) -> Self {
        match error {
            TemplateError::Scratch(error) => Self::tool(error),
            _ => Self::usage(error),
        }
    }
}

impl From<ListError> for Failure {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Scratch(error) => Self::tool(error),
            _ => Self::usage(error),
        }
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Flag { .. } => Self::usage(error),
            _ => Self::cluster(error),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::cluster(problem)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::tool(format!("{error:#}"))
    }
}
