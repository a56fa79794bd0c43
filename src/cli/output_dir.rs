//! A folder with one manifest for each item: all files are written, or none.

#![expect(clippy::disallowed_methods, reason = "manifests are written here")]

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{CliResult, Failure};
use crate::manifest::names;

/// The folder of `--output-dir`.
pub(super) struct OutputDir {
    path: PathBuf,
    overwrite: bool,
}

impl OutputDir {
    pub(super) fn new(path: &Path, overwrite: bool) -> Self {
        Self {
            path: path.to_owned(),
            overwrite,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `job-ITEM.yaml` for each item; gives their number.
    pub(super) fn write(&self, files: &[(String, Vec<u8>)]) -> CliResult<usize> {
        let paths: Vec<PathBuf> = files
            .iter()
            .map(|(item, _)| self.path.join(file_name(item)))
            .collect();
        if !self.overwrite
            && let Some(path) = paths.iter().find(|path| path.symlink_metadata().is_ok())
        {
            return Err(Failure::usage(format!(
                "{}: this file is there already, and nothing was written\nhint: --overwrite replaces the files of the items",
                path.display()
            )));
        }
        let wrong = |error: std::io::Error| self.wrong(&error);
        std::fs::create_dir_all(&self.path).map_err(wrong)?;
        // First all contents go into files without a name that counts, so that a full disk leaves no half list.
        let mut ready = Vec::with_capacity(files.len());
        for (_, text) in files {
            let mut file = new_file(&self.path, ".job-").map_err(wrong)?;
            file.write_all(text).map_err(wrong)?;
            ready.push(file.into_temp_path());
        }
        for (file, path) in ready.into_iter().zip(&paths) {
            file.persist(path).map_err(|error| wrong(error.error))?;
        }
        Ok(paths.len())
    }
}

impl OutputDir {
    /// A file for the output of one try, without a name yet.
    pub(super) fn new_log(&self) -> CliResult<BufWriter<NamedTempFile>> {
        let made = std::fs::create_dir_all(&self.path);
        let made = made.and_then(|()| new_file(&self.path, ".log-"));
        Ok(BufWriter::new(made.map_err(|error| self.wrong(&error))?))
    }

    /// Names the file of a try of an item, now that it is whole: `ITEM.log`, `ITEM.2.log`.
    pub(super) fn keep_log(
        &self,
        file: BufWriter<NamedTempFile>,
        item: &str,
        attempt: usize,
    ) -> CliResult<()> {
        let number = if attempt > 1 {
            format!(".{attempt}")
        } else {
            String::new()
        };
        let name = format!("{}{number}.log", safe_name("", item));
        let file = file.into_inner();
        let file = file.map_err(|error| self.wrong(error.error()))?;
        let kept = file.persist(self.path.join(name));
        kept.map_err(|error| self.wrong(&error.error))?;
        Ok(())
    }

    /// What went wrong while writing.
    pub(super) fn wrong(&self, error: &std::io::Error) -> Failure {
        Failure::tool(format!(
            "cannot write into {}: {error}",
            self.path.display()
        ))
    }
}

/// A file that gets its name once it is whole. Others may read it as far as the user's umask lets them.
fn new_file(folder: &Path, prefix: &str) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// A file name that stays in its folder whatever the item is, and that no other item has.
fn file_name(item: &str) -> String {
    safe_name("job-", item) + ".yaml"
}

fn safe_name(prefix: &str, item: &str) -> String {
    let (part, lost) = names::safe_part(item);
    names::finish(&format!("{prefix}{part}"), lost, item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_never_leaves_its_folder_and_no_two_items_share_one() {
        assert_eq!(file_name("apple"), "job-apple.yaml");
        for item in ["../../etc/passwd", "/", ".", "a\\b", "NUL", "\u{202e}x"] {
            let made = file_name(item);
            assert!(
                !made.contains(['/', '\\']) && made.starts_with("job-"),
                "{made}"
            );
        }
        assert_ne!(file_name("a/b"), file_name("a_b"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nowhere_is_there_too_and_files_are_as_others_that_the_user_writes() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        std::os::unix::fs::symlink("nowhere", folder.path().join("job-a.yaml")).expect("linked");
        let file = |item: &str| [(item.to_owned(), b"new".to_vec())];
        assert!(
            OutputDir::new(folder.path(), false)
                .write(&file("a"))
                .is_err()
        );
        OutputDir::new(folder.path(), false)
            .write(&file("b"))
            .expect("written");
        std::fs::write(folder.path().join("other"), "").expect("written");
        let mode = |name: &str| {
            let path = folder.path().join(name);
            path.metadata().expect("there").permissions().mode()
        };
        assert_eq!(mode("job-b.yaml"), mode("other"));
    }

    #[test]
    fn files_that_are_there_are_kept_and_nothing_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("job-b.yaml"), "old").expect("written");
        let files = ["a", "b"].map(|item| (item.to_owned(), b"new".to_vec()));
        let error = OutputDir::new(folder.path(), false)
            .write(&files)
            .expect_err("refused");
        assert!(error.message.contains("job-b.yaml"), "{}", error.message);
        assert!(!folder.path().join("job-a.yaml").exists());
        assert_eq!(
            OutputDir::new(folder.path(), true)
                .write(&files)
                .expect("written"),
            2
        );
        let left = std::fs::read_dir(folder.path()).expect("read").count();
        assert_eq!(left, 2, "no other file is left");
    }
}
