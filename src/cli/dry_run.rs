//! `--dry-run`: how far a command goes.

/// `--dry-run`, as kubectl has it.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct DryRunArgs {
    /// none, client (say what would be done) or server (let the server check it, and keep nothing)
    #[arg(
        long = "dry-run",
        value_name = "WHERE",
        default_value = "none",
        hide_default_value = true
    )]
    pub(super) mode: DryRun,
}

/// How far a command goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum DryRun {
    /// All the way
    None,
    /// Nothing is sent
    Client,
    /// The server checks, and keeps nothing
    Server,
}

impl DryRun {
    /// What follows a line about something that was not really done.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Client => " (dry run)",
            Self::Server => " (server dry run)",
        }
    }
}
