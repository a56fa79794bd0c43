//! What limits the creation of members: `--max-active`, `--canary`, `--halt`, `--max-requests-per-second`.

use std::num::NonZeroUsize;

use super::{CliResult, Failure};
use crate::cluster::submit::{Options, Pace};
use crate::group::record::Settings;

/// What limits the creation of members.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Pace")]
pub(super) struct PolicyArgs {
    /// At most so many members are unfinished at a time; the next is created as one ends
    #[arg(long, short = 'j', value_name = "N")]
    max_active: Option<NonZeroUsize>,
    /// Create so many members first, and the rest only when all of them have succeeded
    #[arg(long, value_name = "N")]
    canary: Option<NonZeroUsize>,
    /// Send at most so many requests a second; without it the server's answers set the pace
    #[arg(long, value_name = "N", value_parser = requests_per_second)]
    max_requests_per_second: Option<f64>,
    /// Stop early: never, or now|soon,fail|success|done=N|N%; now suspends what runs
    #[arg(long, value_name = "RULE")]
    halt: Option<String>,
}

fn requests_per_second(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    let wrong = || "expected a number over 0, such as 20 or 0.5".to_owned();
    number
        .filter(|number| *number > 0.0 && number.is_finite())
        .ok_or_else(wrong)
}

impl PolicyArgs {
    /// How fast members are created.
    pub(super) fn options(&self) -> Options {
        Options {
            pace: Pace {
                per_second_max: self.max_requests_per_second,
                ..Pace::default()
            },
            ..Options::default()
        }
    }

    /// The options of the group: what the flags say, or else what was said before, by the list or the group's record.
    pub(super) fn settings(&self, before: &Settings) -> CliResult<Settings> {
        let settings = Settings {
            max_active: self.max_active.map(NonZeroUsize::get).or(before.max_active),
            canary: self.canary.map(NonZeroUsize::get).or(before.canary),
            halt: self.halt.clone().or_else(|| before.halt.clone()),
            suspended: before.suspended,
        };
        let policy = settings.policy();
        policy.map_err(|error| Failure::usage(format!("--halt: {error}")))?;
        Ok(settings)
    }
}
