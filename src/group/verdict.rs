//! What became of a group.

use super::phase::Phase;
use super::tally::Tally;

/// What became of a group, and the exit code that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How many members ended how.
    pub tally: Tally,
}

impl Verdict {
    /// Whether every member succeeded.
    pub fn is_success(&self) -> bool {
        self.tally.of(Phase::Succeeded) == self.tally.total()
    }

    /// 0 if all members succeeded, else 3.
    pub fn exit_code(&self) -> u8 {
        if self.is_success() { 0 } else { 3 }
    }

    /// `3 succeeded`, `2 succeeded, 1 failed`; the numbers add up to the group's size.
    pub fn words(&self) -> String {
        let shown = [
            (Phase::Succeeded, "succeeded"),
            (Phase::Failed, "failed"),
            (Phase::Refused, "refused"),
            (Phase::Gone, "gone before anybody saw them end"),
            (Phase::Running, "running"),
            (Phase::BackingOff, "backing off"),
            (Phase::Pending, "pending"),
            (Phase::Suspended, "suspended"),
            (Phase::Waiting, "not created"),
        ];
        let parts: Vec<String> = shown
            .iter()
            .map(|(phase, word)| (self.tally.of(*phase), word))
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(phases: &[Phase]) -> Verdict {
        let mut tally = Tally::default();
        for phase in phases {
            tally.add(*phase);
        }
        Verdict { tally }
    }

    #[test]
    fn only_success_of_all_is_success() {
        use Phase::{Failed, Gone, Succeeded, Suspended, Waiting};
        for (phases, code, words) in [
            (vec![Succeeded, Succeeded], 0, "2 succeeded"),
            (vec![Failed, Succeeded], 3, "1 succeeded, 1 failed"),
            (vec![Gone], 3, "1 gone before anybody saw them end"),
            (vec![Succeeded, Waiting], 3, "1 succeeded, 1 not created"),
            (vec![Suspended], 3, "1 suspended"),
        ] {
            let verdict = verdict(&phases);
            assert_eq!(
                (verdict.exit_code(), verdict.words().as_str()),
                (code, words)
            );
        }
    }
}
