//! A change as one plain line, for pipes and CI logs.

use jiff::Timestamp;

use super::{human, show, until};
use crate::group::{Change, Phase, Tally, What};

/// `apple: succeeded (5s)`; what ends a member carries the count of those that ended.
pub fn change_line(change: &Change, tally: Tally, now: Timestamp) -> String {
    let item = show(&change.item);
    match &change.what {
        What::Created => format!("{item}: created"),
        What::Unchanged => format!("{item}: unchanged"),
        What::Phase {
            to,
            reason,
            ran_for,
            ..
        } => {
            let time = ran_for
                .map(|time| format!(" ({})", human(time)))
                .unwrap_or_default();
            // Why it runs is for the table: whether a Pod was seen before its end is chance.
            let why = reason
                .as_deref()
                .filter(|_| *to != Phase::Running)
                .map(|why| format!(": {}", show(why)))
                .unwrap_or_default();
            let count = if to.is_final() {
                format!(" [{}/{}]", tally.done(), tally.total())
            } else {
                String::new()
            };
            format!("{item}: {}{why}{time}{count}", to.word())
        }
        What::TryFailed {
            failures,
            tries_max,
            reason,
            next_try,
        } => {
            let next = next_try.map(|due| format!(", next try in {}", until(due, now)));
            format!(
                "{item}: try {failures} of {tries_max} failed: {}{}",
                show(reason),
                next.unwrap_or_default()
            )
        }
        What::Waits { reason, stuck, .. } => {
            let stuck = if *stuck { " (will not start)" } else { "" };
            format!("{item}: waits: {}{stuck}", show(reason))
        }
    }
}

/// Whether a change is told above a live table: what went wrong, and nothing else.
pub fn is_alarm(change: &Change) -> bool {
    match &change.what {
        What::TryFailed { .. } => true,
        // Once for each cause: the table counts the others.
        What::Waits { is_new, .. } => *is_new,
        What::Phase { to, .. } => matches!(to, Phase::Failed | Phase::Refused | Phase::Gone),
        What::Created | What::Unchanged => false,
    }
}

/// The phase in whose colour an alarm is told.
pub fn alarm_phase(change: &Change) -> Phase {
    match change.what {
        What::Phase { to, .. } => to,
        What::TryFailed { .. } => Phase::BackingOff,
        _ => Phase::Failed,
    }
}

/// Whether a change is worth a line of its own: the phases between two tries follow from the line of the failed try.
pub fn is_news(change: &Change) -> bool {
    !matches!(
        change.what,
        What::Phase {
            to: Phase::BackingOff | Phase::Pending | Phase::Waiting,
            ..
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::{Group, Observation, Place};
    use jiff::SignedDuration;

    fn place() -> Place {
        Place {
            namespace: "default".into(),
            name: "p-apple".into(),
        }
    }

    #[test]
    fn one_line_says_what_why_and_how_long() {
        let mut group = Group::default();
        group.expect(place(), "apple".into(), 0);
        group.handle(
            Timestamp::UNIX_EPOCH,
            Observation::Refused(place(), "no".into()),
        );
        let phase = |to, reason: Option<&str>, secs: Option<i64>| What::Phase {
            from: Phase::Pending,
            to,
            reason: reason.map(str::to_owned),
            ran_for: secs.map(SignedDuration::from_secs),
        };
        let due = Timestamp::from_second(10).ok();
        let lines: Vec<String> = [
            What::Created,
            phase(Phase::Running, None, None),
            phase(Phase::Succeeded, None, Some(5)),
            phase(Phase::Failed, Some("exit 3 (7 tries)\x1b[2J"), None),
            What::TryFailed {
                failures: 1,
                tries_max: 7,
                reason: "exit 3".into(),
                next_try: due,
            },
            What::Waits {
                reason: "ImagePullBackOff x:1".into(),
                stuck: true,
                is_new: true,
            },
        ]
        .into_iter()
        .map(|what| {
            let change = Change {
                at: Timestamp::UNIX_EPOCH,
                item: "apple".into(),
                place: place(),
                what,
            };
            change_line(&change, group.tally(), Timestamp::UNIX_EPOCH)
        })
        .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        apple: created
        apple: running
        apple: succeeded (5s) [1/1]
        apple: failed: exit 3 (7 tries)^[[2J [1/1]
        apple: try 1 of 7 failed: exit 3, next try in 10s
        apple: waits: ImagePullBackOff x:1 (will not start)
        ");
    }
}
