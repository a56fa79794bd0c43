//! Data on standard output.

use std::io::{IsTerminal, Write};

use serde_json::Value;

use super::{CliResult, Failure};
use crate::render;

/// A line, or several: as they are for a program, and shown instead of obeyed for a terminal.
pub(super) fn print(text: &str) -> CliResult<()> {
    let text = if std::io::stdout().is_terminal() {
        render::show_document(text)
    } else {
        text.into()
    };
    writeln!(output(), "{text}")?;
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
    print(&render::show_json(
        &serde_json::to_string_pretty(value).map_err(Failure::tool)?,
    ))
}
