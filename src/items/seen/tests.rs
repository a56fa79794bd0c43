//! Windows of a few entries, so that tens of texts fill several files and join them.

use std::collections::HashMap;
use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom, Write};

use proptest::prelude::*;

use super::run::{Entry as Kept, Run, merged};
use super::*;

/// A filter of one word is soon full, so that every search goes to the runs.
fn small(most: usize) -> Seen {
    Seen::sized(in_memory, most, 1)
}

#[test]
fn a_text_is_known_by_the_place_before() {
    let mut seen = Seen::default();
    assert_eq!(seen.take("a", 1), Ok(None));
    assert_eq!(seen.take("b", 2), Ok(None));
    assert_eq!(seen.take(&("a", "b"), 3), Ok(None));
    assert_eq!(seen.take("a", 4), Ok(Some(1)));
    assert_eq!(seen.take("a", 5), Ok(Some(1)));
    assert!(size_of::<([u32; 2], u32)>() == 12);
}

#[test]
fn the_full_window_goes_out_and_runs_of_one_length_are_joined() {
    let mut seen = small(4);
    for number in 0..27 {
        assert_eq!(seen.take(&number, number), Ok(None));
    }
    assert_eq!(seen.spilled.lengths(), [16, 8]);
    assert_eq!(seen.window.len(), 3);
    for number in 0..27 {
        assert_eq!(seen.take(&number, 99), Ok(Some(number)));
    }
    assert_eq!(seen.window.len(), 3);
}

#[test]
fn a_run_is_searched_to_its_ends_however_its_hashes_are_spread() {
    let even = |at: u64| at * (u64::MAX / 5000);
    let low = |at: u64| at * 3;
    let high = |at: u64| u64::MAX - 3 * (4999 - at);
    let steep = |at: u64| (at * at * at) << 24;
    for spread in [even, low, high, steep] {
        let entries = (0..5000).map(|at| Ok((spread(at), at as u32)));
        let file = in_memory().expect("memory");
        let mut run = Run::write(file, entries).expect("written");
        for at in 0..5000 {
            let found = run.find(spread(at)).expect("read");
            assert_eq!(found, Some(at as u32));
            let beside = run.find(spread(at).wrapping_add(1)).expect("read");
            assert_eq!(beside, None);
        }
    }
}

#[test]
fn two_sequences_become_one_and_an_error_in_either_is_not_lost() {
    let broken = || Err(io::Error::from(ErrorKind::InvalidData));
    let merge = |first: Vec<io::Result<Kept>>, second: Vec<io::Result<Kept>>| {
        let both = merged(first.into_iter(), second.into_iter());
        both.map(|entry| entry.map_err(|error| error.kind()))
            .collect::<Result<Vec<_>, _>>()
    };
    let all = merge(vec![Ok((1, 0)), Ok((4, 0))], vec![Ok((2, 0)), Ok((3, 0))]);
    assert_eq!(all, Ok(vec![(1, 0), (2, 0), (3, 0), (4, 0)]));
    for (first, second) in [
        (vec![broken()], vec![]),
        (vec![broken()], vec![Ok((1, 0))]),
        (vec![], vec![broken()]),
        (vec![Ok((1, 0))], vec![broken()]),
    ] {
        assert_eq!(merge(first, second), Err(ErrorKind::InvalidData));
    }
}

/// A disk on which there is room for 64 bytes a file.
struct Full(Cursor<Vec<u8>>);

impl Read for Full {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.position() as usize + bytes.len() > 64 {
            return Err(ErrorKind::StorageFull.into());
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Full {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.0.seek(place)
    }
}

/// A file that has lost what was written.
struct Lost;

impl Read for Lost {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(ErrorKind::NotConnected.into())
    }
}

impl Write for Lost {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Lost {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Ok(0)
    }
}

#[test]
fn what_a_file_says_is_passed_on_at_once() {
    let cases: [(MakeScratch, &[u32], ErrorKind); 3] = [
        // Two runs of 48 bytes fit, and the one that they become does not.
        (
            || Ok(Box::new(Full(Cursor::default()))),
            &[1, 2, 3, 4, 5, 6, 7, 8],
            ErrorKind::StorageFull,
        ),
        (
            || Err(ErrorKind::PermissionDenied.into()),
            &[1, 2, 3, 4],
            ErrorKind::PermissionDenied,
        ),
        (
            || Ok(Box::new(Lost)),
            &[1, 2, 3, 4, 1],
            ErrorKind::NotConnected,
        ),
    ];
    for (make, texts, kind) in cases {
        let mut seen = Seen::sized(make, 4, 1);
        let (last, before) = texts.split_last().expect("some");
        assert!(before.iter().all(|text| seen.take(text, 0) == Ok(None)));
        let expected = ScratchError::from(io::Error::from(kind));
        assert_eq!(seen.take(last, 0), Err(expected));
    }
    let text = ScratchError::from(io::Error::from(ErrorKind::StorageFull)).to_string();
    assert!(
        text.starts_with("cannot use a temporary file: no storage space\nhint: "),
        "{text}"
    );
}

proptest! {
    #[test]
    fn it_knows_what_a_map_knows(
        most in 1_usize..9,
        words in 0_u32..6,
        texts in proptest::collection::vec(0_u16..300, 0..400),
    ) {
        let mut seen = Seen::sized(in_memory, most, 1 << words);
        let mut model = HashMap::new();
        for (number, text) in texts.iter().enumerate() {
            let first = *model.entry(text).or_insert(number);
            let expected = (first != number).then_some(first);
            prop_assert_eq!(seen.take(text, number), Ok(expected));
            prop_assert!(seen.window.len() < most);
        }
        let lengths = seen.spilled.lengths();
        prop_assert!(lengths.windows(2).all(|pair| pair[0] >= 2 * pair[1]), "{:?}", lengths);
        let kept = lengths.iter().sum::<u64>() as usize + seen.window.len();
        prop_assert_eq!(kept, model.len());
    }
}
