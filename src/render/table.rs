//! The live table: a header with the counts, then the members that matter, in no more lines than there are rows.

use jiff::Timestamp;

use super::bar::bar;
use super::summary::cause_line;
use super::text::pad;
use super::waiting::limit_words;
use super::{Style, human, show, truncate, until, width};
use crate::group::{Group, Member, Phase};

/// The phases that have rows, in order; the others are only counted.
const ROWS: [Phase; 7] = [
    Phase::Failed,
    Phase::Refused,
    Phase::Gone,
    Phase::BackingOff,
    Phase::Running,
    Phase::Pending,
    Phase::Suspended,
];
const BAR_MAX: usize = 30;
const ITEM_MAX: usize = 40;
const PHASE_COLUMNS: usize = 11;
const TIME_COLUMNS: usize = 6;

/// Everything that a frame shows.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The model.
    pub group: &'a Group,
    /// The group's name, or what was asked for.
    pub title: &'a str,
    /// The namespace, or `local`.
    pub place: &'a str,
    /// When the command began to look.
    pub began: Timestamp,
    /// The time of the frame.
    pub now: Timestamp,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// How to draw.
    pub style: Style,
}

/// The lines of one frame: fewer than the terminal has rows, and narrower than its columns.
pub fn frame(view: View<'_>) -> Vec<String> {
    let columns = usize::from(view.size.0).saturating_sub(1);
    // One row for the cursor, one for the header.
    let room = usize::from(view.size.1).saturating_sub(2);
    let mut lines = vec![header(view, columns)];
    let limit = view.group.limit(view.now).filter(|_| room > 4);
    let limit = limit.map(|limit| format!("limited by: {}", limit_words(limit)));
    let waits = cause_line(view.group, Phase::Pending, view.style).filter(|_| room > 3);
    let notes = limit.into_iter().chain(waits);
    lines.extend(notes.map(|note| view.style.dim(&truncate(&note, columns))));
    let room = room + 1 - lines.len();
    let tally = view.group.tally();
    let count: usize = ROWS.iter().map(|phase| tally.of(*phase)).sum();
    let shown = if count > room {
        room.saturating_sub(1)
    } else {
        count
    };
    let rows = choose(view.group, shown);
    let items: Vec<String> = rows
        .iter()
        .map(|member| show(&member.item).into_owned())
        .collect();
    let widest = items
        .iter()
        .map(|item| width(item))
        .max()
        .unwrap_or(0)
        .min(ITEM_MAX);
    for (member, item) in rows.iter().zip(&items) {
        lines.push(row(
            member,
            &pad(&truncate(item, widest), widest),
            view,
            columns,
        ));
    }
    if count > shown && room > 0 {
        let more = format!("  … and {} more", count - shown);
        lines.push(view.style.dim(&truncate(&more, columns)));
    }
    lines
}

/// One line that says how far the group is.
pub fn progress_line(view: View<'_>) -> String {
    let tally = view.group.tally();
    let eta = view.group.eta().map(|eta| format!(", ETA ~{}", human(eta)));
    let limit = view.group.limit(view.now);
    let limit = limit.map(|limit| format!(", limited by {}", limit_words(limit)));
    let elapsed = human(view.now.duration_since(view.began));
    let title = show(view.title);
    let words = view.group.verdict().words();
    format!(
        "{title}: {}/{} done after {elapsed}{}{}: {words}",
        tally.done(),
        tally.total(),
        eta.unwrap_or_default(),
        limit.unwrap_or_default()
    )
}

/// The members to show: what ended badly gets at most half of the room while others have something to show.
fn choose(group: &Group, room: usize) -> Vec<&Member> {
    let of = |phases: &'static [Phase]| phases.iter().flat_map(|phase| group.in_phase(*phase));
    let (bad, active) = ROWS.split_at(3);
    let active_count: usize = active.iter().map(|phase| group.tally().of(*phase)).sum();
    let bad_room = room.saturating_sub(active_count).max(room / 2);
    let (bad, active): (&'static [Phase], &'static [Phase]) =
        (&ROWS[..bad.len()], &ROWS[bad.len()..]);
    let mut rows: Vec<&Member> = of(bad).take(bad_room).collect();
    let left = room - rows.len();
    rows.extend(of(active).take(left));
    rows
}

