//! `--ttl-success` and `--ttl-failure`: how long a Job stays after its end, by how it ended.
//!
//! Kubernetes has one `ttlSecondsAfterFinished` for both, but it may be changed at any time: the command that watches sets it
//! at the end of each member.

use super::input::seconds;
use crate::cluster::permissions::{EXPIRE, Rule};
use crate::group::Phase;

/// How long Jobs stay.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
#[command(next_help_heading = "Jobs")]
pub(super) struct TtlArgs {
    /// Delete a Job so long after it has succeeded; set by the command that watches, when it sees the end
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    ttl_success: Option<u64>,
    /// The same for a Job that has failed
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    ttl_failure: Option<u64>,
}

impl TtlArgs {
    /// The seconds that a member stays which ended so.
    pub(super) fn after(self, phase: Phase) -> Option<u64> {
        match phase {
            Phase::Succeeded => self.ttl_success,
            Phase::Failed => self.ttl_failure,
            _ => None,
        }
    }

    /// The permissions that it takes.
    pub(super) fn needs(self) -> &'static [Rule] {
        let is_set = self.ttl_success.or(self.ttl_failure).is_some();
        if is_set { EXPIRE } else { &[] }
    }
}
