//! One field of a schedule: `*/15`, `1-5`, `MON,wed`, `?` (`robfig/cron` v3, `getField`).

/// The values that a field allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    bits: u64,
    /// It is, or has in its list, a plain star: with a star for one of the two days, both days have to match.
    pub(super) star: bool,
}

/// What a field may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    min: u32,
    max: u32,
    /// Names of values, the first of which stands for `min`.
    names: &'static [&'static str],
}

pub(super) const MINUTE: Bounds = Bounds::numbers(0, 59);
pub(super) const HOUR: Bounds = Bounds::numbers(0, 23);
pub(super) const DAY_OF_MONTH: Bounds = Bounds::numbers(1, 31);
pub(super) const MONTH: Bounds = Bounds {
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
    ..Bounds::numbers(1, 12)
};
pub(super) const DAY_OF_WEEK: Bounds = Bounds {
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ..Bounds::numbers(0, 6)
};

impl Bounds {
    const fn numbers(min: u32, max: u32) -> Self {
        Self {
            min,
            max,
            names: &[],
        }
    }

    /// A number, or a name in any letter case.
    fn value(self, text: &str) -> Result<u32, String> {
        let named = |name: &&str| name.eq_ignore_ascii_case(text);
        match self.names.iter().position(named) {
            Some(place) => Ok(self.min + place as u32),
            None => number(text),
        }
    }
}

impl Field {
    /// Reads a list of ranges; empty entries are skipped. The error says what is wrong.
    pub(super) fn parse(text: &str, bounds: Bounds) -> Result<Self, String> {
        let mut field = Self {
            bits: 0,
            star: false,
        };
        for entry in text.split(',').filter(|entry| !entry.is_empty()) {
            let range = Self::range(entry, bounds)?;
            field.bits |= range.bits;
            field.star |= range.star;
        }
        Ok(field)
    }

    fn range(text: &str, bounds: Bounds) -> Result<Self, String> {
        let (range, step) = match text.split_once('/') {
            Some((_, step)) if step.contains('/') => {
                return Err(format!("too many slashes: {text}"));
            }
            Some((range, step)) => (range, Some(number(step)?)),
            None => (text, None),
        };
        let (low, high) = match range.split_once('-') {
            Some((low, high)) => (low, Some(high)),
            None => (range, None),
        };
        let any = matches!(low, "*" | "?");
        let (start, mut end) = if any {
            (bounds.min, bounds.max)
        } else {
            let start = bounds.value(low)?;
            let end = match high {
                Some(high) if high.contains('-') => {
                    return Err(format!("too many hyphens: {text}"));
                }
                Some(high) => bounds.value(high)?,
                None => start,
            };
            (start, end)
        };
        if step.is_some() && high.is_none() {
            // `5/15` means from 5 on.
            end = bounds.max;
        }
        let step = step.unwrap_or(1);
        check(start, end, step, bounds).map_err(|problem| format!("{problem}: {text}"))?;
        let values = (start..=end).step_by(step as usize);
        Ok(Self {
            bits: values.fold(0, |bits, value| bits | 1 << value),
            star: any && step == 1,
        })
    }

    pub(super) fn has(self, value: i8) -> bool {
        self.bits & (1 << value) != 0
    }

    /// The smallest allowed value from this one on.
    pub(super) fn from(self, value: i8) -> Option<i8> {
        let rest = self.bits & (u64::MAX << value);
        (rest != 0).then(|| rest.trailing_zeros() as i8)
    }
}

fn check(start: u32, end: u32, step: u32, bounds: Bounds) -> Result<(), String> {
    if start < bounds.min {
        return Err(format!(
            "beginning of range ({start}) below minimum ({})",
            bounds.min
        ));
    }
    if end > bounds.max {
        return Err(format!(
            "end of range ({end}) above maximum ({})",
            bounds.max
        ));
    }
    if start > end {
        return Err(format!(
            "beginning of range ({start}) beyond end of range ({end})"
        ));
    }
    if step == 0 {
        return Err("step of range should be a positive number".into());
    }
    Ok(())
}

/// Go's int has 64 bits; beyond the bounds of every field one number is like another.
fn number(text: &str) -> Result<u32, String> {
    let number: i64 = text
        .parse()
        .map_err(|_| format!("failed to parse int from {text}"))?;
    if number < 0 {
        return Err(format!("negative number ({number}) not allowed: {text}"));
    }
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, bounds: Bounds) -> Result<(Vec<i8>, bool), String> {
        let field = Field::parse(text, bounds)?;
        let values = (0..63).filter(|value| field.has(*value)).collect();
        Ok((values, field.star))
    }

    #[test]
    fn ranges_lists_steps_and_names() {
        for (text, bounds, wanted) in [
            ("5", HOUR, (vec![5], false)),
            ("1-3", HOUR, (vec![1, 2, 3], false)),
            ("1-9/4", HOUR, (vec![1, 5, 9], false)),
            ("15/4", HOUR, (vec![15, 19, 23], false)),
            ("*/8", HOUR, (vec![0, 8, 16], false)),
            ("*/5000000000", HOUR, (vec![0], false)),
            ("*/1", DAY_OF_WEEK, ((0..7).collect(), true)),
            ("?", DAY_OF_WEEK, ((0..7).collect(), true)),
            ("*,3", DAY_OF_WEEK, ((0..7).collect(), true)),
            ("1,,2", HOUR, (vec![1, 2], false)),
            (",", HOUR, (vec![], false)),
            ("JAN,jul", MONTH, (vec![1, 7], false)),
            ("Mon-FRI", DAY_OF_WEEK, (vec![1, 2, 3, 4, 5], false)),
        ] {
            assert_eq!(values(text, bounds), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, bounds) in [
            ("24", HOUR),
            ("0", DAY_OF_MONTH),
            ("7", DAY_OF_WEEK),
            ("5-1", HOUR),
            ("*/0", HOUR),
            ("1/2/3", HOUR),
            ("1-2-3", HOUR),
            ("mon", MONTH),
            ("-1", HOUR),
            ("*/-1", HOUR),
            ("*/9223372036854775808", HOUR),
            ("L", DAY_OF_MONTH),
            ("", HOUR),
        ] {
            let found = values(text, bounds);
            // Nothing at all is a list without entries.
            assert_eq!(found.is_err(), !text.is_empty(), "{text}");
        }
    }

    #[test]
    fn the_next_value_may_be_the_same() {
        let field = Field::parse("10,20", MINUTE).expect("a field");
        for (from, found) in [(0, Some(10)), (10, Some(10)), (11, Some(20)), (21, None)] {
            assert_eq!(field.from(from), found, "from {from}");
        }
    }
}
