//! Times as kubectl's flags take them: whole or broken seconds, or what Go's `time.ParseDuration` reads.

use std::time::Duration;

/// `30`, `1.5s`, `1m30s`, `250ms`; `None` if it is not a time, or below zero.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '.');
    if is_number(text) {
        return Duration::try_from_secs_f64(text.parse().ok()?).ok();
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let split = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(split);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.');
        let (unit, next) = after.split_at(end.unwrap_or(after.len()));
        let seconds = number.parse::<f64>().ok()? * seconds_in(unit)?;
        total = total.checked_add(Duration::try_from_secs_f64(seconds).ok()?)?;
        rest = next;
    }
    Some(total)
}

fn seconds_in(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds_or_carry_units() {
        for (text, seconds) in [
            ("0", 0.0),
            ("30", 30.0),
            ("1.5s", 1.5),
            ("2m", 120.0),
            ("250ms", 0.25),
            ("1m30s", 90.0),
            ("1h0.5m", 3630.0),
        ] {
            let expected = Duration::from_secs_f64(seconds);
            assert_eq!(parse_duration(text), Some(expected), "{text}");
        }
        for wrong in [
            "", "s", "5d", "-1", "ten", "1m30", "1s-1s", "1..5s", "1e300h",
        ] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }
}
