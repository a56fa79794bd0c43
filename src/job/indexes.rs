//! Sets of completion indexes and their text, as in `status.completedIndexes`: `1,2,4-6,8`.

/// Completion indexes as ascending runs that neither touch nor overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexSet {
    runs: Vec<(i32, i32)>,
}

impl IndexSet {
    /// Reads what the API server accepts: ascending elements `n` or `a-b` with `a < b`, all below `completions`.
    pub fn strict(text: &str, completions: i32) -> Option<Self> {
        let mut set = Self::default();
        let mut previous = -1;
        if text.is_empty() {
            return Some(set);
        }
        for element in text.split(',') {
            let (first, last) = match element.split_once('-') {
                Some((first, last)) => (index(first)?, index(last)?),
                None => (index(element)?, index(element)?),
            };
            let in_order = first > previous && (last > first || !element.contains('-'));
            if !in_order || last >= completions {
                return None;
            }
            previous = last;
            set.push(first, last);
        }
        Some(set)
    }

    /// Reads what a controller wrote: elements that are no numbers are skipped, what is out of range is cut off.
    pub fn lenient(text: &str, completions: i32) -> Self {
        let mut set = Self::default();
        for element in text.split(',') {
            let mut parts = element.split('-');
            let Some(first) = parts.next().and_then(index) else {
                continue;
            };
            let Some(last) = parts.next().map_or(Some(first), index) else {
                continue;
            };
            if first >= completions {
                break;
            }
            set.push(first, last.min(completions - 1));
        }
        set
    }

    /// Whether it holds an index.
    pub fn contains(&self, index: i32) -> bool {
        let after = self.runs.partition_point(|run| run.0 <= index);
        after > 0 && self.runs[after - 1].1 >= index
    }

    /// How many indexes it holds.
    pub fn len(&self) -> usize {
        self.runs
            .iter()
            .map(|(first, last)| (last - first + 1) as usize)
            .sum()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// All its indexes, ascending.
    pub fn iter(&self) -> impl Iterator<Item = i32> + '_ {
        self.runs.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// Whether some index is in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.common(other) > 0
    }

    /// How many indexes are in both.
    pub fn common(&self, other: &Self) -> usize {
        let (mut left, mut right) = (self.runs.iter().peekable(), other.runs.iter().peekable());
        let mut total = 0;
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let (first, last) = (a.0.max(b.0), a.1.min(b.1));
            if first <= last {
                total += (last - first) as usize + 1;
            }
            if a.1 < b.1 {
                left.next();
            } else {
                right.next();
            }
        }
        total
    }

    /// The indexes from 0 and below `completions` that it does not hold, ascending.
    pub fn missing(&self, completions: i32) -> impl Iterator<Item = i32> + '_ {
        let starts = std::iter::once(0).chain(self.runs.iter().map(|run| run.1.saturating_add(1)));
        let ends = self
            .runs
            .iter()
            .map(|run| run.0)
            .chain(std::iter::once(i32::MAX));
        starts
            .zip(ends)
            .flat_map(move |(start, end)| start..end.min(completions))
    }

    /// This set and the other one together.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut runs = [self.runs.as_slice(), &other.runs].concat();
        runs.sort_unstable();
        let mut set = Self::default();
        for (first, last) in runs {
            set.push(first, last);
        }
        set
    }

    /// This set and these indexes, in any order, together.
    #[must_use]
    pub fn with(&self, indexes: impl IntoIterator<Item = i32>) -> Self {
        let mut new: Vec<_> = indexes.into_iter().map(|index| (index, index)).collect();
        new.sort_unstable();
        self.union(&Self { runs: new })
    }

    /// Adds a run that begins at or after the last one's beginning.
    fn push(&mut self, first: i32, last: i32) {
        match self.runs.last_mut() {
            Some(run) if first <= run.1.saturating_add(1) => run.1 = run.1.max(last),
            _ if last >= first => self.runs.push((first, last)),
            _ => {}
        }
    }
}

impl std::fmt::Display for IndexSet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, (first, last)) in self.runs.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            match last - first {
                0 => write!(out, "{comma}{first}")?,
                1 => write!(out, "{comma}{first},{last}")?,
                _ => write!(out, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

fn index(text: &str) -> Option<i32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strict_text_is_ascending_and_in_range() {
        for (text, completions, total) in [
            ("", 3, Some(0)),
            ("1,2,4-6,8", 9, Some(6)),
            ("8", 8, None),
            ("2,1", 9, None),
            ("1,1", 9, None),
            ("3-3", 9, None),
            ("3-2", 9, None),
            ("1, 2", 9, None),
            ("+1", 9, None),
            ("1-2-3", 9, None),
        ] {
            let found = IndexSet::strict(text, completions).map(|set| set.len());
            assert_eq!(found, total, "{text}");
        }
    }

    #[test]
    fn lenient_text_loses_what_is_wrong_or_out_of_range() {
        for (text, completions, kept) in [
            ("x,1,2,4-6,8", 6, "1,2,4,5"),
            ("0,1,2", 9, "0-2"),
            ("0-2,3", 9, "0-3"),
            ("9", 5, ""),
        ] {
            let set = IndexSet::lenient(text, completions);
            assert_eq!(set.to_string(), kept, "{text}");
        }
    }

    #[test]
    fn a_set_grows_by_indexes_in_any_order() {
        let set = IndexSet::lenient("1,2", 9).with([8, 0, 4, 4]);
        assert_eq!(set.to_string(), "0-2,4,8");
        assert!(set.contains(4) && !set.contains(5) && !set.contains(9));
        assert!(set.overlaps(&IndexSet::lenient("3-5", 9)));
        assert!(!set.overlaps(&IndexSet::lenient("3,5-7", 9)));
    }

    #[test]
    fn what_two_sets_share_and_what_one_lacks() {
        let set = IndexSet::lenient("1-3,6", 99);
        for (other, shared) in [("", 0), ("0,4,5", 0), ("0-9", 4), ("3-6", 2), ("6", 1)] {
            assert_eq!(set.common(&IndexSet::lenient(other, 99)), shared, "{other}");
        }
        for (completions, lacks) in [
            (0, vec![]),
            (1, vec![0]),
            (6, vec![0, 4, 5]),
            (9, vec![0, 4, 5, 7, 8]),
        ] {
            assert_eq!(
                set.missing(completions).collect::<Vec<_>>(),
                lacks,
                "of {completions}"
            );
        }
        assert_eq!(IndexSet::default().missing(2).collect::<Vec<_>>(), [0, 1]);
    }
}
