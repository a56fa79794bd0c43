//! Writes the output of one try of a container to its log file.

#![expect(
    clippy::disallowed_methods,
    reason = "each entry bears the time at which it was read"
)]

use std::io;

use jiff::Timestamp;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

use super::cri::{Splitter, entry};

/// The most that one try may write. What comes after it is read and dropped, so that the process never blocks.
const LOG_MAX: u64 = 64 * 1024 * 1024;
/// How much is read at a time.
const CHUNK: usize = 64 * 1024;

/// How far a log has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Bytes of whole entries in the file.
    pub(super) length: u64,
    /// Nothing more will come.
    pub(super) done: bool,
}

/// The writing end of one log file.
#[derive(Debug)]
pub(crate) struct LogWriter {
    file: File,
    limit: u64,
    length: u64,
    full: bool,
    progress: watch::Sender<Progress>,
}

impl LogWriter {
    pub(super) fn new(file: std::fs::File, progress: watch::Sender<Progress>) -> Self {
        Self {
            file: File::from_std(file),
            limit: LOG_MAX,
            length: 0,
            full: false,
            progress,
        }
    }

    /// Copies both streams into the file until both have ended.
    ///
    /// An error of the file ends the log, never the reading: a process whose output nobody reads would block.
    pub(crate) async fn pump(
        &mut self,
        mut stdout: impl AsyncRead + Unpin,
        mut stderr: impl AsyncRead + Unpin,
    ) {
        let (mut out, mut err) = (Splitter::new("stdout"), Splitter::new("stderr"));
        let (mut out_open, mut err_open) = (true, true);
        let (mut out_chunk, mut err_chunk) = (vec![0; CHUNK], vec![0; CHUNK]);
        let mut entries = Vec::new();
        while out_open || err_open {
            tokio::select! {
                read = stdout.read(&mut out_chunk), if out_open => {
                    out_open = take(&mut out, &out_chunk, &read, &mut entries);
                }
                read = stderr.read(&mut err_chunk), if err_open => {
                    err_open = take(&mut err, &err_chunk, &read, &mut entries);
                }
            }
            if let Err(error) = self.append(&entries).await {
                tracing::warn!(%error, "a container's log cannot be written");
                self.full = true;
            }
            entries.clear();
        }
    }

    async fn append(&mut self, entries: &[u8]) -> io::Result<()> {
        if self.full || entries.is_empty() {
            return Ok(());
        }
        if self.length + entries.len() as u64 > self.limit {
            self.full = true;
            let notice = format!(
                "kubectl-batch: the log has reached its limit of {} MiB; the rest is dropped",
                self.limit >> 20
            );
            let mut last = Vec::new();
            entry(
                Timestamp::now(),
                "stderr",
                'F',
                notice.as_bytes(),
                &mut last,
            );
            return self.put(&last).await;
        }
        self.put(entries).await
    }

    async fn put(&mut self, entries: &[u8]) -> io::Result<()> {
        self.file.write_all(entries).await?;
        self.file.flush().await?;
        self.length += entries.len() as u64;
        let length = self.length;
        self.progress
            .send_modify(|progress| progress.length = length);
        Ok(())
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        self.progress.send_modify(|progress| progress.done = true);
    }
}

/// Takes what was read into entries; whether the stream is still open.
fn take(
    splitter: &mut Splitter,
    chunk: &[u8],
    read: &io::Result<usize>,
    entries: &mut Vec<u8>,
) -> bool {
    let now = Timestamp::now();
    match read {
        Ok(length) if *length > 0 => {
            splitter.feed(&chunk[..*length], now, entries);
            true
        }
        _ => {
            splitter.end(now, entries);
            false
        }
    }
}

#[cfg(test)]
mod tests;
