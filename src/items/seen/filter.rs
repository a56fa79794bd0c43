//! Which hashes are surely new: a Bloom filter of a fixed size, all bits of a hash in one word.

/// Says of each hash that it is not there, or that it may be.
#[derive(Debug)]
pub(super) struct Filter {
    words: Vec<u64>,
}

impl Filter {
    /// A filter of so many words of 64 bits, a power of two.
    pub(super) fn new(words: usize) -> Self {
        debug_assert!(words.is_power_of_two(), "{words} words");
        Self {
            words: vec![0; words],
        }
    }

    pub(super) fn insert(&mut self, hash: u64) {
        let at = self.place(hash);
        self.words[at] |= bits(hash);
    }

    pub(super) fn may_hold(&self, hash: u64) -> bool {
        let bits = bits(hash);
        self.words[self.place(hash)] & bits == bits
    }

    /// The high bits choose the word, so that hashes in their order go through the filter in its order.
    fn place(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.words.len() as u128) >> 64) as usize
    }
}

/// Three bits of a word, from the low bits.
fn bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_may_be_there_and_most_others_are_surely_not() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut filter = Filter::new(1 << 10);
        let hashes: Vec<u64> = (0..4096).map(|_| random.u64(..)).collect();
        for hash in &hashes {
            filter.insert(*hash);
        }
        assert!(hashes.iter().all(|hash| filter.may_hold(*hash)));
        let wrong = (0..10_000).filter(|_| filter.may_hold(random.u64(..)));
        // 16 bits for each: 0.7% by the formula, and somewhat more as all bits lie in one word.
        assert!(wrong.count() < 200);
    }
}
