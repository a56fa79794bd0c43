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
    buffer: Vec<u8>,
    most: usize,
}

impl<W: Write> Held<W> {
    /// Holds back what goes to `out`.
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            buffer: Vec::new(),
            most: HELD_BACK,
        }
    }

    /// Takes what was made, and writes it if it is much.
    pub(super) fn push(&mut self, made: &[u8]) -> std::io::Result<()> {
        if self.buffer.len() + made.len() < self.most {
            self.buffer.extend_from_slice(made);
            return Ok(());
        }
        self.out.write_all(&self.buffer)?;
        self.out.write_all(made)?;
        if self.most == HELD_BACK {
            self.buffer = Vec::new();
            self.most = CHUNK;
        }
        self.buffer.clear();
        Ok(())
    }

    /// Writes the rest.
    pub(super) fn finish(&mut self) -> std::io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_written_before_there_is_much_and_nothing_is_lost() {
        let (mut written, piece) = (Vec::new(), vec![7; CHUNK]);
        let mut held = Held::new(&mut written);
        for _ in 1..HELD_BACK / CHUNK {
            held.push(&piece).expect("memory");
        }
        assert_eq!(held.out.len(), 0);
        held.push(&piece).expect("memory");
        assert_eq!(held.out.len(), HELD_BACK);
        held.push(b"end").expect("memory");
        assert_eq!(held.out.len(), HELD_BACK);
        held.finish().expect("memory");
        assert_eq!(written.len(), HELD_BACK + 3);
        assert!(written.ends_with(b"\x07end"));
    }
}
