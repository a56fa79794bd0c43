//! The last words about a group: what failed and why, and the verdict.

use jiff::SignedDuration;

use super::text::pad;
use super::{Style, human, show, truncate, width};
use crate::group::{Group, Member, Phase};

/// Failures that are named one by one.
const NAMED_MAX: usize = 20;
/// The widest column of items.
const ITEM_MAX: usize = 40;
/// Causes that are named one by one.
const CAUSES_MAX: usize = 5;
/// Characters of a last line that are shown.
const LINE_MAX: usize = 60;

/// The members that ended badly, then one line with the verdict.
pub fn summary(group: &Group, title: &str, took: SignedDuration, style: Style) -> Vec<String> {
    let bad: Vec<&Member> = [Phase::Failed, Phase::Refused, Phase::Gone]
        .into_iter()
        .flat_map(|phase| group.in_phase(phase))
        .collect();
    let shown = |member: &Member| truncate(&show(&member.item), ITEM_MAX).into_owned();
    let column = bad
        .iter()
        .take(NAMED_MAX)
        .map(|member| width(&shown(member)))
        .max()
        .unwrap_or(0);
    let mut lines: Vec<String> = bad
        .iter()
        .take(NAMED_MAX)
        .map(|member| {
            let phase = member.state.phase;
            let why = member.state.reason.as_deref().unwrap_or("");
            let mark = style.paint(phase, style.mark(phase));
            let line = format!(
                "{mark} {}  {}  {}",
                pad(&shown(member), column),
                phase.word(),
                show(why)
            );
            line.trim_end().to_owned()
        })
        .collect();
    if bad.len() > NAMED_MAX {
        lines.push(format!("  and {} more", count(bad.len() - NAMED_MAX)));
    }
    if bad.len() > 1 {
        lines.extend(cause_line(group, Phase::Failed, style));
    }
    lines.extend(cause_line(group, Phase::Pending, style));
    let verdict = group.verdict();
    let phase = if verdict.is_success() {
        Phase::Succeeded
    } else {
        Phase::Failed
    };
    lines.push(format!(
        "{} {}: {} in {}",
        style.paint(phase, style.mark(phase)),
        style.bold(&show(title)),
        verdict.words(),
        human(took),
    ));
    lines
}

/// `1,204 failed, 3 causes: 1,150 × exit 2 "no such bucket", 52 × OOMKilled, 2 × Evicted`; nothing if no cause is known.
pub fn cause_line(group: &Group, phase: Phase, style: Style) -> Option<String> {
    let causes = group.causes(phase, CAUSES_MAX);
    let total = group.tally().of(phase);
    let by = if style.ascii { "x" } else { "×" };
    let named: Vec<String> = causes
        .named
        .iter()
        .map(|cause| {
            let line = cause.last_line.as_deref().map(|line| {
                let shown = show(line.trim()).into_owned();
                format!(" \"{}\"", truncate(&shown, LINE_MAX))
            });
            let stuck = if cause.stuck { " (will not start)" } else { "" };
            format!(
                "{} {by} {}{}{stuck}",
                count(cause.count),
                show(&cause.words),
                line.unwrap_or_default()
            )
        })
        .collect();
    if named.is_empty() {
        return None;
    }
    let more = causes.count - named.len();
    let more = if more > 0 {
        format!(", and {more} more")
    } else {
        String::new()
    };
    let how_many = match causes.count {
        1 => "1 cause".to_owned(),
        many => format!("{many} causes"),
    };
    Some(format!(
        "{} {}, {how_many}: {}{more}",
        count(total),
        phase.word(),
        named.join(", ")
    ))
}

/// A number with its thousands divided: `1,204`.
fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
#[path = "summary/tests.rs"]
mod tests;
