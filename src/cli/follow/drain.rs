//! The end of a group: what its members wrote is read to the end, as far as it has one.

use std::time::Duration;

use tokio::time::Instant;

use super::outputs::Rest;
use super::{LogMode, Loop};
use crate::cli::{CliResult, Failure};
use crate::render;
use crate::terminal::Signals;

/// Output that says nothing for so long is not waited for.
const SILENCE: Duration = Duration::from_secs(5);
/// Outputs of which none ends in so long are not waited for: a container may outlive its Job, and write on.
const ENDLESS: Duration = Duration::from_secs(300);

/// How long the rest is waited for.
struct Patience {
    is_over: bool,
    end: Instant,
}

/// Outputs that were not shown to their end.
#[derive(Default)]
struct Lost {
    count: usize,
    /// One of them, and why.
    example: Option<String>,
}

impl Loop<'_, '_> {
    /// Shows the rest of all outputs, also of those that wait for a place still; a signal ends it.
    ///
    /// Where the group has not ended, its outputs do not either, and only what is on its way is taken.
    pub(super) async fn drain(&mut self) -> CliResult<()> {
        let mut signals = Signals::new()
            .map_err(|error| Failure::tool(format!("cannot take signals: {error}")))?;
        let mut patience = Patience::new(self.is_over(), Instant::now());
        let mut lost = Lost::default();
        loop {
            tokio::select! {
                biased;
                () = signals.next() => break,
                // Before the output: one that is always there would never let the limit come.
                () = tokio::time::sleep_until(patience.end(Instant::now())) => break,
                rest = self.outputs.next_of_rest() => match rest {
                    Some(Rest::Line(line)) => self.output(line)?,
                    Some(Rest::Ended(read)) => {
                        patience.renew(Instant::now());
                        lost.add(read);
                    }
                    None => break,
                },
            }
        }
        if self.is_over() && self.follow.logs == LogMode::All {
            lost.count += self.outputs.unread();
            self.tell(&lost)?;
        }
        self.outputs.stop();
        Ok(())
    }

    fn tell(&mut self, lost: &Lost) -> CliResult<()> {
        if lost.count == 0 {
            return Ok(());
        }
        let outputs = render::counted(lost.count, "output");
        let were = if lost.count == 1 { "was" } else { "were" };
        let example = lost.example.as_deref().map(|one| format!(" ({one})"));
        let example = example.unwrap_or_default();
        self.screen.note(&format!(
            "{outputs} {were} not read to the end{example}: kubectl batch logs reads what is there still"
        ))?;
        Ok(())
    }
}

impl Patience {
    fn new(is_over: bool, now: Instant) -> Self {
        let end = now + if is_over { ENDLESS } else { SILENCE };
        Self { is_over, end }
    }

    /// An output ended, which makes place for the next one.
    fn renew(&mut self, now: Instant) {
        if self.is_over {
            self.end = now + ENDLESS;
        }
    }

    /// The end, if nothing comes from now on.
    fn end(&self, now: Instant) -> Instant {
        self.end.min(now + SILENCE)
    }
}

impl Lost {
    fn add(&mut self, read: Result<(), String>) {
        if let Err(why) = read {
            tracing::debug!(why, "no output");
            self.count += 1;
            self.example.get_or_insert(why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_ends_it_and_so_does_one_that_writes_on() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut patience = Patience::new(true, start);
        assert_eq!(patience.end(start), after(5));
        assert_eq!(patience.end(after(200)), after(205), "a line came");
        assert_eq!(patience.end(after(299)), after(300), "lines, but no end");
        patience.renew(after(299));
        assert_eq!(patience.end(after(299)), after(304), "the next one's turn");
        assert_eq!(patience.end(after(598)), after(599));
    }

    #[test]
    fn what_goes_on_is_not_waited_for() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut patience = Patience::new(false, start);
        assert_eq!(patience.end(after(4)), after(5));
        patience.renew(after(4));
        assert_eq!(patience.end(after(4)), after(5), "another Pod ended");
    }
}
