//! What came before in a list that is not kept: a hash of each text and a number, the latest in memory and the others outside.

mod filter;
mod run;
mod scratch;
mod spilled;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

pub use scratch::{MakeScratch, Scratch, ScratchError, in_memory};
use spilled::Spilled;

/// Entries that memory holds: what fits a hash map of 131,072 places, 1.7 MB.
const WINDOW: usize = 114_688;
/// Words of the filter, which is made when the window is full for the first time: 4 MiB.
const FILTER_WORDS: usize = 1 << 19;

/// Texts with the number of the place at which each came first, in memory of a fixed size however many they are.
///
/// Two texts with one hash of 64 bits would be taken for one: among a million that happens once in forty million lists.
#[derive(Debug)]
pub struct Seen {
    /// The hash in two halves, so that no entry is padded to its alignment.
    window: HashMap<[u32; 2], u32, BuildHasherDefault<Halves>>,
    most: usize,
    spilled: Spilled,
}

/// One that keeps all in memory: 12 bytes a text, besides the window and the filter.
impl Default for Seen {
    fn default() -> Self {
        Self::new(in_memory)
    }
}

impl Seen {
    /// What does not fit the window goes where `make` says.
    pub fn new(make: MakeScratch) -> Self {
        Self::sized(make, WINDOW, FILTER_WORDS)
    }

    fn sized(make: MakeScratch, most: usize, filter_words: usize) -> Self {
        Self {
            window: HashMap::default(),
            most,
            spilled: Spilled::new(make, filter_words),
        }
    }

    /// Takes a text; gives the number of the same one before, which stays the first.
    pub fn take(
        &mut self,
        text: &(impl Hash + ?Sized),
        number: usize,
    ) -> Result<Option<usize>, ScratchError> {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let hash = hasher.finish();
        let place = match self.window.entry(halves(hash)) {
            Entry::Occupied(first) => return Ok(Some(*first.get() as usize)),
            Entry::Vacant(place) => place,
        };
        if let Some(first) = self.spilled.find(hash)? {
            return Ok(Some(first as usize));
        }
        place.insert(u32::try_from(number).unwrap_or(u32::MAX));
        if self.window.len() == self.most {
            let entries = self.window.drain();
            let entries = entries.map(|(halves, number)| (whole(halves), number));
            self.spilled.add(entries.collect())?;
        }
        Ok(None)
    }
}

fn halves(hash: u64) -> [u32; 2] {
    [(hash >> 32) as u32, hash as u32]
}

fn whole([high, low]: [u32; 2]) -> u64 {
    u64::from(high) << 32 | u64::from(low)
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
