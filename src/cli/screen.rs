//! What a person or a program sees while a command runs: a live table, plain lines, JSON events, or nothing.

#![expect(
    clippy::disallowed_methods,
    reason = "the environment says how to draw"
)]

use std::io::{IsTerminal, Stderr, Write};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::Global;
use super::reports::Reports;
use crate::group::{Change, Group, What};
use crate::render::{self, Style, View};
use crate::terminal::{self, Live};

/// The longest silence of the plain lines.
const HEARTBEAT: SignedDuration = SignedDuration::from_secs(30);

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Progress {
    /// Live in a terminal, else plain
    Auto,
    /// A table that is redrawn
    Live,
    /// A line for each change
    Plain,
    /// A JSON object for each change, on standard output
    Json,
    /// The verdict only
    Verdict,
    /// Nothing
    None,
}

/// What is shown besides changes: the group's name, its place, and when the command began.
#[derive(Clone, Debug)]
pub(super) struct Caption {
    pub(super) title: String,
    pub(super) place: String,
    pub(super) began: Timestamp,
}

enum Mode {
    Live(Live<Stderr>),
    Plain,
    Json,
    Verdict,
    None,
}

/// The way to the terminal and to standard output.
pub(super) struct Screen {
    mode: Mode,
    style: Style,
    caption: Caption,
    shares_terminal: bool,
    last_told: Timestamp,
    reports: Reports,
}

/// Whether standard error is a terminal that is redrawn without harm.
fn is_live() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    std::io::stderr().is_terminal() && !dumb && !set("CI")
}

/// Colours and characters for a stream.
pub(super) fn style(global: &Global, is_terminal: bool) -> Style {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let colour = match global.color {
        When::Always => true,
        When::Never => false,
        When::Auto => set("CLICOLOR_FORCE") || (is_terminal && !dumb && !set("NO_COLOR")),
    };
    Style {
        colour,
        ascii: global.ascii,
    }
}

impl Screen {
    pub(super) fn new(progress: Progress, caption: Caption, global: &Global) -> Self {
        if !cfg!(test) {
            terminal::put_back_on_panic();
        }
        let mode = match progress {
            Progress::Live => Mode::Live(Live::new(std::io::stderr())),
            Progress::Auto if is_live() => Mode::Live(Live::new(std::io::stderr())),
            Progress::Auto | Progress::Plain => Mode::Plain,
            Progress::Json => Mode::Json,
            Progress::Verdict => Mode::Verdict,
            Progress::None => Mode::None,
        };
        Self {
            mode,
            style: style(global, std::io::stderr().is_terminal()),
            last_told: caption.began,
            caption,
            shares_terminal: std::io::stdout().is_terminal(),
            reports: Reports::default(),
        }
    }

    /// What happens is written to these files, too.
    pub(super) fn with_reports(self, reports: Reports) -> Self {
        Self { reports, ..self }
    }

    /// Whether frames are drawn.
    pub(super) fn is_drawn(&self) -> bool {
        matches!(self.mode, Mode::Live(_))
    }

    /// A member changed.
    pub(super) fn change(&mut self, change: &Change, group: &Group) -> std::io::Result<()> {
        #[cfg(all(test, unix))]
        super::storm::witness(change, group);
        let ended = matches!(change.what, What::Phase { to, .. } if to.is_final());
        if let Some(member) = group.member(&change.place).filter(|_| ended) {
            self.reports.ended(member)?;
        }
        let words = || render::change_line(change, group.tally(), change.at);
        match &mut self.mode {
            Mode::Live(live) if render::is_alarm(change) => {
                let phase = render::alarm_phase(change);
                let mark = self.style.paint(phase, self.style.mark(phase));
                live.print_above(&[fit(&format!("{mark} {}", words()))])
            }
            Mode::Plain if render::is_news(change) => {
                self.last_told = change.at;
                writeln!(std::io::stderr(), "{}", words())
            }
            Mode::Json => print_json(&render::change_event(&self.caption.title, change)),
            _ => Ok(()),
        }
    }

    /// A line that a member's container wrote; with the item in front, if there is one.
    pub(super) fn output(
        &mut self,
        item: Option<&str>,
        pod: &str,
        text: &str,
    ) -> std::io::Result<()> {
        match &mut self.mode {
            Mode::Json => print_json(&render::output_event(
                &self.caption.title,
                item.unwrap_or_default(),
                pod,
                text,
            )),
            Mode::Live(live) if self.shares_terminal => {
                live.print_above(&[fit(&output_line(item, text, true))])
            }
            _ => {
                let line = output_line(item, text, self.shares_terminal);
                writeln!(std::io::stdout(), "{line}")
            }
        }
    }

