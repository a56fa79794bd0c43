//! Which entries of a list become items: none twice, a sample, not more than a limit.

use std::collections::{BTreeSet, HashMap};

use super::Item;
use super::entry::{Entry, Place};
use super::error::{ListError, MAX_ITEM, MAX_ITEMS, shorten};
use super::item::text;
use super::order::rank;

/// How items are chosen from a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// An item that comes again is left out; else it is an error.
    pub skip_duplicates: bool,
    /// A sample of the list.
    pub sample: Option<Sample>,
    /// Not more than this many, from the front.
    pub limit: Option<usize>,
}

/// A sample: the same seed gives the same items, and a list that has grown gives mostly the same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// How many.
    pub count: usize,
    /// Which of the samples.
    pub seed: u64,
}

/// Numbers the entries, and refuses one that comes twice or is too long.
pub fn unique(entries: Vec<Entry>) -> Result<Vec<Item>, ListError> {
    select(entries, &Selection::default()).map(|(items, _)| items)
}

/// Chooses the items, in the list's order, and numbers them; also gives how many duplicates were left out.
pub fn select(
    mut entries: Vec<Entry>,
    selection: &Selection,
) -> Result<(Vec<Item>, usize), ListError> {
    let before = entries.len();
    if let Some(entry) = entries.get(MAX_ITEMS) {
        let origin = entry.place.origin().to_owned();
        return Err(ListError::TooMany { origin });
    }
    entries.iter().try_for_each(check)?;
    let again = duplicates(&entries, selection.skip_duplicates)?;
    keep(&mut entries, |at, _| !again.contains(&at));
    let skipped = before - entries.len();
    if let Some(sample) = &selection.sample {
        let chosen = sampled(&entries, sample);
        keep(&mut entries, |at, _| chosen.contains(&at));
    }
    entries.truncate(selection.limit.unwrap_or(usize::MAX));
    let count = Some(entries.len());
    let item = |(index, entry): (usize, Entry)| Item {
        index,
        count,
        value: entry.value,
    };
    Ok((entries.into_iter().enumerate().map(item).collect(), skipped))
}

/// Refuses an item that no object could carry.
pub(super) fn check(entry: &Entry) -> Result<(), ListError> {
    let text = text(&entry.value);
    if text.len() > MAX_ITEM {
        return Err(ListError::TooLong {
            origin: entry.place.to_string(),
            length: text.len(),
        });
    }
    if text.contains('\0') {
        return Err(ListError::syntax(
            &entry.place,
            "this item holds a NUL, which no environment, argument or file name can",
            "a list with NUL between its items is read with --null",
        ));
    }
    Ok(())
}

/// The error of an item that is there twice.
pub(super) fn twice(item: &str, first: &Place, second: &Place) -> ListError {
    ListError::Twice {
        item: shorten(item),
        first: first.to_string(),
        second: second.to_string(),
    }
}

/// The positions of entries that were there before; an error unless they are to be left out.
fn duplicates(entries: &[Entry], skip: bool) -> Result<BTreeSet<usize>, ListError> {
    let mut seen = HashMap::with_capacity(entries.len());
    let mut again = BTreeSet::new();
    for (at, entry) in entries.iter().enumerate() {
        let item = text(&entry.value);
        match seen.get(&item) {
            None => {
                seen.insert(item, at);
            }
            Some(_) if skip => {
                again.insert(at);
            }
            Some(first) => return Err(twice(&item, &entries[*first].place, &entry.place)),
        }
    }
    Ok(again)
}

/// The positions of the entries whose hash with the seed is smallest.
fn sampled(entries: &[Entry], sample: &Sample) -> BTreeSet<usize> {
    let rank = |(at, entry): (usize, &Entry)| (rank(sample.seed, &text(&entry.value)), at);
    let mut ranks: Vec<_> = entries.iter().enumerate().map(rank).collect();
    ranks.sort_unstable();
    ranks
        .into_iter()
        .take(sample.count)
        .map(|(_, at)| at)
        .collect()
}

fn keep(entries: &mut Vec<Entry>, keeps: impl Fn(usize, &Entry) -> bool) {
    let mut at = 0;
    entries.retain(|entry| {
        at += 1;
        keeps(at - 1, entry)
    });
}

#[cfg(test)]
mod tests {
    use super::super::{comma_list, lines, range};
    use super::*;

    fn texts(items: &[Item]) -> Vec<String> {
        items.iter().map(|item| item.text().into_owned()).collect()
    }

    #[test]
    fn an_item_that_comes_twice_is_refused_with_both_places() {
        let error = unique(lines("f", b"a\nb\na").expect("text")).expect_err("twice");
        let expected = "item \"a\" is there twice, as f:1 and as f:3:";
        assert!(error.to_string().starts_with(expected), "{error}");
    }

    #[test]
    fn the_first_of_each_stays_when_duplicates_are_skipped_and_the_rest_is_numbered() {
        let selection = Selection {
            skip_duplicates: true,
            ..Selection::default()
        };
        let entries = comma_list("--items", "a,b,a,c,b,a").expect("a list");
        let (items, skipped) = select(entries, &selection).expect("items");
        assert_eq!(
            (texts(&items), skipped),
            (["a", "b", "c"].map(str::to_owned).into(), 3)
        );
        let numbers: Vec<_> = items.iter().map(|item| (item.index, item.count)).collect();
        assert_eq!(numbers, [(0, Some(3)), (1, Some(3)), (2, Some(3))]);
    }

    #[test]
    fn a_sample_follows_its_seed_and_keeps_the_order_and_most_of_itself_when_the_list_grows() {
        let of = |list: &str, count, seed| {
            let selection = Selection {
                sample: Some(Sample { count, seed }),
                ..Selection::default()
            };
            let (items, _) = select(range(list).expect(list), &selection).expect(list);
            texts(&items)
        };
        let sample = of("1..100", 10, 7);
        assert_eq!(sample, of("1..100", 10, 7));
        assert_ne!(sample, of("1..100", 10, 8));
        let numbers: Vec<u32> = sample.iter().filter_map(|text| text.parse().ok()).collect();
        assert!(numbers.len() == 10 && numbers.is_sorted(), "{numbers:?}");
        let grown = of("1..110", 10, 7);
        assert!(
            sample.iter().filter(|text| grown.contains(text)).count() >= 7,
            "{grown:?}"
        );
        assert_eq!(of("1..3", 10, 7), ["1", "2", "3"]);
        // Fixed for good: a repeated run must find the Jobs of the first one.
        assert_eq!(of("1..100", 3, 0), ["10", "51", "69"]);
    }

    #[test]
    fn a_limit_takes_the_front() {
        let selection = Selection {
            limit: Some(2),
            ..Selection::default()
        };
        let (items, _) =
            select(comma_list("-", "a,b,c").expect("a list"), &selection).expect("items");
        assert_eq!(
            (texts(&items), items[1].count),
            (["a", "b"].map(str::to_owned).into(), Some(2))
        );
    }

    #[test]
    fn an_item_that_no_object_can_carry_is_refused() {
        let long = "x".repeat(MAX_ITEM + 1);
        let error = unique(lines("f", long.as_bytes()).expect("text")).expect_err("too long");
        assert!(
            error
                .to_string()
                .starts_with("f:1: an item of 131073 bytes;"),
            "{error}"
        );
        let error = unique(lines("f", b"a\nb\0c\n").expect("text")).expect_err("NUL");
        assert!(
            error.to_string().starts_with("f:2: this item holds a NUL"),
            "{error}"
        );
    }
}
