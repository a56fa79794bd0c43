//! `man`: manual pages, made from the same definitions as the help.

#![expect(clippy::disallowed_methods, reason = "the pages are written here")]

use std::io::Write;
use std::path::PathBuf;

use super::{CliResult, Failure, command, screen::say};

/// Print the manual page, or write one for each command
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Write kubectl-batch.1, kubectl-batch-run.1 and so on into this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints, or writes.
pub(super) fn man(args: &Args) -> CliResult {
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command()).render(&mut page)?;
        std::io::stdout().write_all(&page)?;
        return Ok(0);
    };
    let wrong = |error: std::io::Error| Failure::tool(format!("{}: {error}", dir.display()));
    std::fs::create_dir_all(dir).map_err(wrong)?;
    clap_mangen::generate_to(command(), dir).map_err(wrong)?;
    say(&format!("the manual pages are in {}", dir.display()));
    Ok(0)
}
