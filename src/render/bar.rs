//! A bar of so many columns that says how much is done, and how much of that badly.

use super::Style;
use crate::group::Phase;

/// A bar: done, done badly, and left, of a total.
pub(super) fn bar(good: usize, bad: usize, total: usize, columns: usize, style: Style) -> String {
    let columns_of = |count: usize| {
        // Something is never shown as nothing, and less than all is never shown as all.
        let exact = (count * columns).checked_div(total).unwrap_or(0);
        if count > 0 { exact.max(1) } else { 0 }
    };
    let bad_columns = columns_of(bad).min(columns);
    let done = columns_of(good + bad).min(columns);
    let done = if good + bad < total {
        done.min(columns.saturating_sub(1))
    } else {
        done
    };
    let good_columns = done.saturating_sub(bad_columns);
    let (full, empty, wrong) = if style.ascii {
        ("#", ".", "x")
    } else {
        ("█", "░", "▓")
    };
    let left = columns.saturating_sub(good_columns + bad_columns);
    format!(
        "{}{}{}",
        style.paint(Phase::Succeeded, &full.repeat(good_columns)),
        style.paint(Phase::Failed, &wrong.repeat(bad_columns)),
        style.dim(&empty.repeat(left)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_full_only_when_all_is_done() {
        let style = Style {
            colour: false,
            ascii: true,
        };
        for (good, bad, total, drawn) in [
            (0, 0, 3, ".........."),
            (1, 0, 3, "###......."),
            (1, 1, 1000, "x........."),
            (999, 0, 1000, "#########."),
            (2, 1, 3, "#######xxx"),
            (0, 0, 0, ".........."),
        ] {
            assert_eq!(
                bar(good, bad, total, 10, style),
                drawn,
                "{good} {bad} {total}"
            );
        }
    }
}
