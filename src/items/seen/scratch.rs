//! Room outside of memory, which the shell hands in.

use std::io::{self, Cursor, Read, Seek, Write};

/// A file of bytes that is gone when it is dropped.
pub trait Scratch: Read + Write + Seek + Send {}

impl<T: Read + Write + Seek + Send> Scratch for T {}

/// Makes an empty one.
pub type MakeScratch = fn() -> io::Result<Box<dyn Scratch>>;

/// What is used where there are no files: memory.
pub fn in_memory() -> io::Result<Box<dyn Scratch>> {
    Ok(Box::new(Cursor::new(Vec::new())))
}

/// A temporary file cannot be made, written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "cannot use a temporary file: {problem}\nhint: to find what comes twice, a long list takes up to 50 bytes an item in the folder for temporary files; TMPDIR names another folder"
)]
pub struct ScratchError {
    /// What the system says.
    problem: String,
}

impl From<io::Error> for ScratchError {
    fn from(error: io::Error) -> Self {
        Self {
            problem: error.to_string(),
        }
    }
}
