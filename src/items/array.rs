//! `--array 0-9,20-99:2,200%4`: the indexes of a Slurm job array, with its limit on how many run at once.

use std::collections::BTreeSet;
use std::iter::StepBy;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::entry::{Entry, Place};
use super::error::{ListError, MAX_ITEMS};

const HINT: &str =
    "expected what sbatch --array takes: 0-9, 1,3,5-7, 0-98:2, 0-99%10 (at most 10 at once)";

/// The indexes of a job array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// In rising order, each once, as Slurm runs them.
    pub indexes: BTreeSet<u32>,
    /// How many run at once: the number after `%`.
    pub max_active: Option<usize>,
    text: String,
}

impl Array {
    /// Reads an array's indexes.
    pub fn parse(text: &str) -> Result<Self, ListError> {
        let wrong = |problem: String| ListError::syntax(&format!("--array {text}"), problem, HINT);
        let (list, max_active) = match text.split_once('%') {
            Some((list, most)) => (list, Some(limit(most).map_err(wrong)?)),
            None => (text, None),
        };
        let bare = list
            .strip_prefix('[')
            .and_then(|list| list.strip_suffix(']'));
        let mut indexes = BTreeSet::new();
        for part in bare.unwrap_or(list).split(',') {
            let steps = steps(part).map_err(wrong)?;
            if indexes.len() + steps.size_hint().0 > MAX_ITEMS {
                return Err(ListError::TooMany {
                    origin: format!("--array {text}"),
                });
            }
            indexes.extend(steps);
        }
        Ok(Self {
            indexes,
            max_active,
            text: text.to_owned(),
        })
    }

    /// Each index as an item.
    pub fn entries(&self) -> Vec<Entry> {
        let origin: Arc<str> = format!("--array {}", self.text).into();
        let entry = |(at, index): (usize, &u32)| {
            Entry::text(index.to_string(), Place::entry(&origin, at + 1))
        };
        self.indexes.iter().enumerate().map(entry).collect()
    }
}

/// `5`, `5-7` or `5-99:2`.
fn steps(part: &str) -> Result<StepBy<RangeInclusive<u32>>, String> {
    let (ends, step) = match part.split_once(':') {
        Some((ends, step)) => (ends, Some(number(step)?)),
        None => (part, None),
    };
    let (from, to) = match ends.split_once('-') {
        Some((from, to)) => (number(from)?, number(to)?),
        None if step.is_some() => return Err(format!("`{part}` has a step and no end")),
        None => (number(ends)?, number(ends)?),
    };
    if to < from {
        return Err(format!("`{part}` ends before it begins"));
    }
    match step {
        Some(0) => Err(format!("the step of `{part}` is 0")),
        step => Ok((from..=to).step_by(step.unwrap_or(1) as usize)),
    }
}

fn limit(most: &str) -> Result<usize, String> {
    if most.contains(',') {
        return Err("`%` stands at the end, once".into());
    }
    match number(most)? {
        0 => Err("`%0` would run nothing".into()),
        most => Ok(most as usize),
    }
}

fn number(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|_| !text.starts_with('+'));
    number.ok_or_else(|| format!("`{text}` is no index"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_that_of_slurm() {
        for (text, expected, most) in [
            ("0-3", "0 1 2 3", None),
            ("7", "7", None),
            ("0,6,16-18", "0 6 16 17 18", None),
            ("0-15:4", "0 4 8 12", None),
            ("0-9:3,20", "0 3 6 9 20", None),
            ("1-3%2", "1 2 3", Some(2)),
            ("5,1-2%1", "1 2 5", Some(1)),
            ("[1-2,4]%10", "1 2 4", Some(10)),
            ("1-3,2-4", "1 2 3 4", None),
            ("007-008", "7 8", None),
        ] {
            let array = Array::parse(text).expect(text);
            let entries = array.entries();
            let texts: Vec<_> = entries
                .iter()
                .filter_map(|entry| entry.value.as_str())
                .collect();
            assert_eq!(
                (texts.join(" ").as_str(), array.max_active),
                (expected, most),
                "{text}"
            );
        }
        let array = Array::parse("0-9,20-99:2,200").expect("the one of the manual");
        assert_eq!(array.indexes.len(), 51);
    }

    #[test]
    fn what_is_no_array_is_refused() {
        for (text, expected) in [
            ("", "`` is no index"),
            ("1-", "`` is no index"),
            ("1,,2", "`` is no index"),
            ("a", "`a` is no index"),
            ("-1", "`` is no index"),
            ("+1", "`+1` is no index"),
            ("5-1", "`5-1` ends before it begins"),
            ("1-5:0", "the step of `1-5:0` is 0"),
            ("5:2", "`5:2` has a step and no end"),
            ("1-5%0", "`%0` would run nothing"),
            ("1%2,3", "`%` stands at the end, once"),
            ("1-5%2%3", "`2%3` is no index"),
            ("0-4294967295", "more than 10000000 items"),
        ] {
            let error = Array::parse(text).expect_err(text).to_string();
            assert!(
                error.starts_with(&format!("--array {text}: {expected}\nhint:")),
                "{error}"
            );
        }
    }
}
