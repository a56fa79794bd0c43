//! Colours and symbols as a value; nothing is said by colour alone.

use anstyle::{AnsiColor, Style as Ansi};

use crate::group::Phase;

/// How to draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Escape codes for colours may be used.
    pub colour: bool,
    /// Only ASCII characters may be used.
    pub ascii: bool,
}

impl Style {
    /// The mark of a phase, one column wide.
    pub fn mark(self, phase: Phase) -> &'static str {
        let (mark, ascii) = match phase {
            Phase::Failed | Phase::Refused => ("✗", "x"),
            Phase::Gone => ("?", "?"),
            Phase::BackingOff => ("↻", "~"),
            Phase::Running => ("▸", ">"),
            Phase::Pending | Phase::Waiting => ("·", "."),
            Phase::Suspended => ("‖", "="),
            Phase::Succeeded => ("✓", "+"),
        };
        if self.ascii { ascii } else { mark }
    }

    /// A text in the colour of a phase.
    pub fn paint(self, phase: Phase, text: &str) -> String {
        let colour = match phase {
            Phase::Failed | Phase::Refused | Phase::Gone => AnsiColor::Red,
            Phase::BackingOff | Phase::Suspended => AnsiColor::Yellow,
            Phase::Running => AnsiColor::Cyan,
            Phase::Succeeded => AnsiColor::Green,
            Phase::Pending | Phase::Waiting => return self.dim(text),
        };
        self.with(colour.on_default(), text)
    }

    /// A text that stands out.
    pub fn bold(self, text: &str) -> String {
        self.with(Ansi::new().bold(), text)
    }

    /// A text that stands back.
    pub fn dim(self, text: &str) -> String {
        self.with(Ansi::new().dimmed(), text)
    }

    /// Between the parts of a line.
    pub(super) fn dot(self) -> &'static str {
        if self.ascii { " - " } else { " · " }
    }

    fn with(self, style: Ansi, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_there_are_no_escape_codes_and_with_ascii_no_other_characters() {
        let plain = Style {
            colour: false,
            ascii: true,
        };
        for phase in Phase::ALL {
            assert!(plain.mark(phase).is_ascii());
            assert_eq!(plain.paint(phase, "x"), "x");
        }
        let coloured = Style {
            colour: true,
            ascii: false,
        };
        assert_eq!(coloured.paint(Phase::Failed, "x"), "\x1b[31mx\x1b[0m");
    }
}
