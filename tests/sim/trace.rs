//! What happened, line by line; the last lines are shown when a run fails, and all of them decide whether two runs are one.

use std::time::Duration;

/// Lines kept.
const KEPT: usize = 20_000;

/// The lines of one run.
#[derive(Default)]
pub(crate) struct Trace {
    lines: Vec<String>,
}

impl Trace {
    pub(crate) fn note(&mut self, at: Duration, line: &str) {
        if self.lines.len() < KEPT {
            self.lines
                .push(format!("{:>10.3} {line}", at.as_secs_f64()));
        }
    }

    pub(crate) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }
}
