//! Durations as Go writes them: `1h30m`, `90s`, `1.5h`, `-2us` (`time.ParseDuration`).

use jiff::SignedDuration;

/// Units with their length in nanoseconds; longer spellings of one beginning come first.
const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration; nothing if it is no Go duration, or none that fits into 64 bits of nanoseconds.
pub(super) fn parse(text: &str) -> Option<SignedDuration> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if unsigned == "0" {
        return Some(SignedDuration::ZERO);
    }
    if unsigned.is_empty() {
        return None;
    }
    let (mut rest, mut total) = (unsigned, 0_i128);
    while !rest.is_empty() {
        let (nanos, after) = element(rest)?;
        total = total.checked_add(nanos)?;
        rest = after;
    }
    let nanos = i64::try_from(total).ok()?;
    let negative = text.starts_with('-');
    Some(SignedDuration::from_nanos(if negative {
        -nanos
    } else {
        nanos
    }))
}

/// One number with its unit, in nanoseconds, and what comes after it.
fn element(text: &str) -> Option<(i128, &str)> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (spelling, unit) = UNITS.iter().find(|(name, _)| has_unit(rest, name))?;
    // Nanoseconds have no more than 13 digits behind the comma of an hour.
    let fraction = &fraction[..fraction.len().min(15)];
    let part = |digits: &str| match digits {
        "" => Some(0),
        digits => digits.parse::<i128>().ok(),
    };
    let scale = 10_i128.pow(fraction.len() as u32);
    let nanos = part(whole)?.checked_mul(*unit)? + part(fraction)? * unit / scale;
    Some((nanos, &rest[spelling.len()..]))
}

/// Whether the unit is exactly this one: it ends where the next number begins.
fn has_unit(text: &str, name: &str) -> bool {
    let end = text.find(|c: char| c == '.' || c.is_ascii_digit());
    &text[..end.unwrap_or(text.len())] == name
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_does() {
        for (text, millis) in [
            ("0", Some(0)),
            ("90s", Some(90_000)),
            ("1h30m", Some(5_400_000)),
            ("1.5h", Some(5_400_000)),
            (".5s", Some(500)),
            ("1m1ms", Some(60_001)),
            ("-2s", Some(-2_000)),
            ("+2s", Some(2_000)),
            ("2000\u{b5}s", Some(2)),
            ("", None),
            ("-", None),
            ("5", None),
            ("s", None),
            (".s", None),
            ("1d", None),
            ("1 s", None),
            ("1h 1m", None),
            ("9999999999h", None),
        ] {
            let found = parse(text).map(|duration| duration.as_millis());
            assert_eq!(found, millis, "{text:?}");
        }
    }
}