    /// Something to tell a person.
    pub(super) fn note(&mut self, text: &str) -> std::io::Result<()> {
        match &mut self.mode {
            Mode::Live(live) => live.print_above(&[fit(&render::show(text))]),
            _ => writeln!(talk(), "{}", render::show(text)),
        }
    }

    /// Tells how far the group is, if nothing was told for a while: a CI log that stands still looks dead.
    pub(super) fn heartbeat(&mut self, group: &Group, now: Timestamp) -> std::io::Result<()> {
        if !matches!(self.mode, Mode::Plain) || now.duration_since(self.last_told) < HEARTBEAT {
            return Ok(());
        }
        self.last_told = now;
        let view = self.view(group, now, (u16::MAX, 1));
        writeln!(std::io::stderr(), "{}", render::progress_line(view))
    }

    fn view<'a>(&'a self, group: &'a Group, now: Timestamp, size: (u16, u16)) -> View<'a> {
        View {
            group,
            title: &self.caption.title,
            place: &self.caption.place,
            began: self.caption.began,
            now,
            size,
            style: self.style,
        }
    }

    /// Draws the table, if there is one.
    pub(super) fn draw(&mut self, group: &Group, now: Timestamp) -> std::io::Result<()> {
        let size = terminal::size().unwrap_or((80, 24));
        let lines = self
            .is_drawn()
            .then(|| render::frame(self.view(group, now, size)));
        match (&mut self.mode, lines) {
            (Mode::Live(live), Some(lines)) => live.draw(lines),
            _ => Ok(()),
        }
    }

    /// Puts the terminal back for whoever has it next; the next frame is drawn below.
    pub(super) fn let_go(&mut self) -> std::io::Result<()> {
        match &mut self.mode {
            Mode::Live(live) => live.let_go(),
            _ => Ok(()),
        }
    }

    /// Takes the table away and says how the group ended.
    pub(super) fn finish(
        &mut self,
        group: &Group,
        now: Timestamp,
        code: u8,
    ) -> std::io::Result<()> {
        if let Mode::Live(live) = &mut self.mode {
            live.clear()?;
        }
        std::mem::take(&mut self.reports).finish(&self.caption.title, group)?;
        let took = now.duration_since(self.caption.began);
        match &self.mode {
            Mode::Json => print_json(&render::verdict_event(
                &self.caption.title,
                group.verdict(),
                code,
                now,
            )),
            Mode::None => Ok(()),
            Mode::Live(_) | Mode::Plain | Mode::Verdict => {
                let lines = render::summary(group, &self.caption.title, took, self.style);
                writeln!(std::io::stderr(), "{}", lines.join("\n"))
            }
        }
    }
}

/// A line cut to the terminal, so that one line stays one row.
fn fit(line: &str) -> String {
    let columns = terminal::size().map_or(usize::MAX, |(columns, _)| {
        usize::from(columns).saturating_sub(1)
    });
    render::fit(line, columns)
}

fn print_json(event: &Value) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", render::show_json(&event.to_string()))?;
    out.flush()
}

/// A line of output with its item: as it is for a program, and shown instead of obeyed for a terminal.
pub(super) fn output_line(item: Option<&str>, line: &str, on_terminal: bool) -> String {
    // The item is ours to print, and stays one part of one line.
    let item = item.map_or_else(String::new, |item| format!("{} | ", render::show(item)));
    if on_terminal {
        item + &render::show_line(line)
    } else {
        item + line
    }
}

/// Whether standard output is a terminal.
pub(super) fn on_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// A warning, on standard error.
pub(super) fn warn(text: &str) {
    say(&format!("warning: {text}"));
}

/// Something to tell a person, on standard error.
pub(super) fn say(text: &str) {
    // When standard error is gone there is nobody to tell.
    let _ = writeln!(talk(), "{}", render::show_lines(text));
}

/// Tests of whole commands in one process have nobody to talk to.
fn talk() -> impl Write {
    #[cfg(test)]
    return std::io::sink();
    #[cfg(not(test))]
    std::io::stderr()
}
