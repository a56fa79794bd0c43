//! `--range 1..100`: whole numbers, both ends included.

use std::sync::Arc;

use super::entry::{Entry, Place};
use super::error::{ListError, MAX_ITEMS};

const HINT: &str = "expected FROM..TO or FROM..TO..STEP: 1..100, 10..1, 0..100..5, 001..100";

/// Reads `1..100`, `1..100..5`, or `001..100`, whose numbers all have three digits.
pub fn range(text: &str) -> Result<Vec<Entry>, ListError> {
    let origin: Arc<str> = format!("--range {text}").into();
    let range = Range::parse(text).map_err(|problem| ListError::syntax(&*origin, problem, HINT))?;
    if range.count() > MAX_ITEMS as u128 {
        let origin = origin.to_string();
        return Err(ListError::TooMany { origin });
    }
    let entry = |(at, text)| Entry::text(text, Place::entry(&origin, at + 1));
    Ok(range.texts().enumerate().map(entry).collect())
}

struct Range {
    from: i64,
    to: i64,
    /// Greater than 0; the ends say whether it goes up or down.
    step: u64,
    /// Digits of each number, with zeros in front.
    width: usize,
}

impl Range {
    fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split("..");
        let (Some(from), Some(to)) = (parts.next(), parts.next()) else {
            return Err("this is no range".into());
        };
        let step = parts.next();
        if parts.next().is_some() {
            return Err("a range has at most three parts".into());
        }
        // Padded as a shell does it: if either end begins with a zero, to the width of the longer one.
        let digits = |text: &str| text.trim_start_matches('-').len();
        let is_padded =
            |text: &str| digits(text) > 1 && text.trim_start_matches('-').starts_with('0');
        let width = if is_padded(from) || is_padded(to) {
            digits(from).max(digits(to))
        } else {
            0
        };
        let step = step.map_or(Ok(1), number)?;
        if step == 0 {
            return Err("the step is 0".into());
        }
        Ok(Self {
            from: number(from)?,
            to: number(to)?,
            step: step.unsigned_abs(),
            width,
        })
    }

    fn count(&self) -> u128 {
        u128::from(self.from.abs_diff(self.to) / self.step) + 1
    }

    fn texts(&self) -> impl Iterator<Item = String> {
        let (from, step) = (i128::from(self.from), i128::from(self.step));
        let step = if self.to < self.from { -step } else { step };
        (0..self.count()).map(move |at| {
            let number = from + step * at as i128;
            let sign = if number < 0 { "-" } else { "" };
            format!(
                "{sign}{:0width$}",
                number.unsigned_abs(),
                width = self.width
            )
        })
    }
}

fn number(text: &str) -> Result<i64, String> {
    let is_plain = text
        .strip_prefix('-')
        .unwrap_or(text)
        .bytes()
        .all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_plain);
    number.ok_or_else(|| format!("`{text}` is no whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_in_it_and_zeros_in_front_are_kept() {
        for (text, expected) in [
            ("1..3", "1 2 3"),
            ("0..10..5", "0 5 10"),
            ("0..9..5", "0 5"),
            ("3..1", "3 2 1"),
            ("10..1..4", "10 6 2"),
            ("10..1..-4", "10 6 2"),
            ("-1..1", "-1 0 1"),
            ("08..10", "08 09 10"),
            ("1..03", "01 02 03"),
            ("-02..1..3", "-02 01"),
            ("0..0", "0"),
            (
                "9223372036854775806..9223372036854775807",
                "9223372036854775806 9223372036854775807",
            ),
        ] {
            let entries = range(text).expect(text);
            let texts: Vec<_> = entries
                .iter()
                .filter_map(|entry| entry.value.as_str())
                .collect();
            assert_eq!(texts.join(" "), expected, "{text}");
        }
        let entries = range("001..100").expect("a range");
        assert_eq!((entries.len(), &entries[99].value), (100, &"100".into()));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for (text, expected) in [
            ("1", "--range 1: this is no range\nhint:"),
            ("a..3", "--range a..3: `a` is no whole number\nhint:"),
            ("1..", "--range 1..: `` is no whole number\nhint:"),
            ("1..+3", "--range 1..+3: `+3` is no whole number\nhint:"),
            ("1..3..0", "--range 1..3..0: the step is 0\nhint:"),
            (
                "1..2..3..4",
                "--range 1..2..3..4: a range has at most three parts\nhint:",
            ),
            (
                "-9223372036854775808..9223372036854775807",
                "--range -9223372036854775808..9223372036854775807: more than 10000000 items",
            ),
            (
                "1..99999999999999999999",
                "--range 1..99999999999999999999: `99999999999999999999` is no",
            ),
        ] {
            let error = range(text).expect_err(text).to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
