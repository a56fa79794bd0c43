//! Durations as kubectl shows ages (`apimachinery/pkg/util/duration`, `HumanDuration`): two or three significant figures.

use jiff::{SignedDuration, Timestamp};

/// `5s`, `2m5s`, `12m`, `3h20m`, `27h`, `3d4h`, `40d`, `2y3d`, `9y`; less than nothing is `0s`.
pub fn human(time: SignedDuration) -> String {
    let seconds = time.as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let two = |first: i64, unit: &str, rest: i64, small: &str| {
        if rest == 0 {
            format!("{first}{unit}")
        } else {
            format!("{first}{unit}{rest}{small}")
        }
    };
    match seconds {
        ..120 => format!("{seconds}s"),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

/// How long it is until an instant, rounded up: `0s` only when it has come.
pub fn until(due: Timestamp, now: Timestamp) -> String {
    let nearly = SignedDuration::from_millis(999);
    human(due.duration_since(now).saturating_add(nearly))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_two_or_three_figures() {
        for (seconds, words) in [
            (-5, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (600, "10m"),
            (3661, "61m"),
            (10_860, "3h1m"),
            (100_000, "27h"),
            (180_000, "2d2h"),
            (1_000_000, "11d"),
            (64_000_000, "2y10d"),
            (300_000_000, "9y"),
        ] {
            assert_eq!(
                human(SignedDuration::from_secs(seconds)),
                words,
                "{seconds}"
            );
        }
    }
}
