//! The order in which members are created; an item's position in the list stays what it is.

use super::Item;
use crate::manifest::digest;

/// An order of creation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// That of the list.
    #[default]
    List,
    /// The list from its end.
    Reverse,
    /// By the items' texts, byte by byte.
    Name,
    /// Random; the same seed gives the same order, and in a list that has grown the old items keep theirs.
    Shuffle(u64),
}

impl Order {
    /// Puts items into this order.
    pub fn arrange(self, items: &mut [Item]) {
        match self {
            Self::List => items.sort_by_key(|item| item.index),
            Self::Reverse => items.sort_by_key(|item| std::cmp::Reverse(item.index)),
            Self::Name => items.sort_by_cached_key(|item| (item.text().into_owned(), item.index)),
            Self::Shuffle(seed) => {
                items.sort_by_cached_key(|item| (rank(seed, &item.text()), item.index));
            }
        }
    }
}

/// A number that a seed gives a text: the smaller ones come first in a shuffle, and into a sample.
pub(super) fn rank(seed: u64, text: &str) -> u64 {
    let mut bytes = seed.to_be_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    digest::first_bytes(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arranged(order: Order, texts: &[&str]) -> (Vec<String>, Vec<usize>) {
        let all = texts.iter().enumerate();
        let mut items: Vec<Item> = all
            .map(|(index, text)| Item::scalar(index, *text))
            .collect();
        order.arrange(&mut items);
        let texts = items.iter().map(|item| item.text().into_owned());
        (
            texts.collect(),
            items.iter().map(|item| item.index).collect(),
        )
    }

    #[test]
    fn each_order_is_what_its_name_says_and_positions_stay() {
        let list = ["b", "c", "a"];
        for (order, positions) in [
            (Order::List, [0, 1, 2]),
            (Order::Reverse, [2, 1, 0]),
            (Order::Name, [2, 0, 1]),
        ] {
            assert_eq!(arranged(order, &list).1, positions, "{order:?}");
        }
    }

    #[test]
    fn a_shuffle_follows_its_seed_and_survives_a_longer_list() {
        let texts: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let of = |seed, count: usize| arranged(Order::Shuffle(seed), &texts[..count]).0;
        assert_eq!(of(1, 20), of(1, 20));
        assert_ne!(of(1, 20), of(2, 20));
        assert_ne!(of(1, 20), texts);
        let mut longer = of(1, 20);
        longer.retain(|text| text.parse::<usize>().expect("a number") < 10);
        assert_eq!(longer, of(1, 10));
    }
}
