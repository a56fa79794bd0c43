//! Room for what a long list does not keep in memory: files without a name, which the system removes when the program ends.

use std::io;

use crate::items::{Scratch, in_memory};

/// A new one; it is in memory where no file can be made, as in a container whose file system cannot be written.
pub(in crate::cli) fn in_file() -> io::Result<Box<dyn Scratch>> {
    match tempfile::tempfile() {
        Ok(file) => Ok(Box::new(file)),
        Err(error) => {
            tracing::debug!(%error, "no temporary file, memory instead");
            in_memory()
        }
    }
}
