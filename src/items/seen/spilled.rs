//! Hashes that are kept outside of memory: runs, and the filter in front of them.

use std::fmt::{self, Debug, Formatter};
use std::io;

use super::filter::Filter;
use super::run::{Entry, Run, merged};
use super::scratch::MakeScratch;

/// Runs, each at least twice as long as the one after it, so that ten million entries make seven at most.
pub(super) struct Spilled {
    make: MakeScratch,
    filter_words: usize,
    /// Made with the first run.
    filter: Option<Filter>,
    runs: Vec<Run>,
}

impl Spilled {
    /// None yet; the filter will have so many words.
    pub(super) fn new(make: MakeScratch, filter_words: usize) -> Self {
        Self {
            make,
            filter_words,
            filter: None,
            runs: Vec::new(),
        }
    }

    /// The number of a hash.
    pub(super) fn find(&mut self, hash: u64) -> io::Result<Option<u32>> {
        let filter = self.filter.as_ref();
        if !filter.is_some_and(|filter| filter.may_hold(hash)) {
            return Ok(None);
        }
        for run in &mut self.runs {
            if let Some(number) = run.find(hash)? {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// Adds entries whose hashes are not there yet.
    pub(super) fn add(&mut self, mut entries: Vec<Entry>) -> io::Result<()> {
        entries.sort_unstable();
        let words = self.filter_words;
        let filter = self.filter.get_or_insert_with(|| Filter::new(words));
        for (hash, _) in &entries {
            filter.insert(*hash);
        }
        let run = Run::write((self.make)()?, entries.into_iter().map(Ok))?;
        self.runs.push(run);
        self.merge()
    }

    /// Makes one run of the last two while the first of them is no longer than the other.
    fn merge(&mut self) -> io::Result<()> {
        while let [.., first, second] = self.runs.as_mut_slice() {
            if first.count() > second.count() {
                break;
            }
            let both = merged(first.entries()?, second.entries()?);
            let run = Run::write((self.make)()?, both)?;
            self.runs.truncate(self.runs.len() - 2);
            self.runs.push(run);
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn lengths(&self) -> Vec<u64> {
        self.runs.iter().map(Run::count).collect()
    }
}

impl Debug for Spilled {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let count: u64 = self.runs.iter().map(Run::count).sum();
        write!(f, "{count} entries in {} runs", self.runs.len())
    }
}
