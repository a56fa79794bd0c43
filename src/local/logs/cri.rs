//! The CRI log format: `<RFC 3339 time with nanoseconds> <stdout|stderr> <F|P> <text>`, an entry a line.
//!
//! `P` marks an entry whose line goes on in the next one of the same stream (design-proposals, kubelet-cri-logging).

use jiff::Timestamp;

/// Text of one entry; longer lines become several entries.
const ENTRY_MAX: usize = 16 * 1024;

/// Cuts the output of one stream into entries.
#[derive(Debug)]
pub(super) struct Splitter {
    stream: &'static str,
    pending: Vec<u8>,
}

impl Splitter {
    pub(super) fn new(stream: &'static str) -> Self {
        Self {
            stream,
            pending: Vec::new(),
        }
    }

    /// Appends the entries that `chunk` completes to `out`.
    pub(super) fn feed(&mut self, chunk: &[u8], now: Timestamp, out: &mut Vec<u8>) {
        for part in chunk.split_inclusive(|byte| *byte == b'\n') {
            let mut part = part;
            while self.pending.len() + part.len() > ENTRY_MAX + 1 {
                let (head, tail) = part.split_at(ENTRY_MAX - self.pending.len());
                self.pending.extend_from_slice(head);
                self.flush(now, 'P', out);
                part = tail;
            }
            self.pending.extend_from_slice(part);
            if self.pending.last() == Some(&b'\n') {
                self.pending.pop();
                self.flush(now, 'F', out);
            } else if self.pending.len() >= ENTRY_MAX {
                self.flush(now, 'P', out);
            }
        }
    }

    /// The stream is over: what is left had no newline, and so is no full line.
    pub(super) fn end(&mut self, now: Timestamp, out: &mut Vec<u8>) {
        if !self.pending.is_empty() {
            self.flush(now, 'P', out);
        }
    }

    fn flush(&mut self, now: Timestamp, tag: char, out: &mut Vec<u8>) {
        entry(now, self.stream, tag, &self.pending, out);
        self.pending.clear();
    }
}

/// Appends one entry to `out`.
pub(super) fn entry(now: Timestamp, stream: &str, tag: char, text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{now:.9} {stream} {tag} ").as_bytes());
    out.extend_from_slice(text);
    out.push(b'\n');
}

/// One entry, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) time: &'a str,
    /// Its text ends a line.
    pub(super) full: bool,
    pub(super) text: &'a [u8],
}

/// Reads an entry from a line without its newline; nothing if it is none.
pub(super) fn parse(line: &[u8]) -> Option<Entry<'_>> {
    let mut parts = line.splitn(4, |byte| *byte == b' ');
    let time = std::str::from_utf8(parts.next()?).ok()?;
    let _stream = parts.next()?;
    let full = parts.next()? == b"F";
    let text = parts.next()?;
    Some(Entry { time, full, text })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{ENTRY_MAX, Splitter, parse};

    fn split(chunks: &[&[u8]]) -> String {
        let (mut splitter, mut out) = (Splitter::new("stdout"), Vec::new());
        for chunk in chunks {
            splitter.feed(chunk, Timestamp::UNIX_EPOCH, &mut out);
        }
        splitter.end(Timestamp::UNIX_EPOCH, &mut out);
        String::from_utf8(out)
            .expect("text")
            .replace("1970-01-01T00:00:00.000000000Z stdout ", "")
    }

    #[test]
    fn lines_are_joined_over_chunks() {
        assert_eq!(split(&[b"a\nb", b"c\n", b"\n"]), "F a\nF bc\nF \n");
    }

    #[test]
    fn text_without_a_newline_is_partial() {
        assert_eq!(split(&[b"a\nb"]), "F a\nP b\n");
        assert_eq!(split(&[b""]), "");
    }

    #[test]
    fn long_lines_are_cut_and_lose_nothing() {
        for (length, chunk) in [
            (ENTRY_MAX, 7),
            (ENTRY_MAX * 2 + 5, 4096),
            (ENTRY_MAX + 1, 70_000),
        ] {
            let mut text = "x".repeat(length);
            text.push('\n');
            let chunks: Vec<_> = text.as_bytes().chunks(chunk).collect();
            let out = split(&chunks);
            let mut joined = Vec::new();
            for line in out.lines() {
                assert!(line.len() <= ENTRY_MAX + 2, "{}", line.len());
                joined.extend_from_slice(&line.as_bytes()[2..]);
                if line.starts_with('F') {
                    joined.push(b'\n');
                }
            }
            assert_eq!(joined, text.as_bytes(), "{length} {chunk}");
        }
    }

    #[test]
    fn an_entry_reads_back() {
        let entry = parse(b"2026-01-01T00:00:00.000000001Z stderr P a b ").expect("an entry");
        assert_eq!(entry.time, "2026-01-01T00:00:00.000000001Z");
        assert!(!entry.full);
        assert_eq!(entry.text, b"a b ");
        assert_eq!(parse(b"nonsense"), None);
    }
}
