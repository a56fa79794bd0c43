//! Reads a log file back as text, following it while it grows if asked to.

use std::io::{self, SeekFrom};
use std::path::PathBuf;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use jiff::Timestamp;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::sync::watch;

use super::cri::parse;
use super::write::Progress;

/// How much is read at a time.
const CHUNK: u64 = 64 * 1024;

/// What to show of a log (core/v1, `PodLogOptions`).
#[derive(Clone, Debug, Default)]
pub struct LogOptions {
    /// Wait for more until the container ends.
    pub follow: bool,
    /// The try before the current one.
    pub previous: bool,
    /// Only this many entries at the end.
    pub tail_lines: Option<u64>,
    /// Only entries from this time on; the caller turns `sinceSeconds` into a time.
    pub since: Option<Timestamp>,
    /// Each line begins with its time.
    pub timestamps: bool,
    /// At most this many bytes of text.
    pub limit_bytes: Option<u64>,
}

/// A log being read.
pub(super) struct Reader {
    path: PathBuf,
    progress: watch::Receiver<Progress>,
    options: LogOptions,
    file: Option<File>,
    offset: u64,
    /// The head of an entry whose end is not read yet.
    carry: Vec<u8>,
    /// The last text shown was the end of a line.
    at_line_start: bool,
    left: u64,
}

impl Reader {
    pub(super) fn new(
        path: PathBuf,
        progress: watch::Receiver<Progress>,
        options: LogOptions,
    ) -> Self {
        Self {
            path,
            progress,
            left: options.limit_bytes.unwrap_or(u64::MAX),
            options,
            file: None,
            offset: 0,
            carry: Vec::new(),
            at_line_start: true,
        }
    }

    pub(super) fn stream(self) -> BoxStream<'static, io::Result<Bytes>> {
        futures::stream::try_unfold(self, |mut reader| async move {
            let next = reader.next().await?;
            Ok(next.map(|bytes| (bytes, reader)))
        })
        .boxed()
    }

    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        while self.left > 0 {
            let progress = *self.progress.borrow_and_update();
            if self.file.is_none() {
                self.open(progress.length).await?;
            }
            if self.offset < progress.length {
                let text = self.read(progress.length).await?;
                if !text.is_empty() {
                    return Ok(Some(text));
                }
            } else if progress.done
                || !self.options.follow
                || self.progress.changed().await.is_err()
            {
                break;
            }
        }
        Ok(None)
    }

    async fn open(&mut self, length: u64) -> io::Result<()> {
        let mut file = File::open(&self.path).await?;
        if let Some(lines) = self.options.tail_lines {
            self.offset = tail(&mut file, length, lines).await?;
        }
        file.seek(SeekFrom::Start(self.offset)).await?;
        self.file = Some(file);
        Ok(())
    }

    async fn read(&mut self, length: u64) -> io::Result<Bytes> {
        let wanted = (length - self.offset).min(CHUNK);
        let mut chunk = vec![0; wanted as usize];
        let Some(file) = &mut self.file else {
            return Ok(Bytes::new());
        };
        file.read_exact(&mut chunk).await?;
        self.offset += wanted;
        Ok(self.show(&chunk))
    }

    /// The text of the entries that `chunk` completes.
    fn show(&mut self, chunk: &[u8]) -> Bytes {
        let mut data = std::mem::take(&mut self.carry);
        data.extend_from_slice(chunk);
        let whole = data
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let mut text = Vec::with_capacity(whole);
        for line in data[..whole].split_inclusive(|byte| *byte == b'\n') {
            self.show_entry(&line[..line.len() - 1], &mut text);
        }
        self.carry = data.split_off(whole);
        text.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= text.len() as u64;
        text.into()
    }

    fn show_entry(&mut self, line: &[u8], text: &mut Vec<u8>) {
        let Some(entry) = parse(line) else { return };
        let too_early = |since: Timestamp| {
            entry
                .time
                .parse::<Timestamp>()
                .is_ok_and(|time| time < since)
        };
        if self.options.since.is_some_and(too_early) {
            return;
        }
        if self.options.timestamps && self.at_line_start {
            text.extend_from_slice(entry.time.as_bytes());
            text.push(b' ');
        }
        text.extend_from_slice(entry.text);
        if entry.full {
            text.push(b'\n');
        }
        self.at_line_start = entry.full;
    }
}

/// Where the last `lines` entries begin.
async fn tail(file: &mut File, length: u64, lines: u64) -> io::Result<u64> {
    let (mut end, mut seen) = (length, 0);
    if lines == 0 {
        return Ok(length);
    }
    while end > 0 {
        let start = end.saturating_sub(CHUNK);
        let mut chunk = vec![0; (end - start) as usize];
        file.seek(SeekFrom::Start(start)).await?;
        file.read_exact(&mut chunk).await?;
        for (at, _) in chunk
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, byte)| **byte == b'\n')
        {
            if seen == lines {
                return Ok(start + at as u64 + 1);
            }
            seen += 1;
        }
        end = start;
    }
    Ok(0)
}
