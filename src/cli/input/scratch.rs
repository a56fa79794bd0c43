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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::items::{Separator, Stream};

    /// More than the 114,688 items that memory keeps.
    const LENGTH: usize = 120_000;

    #[test]
    fn an_item_that_left_memory_is_known_when_it_comes_again() {
        let numbers = (1..=LENGTH).chain([7]);
        let list: Vec<String> = numbers.map(|number| format!("i{number}")).collect();
        let list = list.join("\n");
        let stream = || Stream::new("f", list.as_bytes(), Separator::Line).scratch(in_file);
        let error = stream().find_map(Result::err).expect("twice").to_string();
        let expected = "item \"i7\" is there twice, as f:7 and as f:120001:";
        assert!(error.starts_with(expected), "{error}");
        let rest = stream().skip_duplicates(true).flatten();
        assert_eq!(rest.count(), LENGTH);
    }
}
