//! The last words about a group: what failed and why, and the verdict.

use jiff::SignedDuration;

use super::text::pad;
use super::{Style, human, show, truncate, width};
use crate::group::{Group, Member, Phase};

/// Failures that are named one by one.
const NAMED_MAX: usize = 20;
/// The widest column of items.
const ITEM_MAX: usize = 40;

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
        lines.push(format!("  and {} more", bad.len() - NAMED_MAX));
    }
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
