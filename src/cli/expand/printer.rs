//! What was expanded goes to standard output, its names checked.

use std::io::StdoutLock;

use super::Output;
use super::chunk::Made;
use super::held::{self, Held};
use crate::cli::{CliResult, input};
use crate::template::Names;

/// Prints what items give, in the order of the list.
pub(super) struct Printer {
    output: Output,
    out: Held<StdoutLock<'static>>,
    names: Names,
    is_open: bool,
}

impl Printer {
    /// Prints to standard output.
    pub(super) fn new(output: Output) -> Self {
        Self {
            output,
            out: Held::new(held::stdout()),
            names: Names::new(input::in_file),
            is_open: false,
        }
    }

    /// Takes what the next items give.
    pub(super) fn print(&mut self, made: &Made) -> CliResult<()> {
        self.names.take_claims(&made.claims, &made.items)?;
        let mut text = made.text.as_slice();
        if self.output == Output::Json && !self.is_open && !text.is_empty() {
            // The first object follows no comma.
            let opens = br#"{"apiVersion":"v1","kind":"List","metadata":{},"items":["#;
            self.out.push(opens)?;
            text = text.strip_prefix(b",").unwrap_or(text);
            self.is_open = true;
        }
        self.out.push(text)?;
        Ok(())
    }

    /// The end of the list.
    pub(super) fn finish(mut self) -> CliResult {
        if self.output == Output::Json {
            self.out
                .push(if self.is_open { b"\n]}\n" } else { b"{}" })?;
        }
        self.out.finish()?;
        Ok(0)
    }
}
