//! Hashes with their numbers in order, outside of memory.

use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use super::scratch::Scratch;

/// A hash, and the number of the place where its text came first.
pub(super) type Entry = (u64, u32);

/// The length of an entry: 8 bytes of hash and 4 of number, the lowest first.
const LENGTH: usize = 12;
/// Entries that are read at once in a search.
const BLOCK: u64 = 512;
/// Bytes that are gathered before they are written, and read at once in a merge.
const CHUNK: usize = 64 * 1024;
/// Guesses from the value of a hash before a search halves what is left.
const GUESSES: usize = 4;

/// Entries in the order of their hashes, none of which comes twice.
pub(super) struct Run {
    file: Box<dyn Scratch>,
    count: u64,
}

impl Run {
    /// Writes entries that are in order.
    pub(super) fn write(
        file: Box<dyn Scratch>,
        entries: impl Iterator<Item = io::Result<Entry>>,
    ) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(CHUNK, file);
        let mut count = 0;
        for entry in entries {
            out.write_all(&encoded(entry?))?;
            count += 1;
        }
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Self { file, count })
    }

    /// How many entries there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// All entries.
    pub(super) fn entries(&mut self) -> io::Result<impl Iterator<Item = io::Result<Entry>>> {
        self.file.rewind()?;
        let mut reader = BufReader::with_capacity(CHUNK, &mut self.file);
        let mut bytes = [0; LENGTH];
        let next = move |_| reader.read_exact(&mut bytes).map(|()| decoded(&bytes));
        Ok((0..self.count).map(next))
    }

    /// The number of a hash. Hashes are spread evenly, so that the value of one tells nearly where it stands.
    pub(super) fn find(&mut self, hash: u64) -> io::Result<Option<u32>> {
        let mut bytes = [0; BLOCK as usize * LENGTH];
        let (mut span, mut step) = (Span::whole(self.count), 0);
        while span.start < span.end {
            let middle = if step < GUESSES {
                span.guess(hash)
            } else {
                span.start.midpoint(span.end)
            };
            let start = middle.saturating_sub(BLOCK / 2).max(span.start);
            let end = (start + BLOCK).min(span.end);
            let block = self.read(start, end, &mut bytes)?;
            let (first, last) = (decoded(&block[0]).0, decoded(&block[block.len() - 1]).0);
            if hash < first {
                (span.end, span.high) = (start, first);
            } else if hash > last {
                (span.start, span.low) = (end, last);
            } else {
                let found = block.binary_search_by_key(&hash, |bytes| decoded(bytes).0);
                return Ok(found.ok().map(|at| decoded(&block[at]).1));
            }
            step += 1;
        }
        Ok(None)
    }

    /// The entries between two positions, at least one and at most a block.
    fn read<'a>(
        &mut self,
        start: u64,
        end: u64,
        bytes: &'a mut [u8],
    ) -> io::Result<&'a [[u8; LENGTH]]> {
        let bytes = &mut bytes[..(end - start) as usize * LENGTH];
        self.file.seek(SeekFrom::Start(start * LENGTH as u64))?;
        self.file.read_exact(bytes)?;
        Ok(bytes.as_chunks().0)
    }
}

/// The part of a run in which a hash may still be: positions, and the hashes around them.
struct Span {
    start: u64,
    end: u64,
    low: u64,
    high: u64,
}

impl Span {
    fn whole(count: u64) -> Self {
        Self {
            start: 0,
            end: count,
            low: 0,
            high: u64::MAX,
        }
    }

    /// Where a hash should stand among evenly spread ones.
    fn guess(&self, hash: u64) -> u64 {
        let part = u128::from(hash - self.low) * u128::from(self.end - self.start);
        self.start + (part / (u128::from(self.high - self.low) + 1)) as u64
    }
}

/// The entries of two ordered sequences in order; an error comes as it is met.
pub(super) fn merged(
    first: impl Iterator<Item = io::Result<Entry>>,
    second: impl Iterator<Item = io::Result<Entry>>,
) -> impl Iterator<Item = io::Result<Entry>> {
    let (mut first, mut second) = (first.peekable(), second.peekable());
    std::iter::from_fn(move || match (first.peek(), second.peek()) {
        (Some(Ok(one)), Some(Ok(other))) if other < one => second.next(),
        (Some(Err(_)), _) | (Some(Ok(_)), None | Some(Ok(_))) => first.next(),
        _ => second.next(),
    })
}

fn encoded((hash, number): Entry) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    bytes[..8].copy_from_slice(&hash.to_le_bytes());
    bytes[8..].copy_from_slice(&number.to_le_bytes());
    bytes
}

fn decoded(bytes: &[u8; LENGTH]) -> Entry {
    let (mut hash, mut number) = ([0; 8], [0; 4]);
    hash.copy_from_slice(&bytes[..8]);
    number.copy_from_slice(&bytes[8..]);
    (u64::from_le_bytes(hash), u32::from_le_bytes(number))
}
