//! Data on standard output.

use std::io::Write;

use serde_json::Value;

use super::{CliResult, Failure};

/// A line.
pub(super) fn print(line: &str) -> CliResult<()> {
    writeln!(output(), "{line}")?;
    Ok(())
}

/// Tests of whole commands in one process have nobody to read it.
fn output() -> impl Write {
    #[cfg(test)]
    return std::io::sink();
    #[cfg(not(test))]
    std::io::stdout()
}

/// One JSON document.
pub(super) fn print_json(value: &Value) -> CliResult<()> {
    print(&serde_json::to_string_pretty(value).map_err(Failure::tool)?)
}
