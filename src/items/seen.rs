//! What came before in a list that is not kept: only a hash of each text and a number, some 25 bytes for each.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

/// Texts with the number of the place at which each came first.
///
/// Two texts with one hash of 64 bits would be taken for one: among a million that happens once in forty million lists.
#[derive(Debug, Default)]
pub struct Seen {
    /// The hash in two halves, so that no entry is padded to its alignment.
    numbers: HashMap<[u32; 2], u32, BuildHasherDefault<Halves>>,
}

impl Seen {
    /// Takes a text; gives the number of the same one before, whose place that of this one takes.
    pub fn take(&mut self, text: &(impl Hash + ?Sized), number: usize) -> Option<usize> {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let hash = hasher.finish();
        let key = [(hash >> 32) as u32, hash as u32];
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        self.numbers.insert(key, number).map(|first| first as usize)
    }
}

/// What is hashed already is not hashed again.
#[derive(Debug, Default)]
struct Halves(u64);

impl Hasher for Halves {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .iter()
            .fold(self.0, |hash, byte| hash << 8 | u64::from(*byte));
    }

    // The length of the array says nothing.
    fn write_usize(&mut self, _: usize) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_by_the_place_before() {
        let mut seen = Seen::default();
        assert_eq!(seen.take("a", 1), None);
        assert_eq!(seen.take("b", 2), None);
        assert_eq!(seen.take(&("a", "b"), 3), None);
        assert_eq!(seen.take("a", 4), Some(1));
        assert!(size_of::<([u32; 2], u32)>() == 12);
    }
}
