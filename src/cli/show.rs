//! How a group that is followed is shown, and how long it is followed.

use std::time::Duration;

use jiff::SignedDuration;

use super::follow::{LogMode, Reading};
use super::reports::ReportArgs;
use super::screen::Progress;
use super::{CliResult, Failure};
use crate::cluster::duration::parse_duration;

/// How a group that is followed is shown.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Display")]
pub(super) struct ShowArgs {
    /// How progress is shown: auto, live, plain, json, verdict or none
    #[arg(
        long,
        value_name = "HOW",
        default_value = "auto",
        hide_default_value = true,
        conflicts_with = "output"
    )]
    progress: Progress,
    /// json: one JSON object for each event, and a last one with the verdict
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Output>,
    /// Whose output is shown: none, failed or all; all with --local, else failed
    #[arg(long, value_name = "WHOSE")]
    logs: Option<LogMode>,
    /// Give up after this time, with exit code 124: 90, 10m, 2h
    #[arg(long, value_name = "TIME")]
    timeout: Option<String>,
    /// Give up, with exit code 3, when a member has not started for this time because no node takes its Pod, its image cannot be
    /// had, or the like; without it such members are waited for
    #[arg(long, value_name = "TIME")]
    pending_timeout: Option<String>,
    #[command(flatten)]
    pub(super) reports: ReportArgs,
    /// What is read of the output
    #[arg(skip)]
    pub(super) reading: Reading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Json,
}

impl ShowArgs {
    /// For `logs --follow`: output, and nothing else.
    pub(super) fn for_logs(reading: Reading) -> Self {
        Self {
            progress: Progress::None,
            output: None,
            logs: Some(LogMode::All),
            timeout: None,
            pending_timeout: None,
            reports: ReportArgs::default(),
            reading,
        }
    }

    pub(super) fn progress(&self) -> Progress {
        match self.output {
            Some(Output::Json) => Progress::Json,
            None => self.progress,
        }
    }

    /// The same for a command that is quiet unless told otherwise.
    pub(super) fn quiet_progress(&self) -> Progress {
        match self.progress() {
            Progress::Auto => Progress::Verdict,
            other => other,
        }
    }

    pub(super) fn logs(&self, is_local: bool) -> LogMode {
        self.logs.unwrap_or(if is_local {
            LogMode::All
        } else {
            LogMode::Failed
        })
    }

    pub(super) fn timeout(&self) -> CliResult<Option<Duration>> {
        let time = time("--timeout", self.timeout.as_deref())?;
        Ok(time.filter(|time| !time.is_zero()))
    }

    pub(super) fn pending_timeout(&self) -> CliResult<Option<SignedDuration>> {
        let time = time("--pending-timeout", self.pending_timeout.as_deref())?;
        // What no clock reaches is no limit.
        Ok(time.and_then(|time| SignedDuration::try_from(time).ok()))
    }

    /// Checks the times before anything is done.
    pub(super) fn check(&self) -> CliResult<()> {
        self.timeout()?;
        self.pending_timeout()?;
        Ok(())
    }
}

fn time(flag: &str, text: Option<&str>) -> CliResult<Option<Duration>> {
    let Some(text) = text else {
        return Ok(None);
    };
    let wrong = || {
        Failure::usage(format!(
            "{flag}: `{text}` is not a time: write 90, 90s, 10m or 2h"
        ))
    };
    parse_duration(text).ok_or_else(wrong).map(Some)
}
