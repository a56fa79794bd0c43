//! Data on standard output.

use std::io::Write;

use serde_json::Value;

use super::{CliResult, Failure};

/// A line.
pub(super) fn print(line: &str) -> CliResult<()> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// One JSON document.
pub(super) fn print_json(value: &Value) -> CliResult<()> {
    print(&serde_json::to_string_pretty(value).map_err(Failure::tool)?)
}