fn header(view: View<'_>, columns: usize) -> String {
    let (style, tally) = (view.style, view.group.tally());
    let dot = style.dot();
    let (title, place) = (show(view.title), show(view.place));
    let elapsed = view.now.duration_since(view.began);
    let counted = [
        Phase::Running,
        Phase::Failed,
        Phase::Refused,
        Phase::Gone,
        Phase::BackingOff,
        Phase::Pending,
        Phase::Suspended,
    ];
    let counts: Vec<(Phase, String)> = counted
        .into_iter()
        .map(|phase| (phase, tally.of(phase)))
        .filter(|(phase, count)| *count > 0 || matches!(phase, Phase::Running | Phase::Failed))
        .map(|(phase, count)| (phase, format!("{count} {}", phase.word())))
        .collect();
    let plain: Vec<&str> = counts.iter().map(|(_, words)| words.as_str()).collect();
    let plain = plain.join(dot);
    let eta = view
        .group
        .eta()
        .map(|eta| format!("{dot}ETA ~{}", human(eta)));
    let front = format!("{title}{dot}{place}{dot}{}/{}", tally.done(), tally.total());
    let back = format!("{}{}", human(elapsed), eta.unwrap_or_default());
    // Two for the brackets, two blanks, and a dot before the times.
    let fixed = width(&front) + width(&plain) + width(&back) + width(dot) + 4;
    let room = columns.saturating_sub(fixed).min(BAR_MAX);
    if room < 4 {
        let line = format!("{front} {plain}{dot}{back}");
        return truncate(&line, columns).into_owned();
    }
    let bar = bar(
        tally.of(Phase::Succeeded),
        tally.bad(),
        tally.total(),
        room,
        style,
    );
    let painted: Vec<String> = counts
        .iter()
        .map(|(phase, words)| {
            if tally.of(*phase) > 0 {
                style.paint(*phase, words)
            } else {
                words.clone()
            }
        })
        .collect();
    format!(
        "{}{dot}{place}{dot}{}/{} [{bar}] {}{dot}{back}",
        style.bold(&title),
        tally.done(),
        tally.total(),
        painted.join(dot),
    )
}

fn row(member: &Member, item: &str, view: View<'_>, columns: usize) -> String {
    let (style, state) = (view.style, &member.state);
    let phase = pad(state.phase.word(), PHASE_COLUMNS);
    let time = pad(&time(member, view.now), TIME_COLUMNS);
    let details = details(member, view.now, style);
    let front = format!("{} {item}  {phase}  {time}  ", style.mark(state.phase));
    let room = columns.saturating_sub(width(&front));
    if room == 0 {
        return truncate(&front, columns).into_owned();
    }
    let line = format!(
        "{} {item}  {}  {time}  {}",
        style.paint(state.phase, style.mark(state.phase)),
        style.paint(state.phase, &phase),
        truncate(&details, room)
    );
    line.trim_end().to_owned()
}

fn time(member: &Member, now: Timestamp) -> String {
    let running = || Some(now.duration_since(member.state.since?));
    match member.state.phase {
        Phase::Refused | Phase::Gone | Phase::Waiting | Phase::Suspended => String::new(),
        _ => member
            .ran_for
            .or_else(running)
            .map(human)
            .unwrap_or_default(),
    }
}

fn details(member: &Member, now: Timestamp, style: Style) -> String {
    let state = &member.state;
    let mut parts: Vec<String> = Vec::new();
    if let Some(reason) = &state.reason {
        let stuck = if state.stuck { " (will not start)" } else { "" };
        parts.push(format!("{}{stuck}", show(reason)));
    }
    let another = !state.phase.is_final() && state.failures > 0 && state.failures < state.tries_max;
    if another {
        let next = state.failures.saturating_add(1);
        parts.push(match state.next_try {
            Some(due) => format!("try {next} of {} in {}", state.tries_max, until(due, now)),
            None => format!("try {next} of {}", state.tries_max),
        });
    }
    if let Some(deadline) = state.deadline {
        parts.push(format!("deadline in {}", until(deadline, now)));
    }
    if let Some(lag) = member.lag(now) {
        parts.push(format!("the Job controller is {} behind", human(lag)));
    }
    parts.join(style.dot())
}

#[cfg(test)]
#[path = "table/tests.rs"]
mod tests;
