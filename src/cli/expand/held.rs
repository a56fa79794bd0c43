//! Output that is made in many small pieces and written in few large ones, through a wide pipe.

use std::io::{StdoutLock, Write};

/// Bytes that are gathered before they are written.
const CHUNK: usize = 64 * 1024;
/// Bytes that are held back at first: a wrong item among the first seven thousand or so leaves nothing half printed.
const HELD_BACK: usize = 4 * 1024 * 1024;

/// Bytes that a pipe is asked to hold: what any user may ask of Linux (`fs.pipe-max-size`, pipe(7)), sixteen times what it holds otherwise.
#[cfg(target_os = "linux")]
const PIPE: usize = 1024 * 1024;

/// Standard output; if it is a pipe, one that holds more, so that the writer and its reader wake each other less often.
pub(super) fn stdout() -> StdoutLock<'static> {
    let out = std::io::stdout().lock();
    // What is no pipe, or more than the system grants, changes nothing.
    #[cfg(target_os = "linux")]
    if rustix::pipe::fcntl_getpipe_size(&out).is_ok_and(|size| size < PIPE) {
        rustix::pipe::fcntl_setpipe_size(&out, PIPE).ok();
    }
    out
}

/// Output that is held back until there is much of it.
pub(super) struct Held<W> {
    out: W,
    /// What was made and not yet written.
    pub(super) buffer: Vec<u8>,
    most: usize,
}

impl<W: Write> Held<W> {
    /// Holds back what goes to `out`.
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            buffer: Vec::with_capacity(2 * CHUNK),
            most: HELD_BACK,
        }
    }

    /// Writes what was made, if it is much.
    pub(super) fn pass_on(&mut self) -> std::io::Result<()> {
        if self.buffer.len() >= self.most {
            self.out.write_all(&self.buffer)?;
            self.buffer.clear();
            self.buffer.shrink_to(2 * CHUNK);
            self.most = CHUNK;
        }
        Ok(())
    }

    /// Writes the rest.
    pub(super) fn finish(&mut self) -> std::io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.out.flush()
    }
}
