//! Files and standard input, read whole and not beyond a bound.

#![expect(
    clippy::disallowed_methods,
    reason = "templates and item lists are read here"
)]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::cli::{CliResult, Failure};

/// Whether a path means standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// A reader of a file, or of standard input, and its name for messages.
pub(super) fn open(path: &Path) -> CliResult<(String, Box<dyn BufRead + Send>)> {
    if is_stdin(path) {
        return Ok((
            "standard input".into(),
            Box::new(BufReader::with_capacity(BUFFER, std::io::stdin())),
        ));
    }
    let name = path.display().to_string();
    match std::fs::File::open(path) {
        Ok(file) => Ok((name, Box::new(BufReader::with_capacity(BUFFER, file)))),
        Err(error) => Err(wrong(&name, &error)),
    }
}

/// Bytes that are read ahead.
const BUFFER: usize = 64 * 1024;

/// A file's name for messages, and its bytes.
pub(super) fn read_file(path: &Path, most: u64) -> CliResult<(String, Vec<u8>)> {
    let (name, reader) = open(path)?;
    let mut bytes = Vec::new();
    let read = reader.take(most.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| wrong(&name, &error))?;
    if bytes.len() as u64 > most {
        return Err(too_large(&name, most));
    }
    Ok((name, bytes))
}

/// The longest line of a list, in bytes: however much of it is quotes and blanks, what it holds is longer than an item may be.
const LINE_MAX: usize = 1 << 20;

/// The same for a list whose items end with a byte: a line that never ends is not read to its end.
pub(super) fn read_lines(path: &Path, most: u64, end: u8) -> CliResult<(String, Vec<u8>)> {
    let (name, mut reader) = open(path)?;
    let mut bytes = Vec::new();
    for line in 1.. {
        let mut bounded = (&mut reader).take(LINE_MAX as u64);
        let count = bounded.read_until(end, &mut bytes);
        let count = count.map_err(|error| wrong(&name, &error))?;
        if count == LINE_MAX && bytes.last() != Some(&end) {
            return Err(Failure::usage(format!(
                "{name}:{line}: a line of more than {LINE_MAX} bytes\nhint: put the content into a file or a ConfigMap, and its name into the list"
            )));
        }
        if bytes.len() as u64 > most {
            return Err(too_large(&name, most));
        }
        if count == 0 {
            break;
        }
    }
    Ok((name, bytes))
}

fn too_large(name: &str, most: u64) -> Failure {
    Failure::usage(format!(
        "{name}: this is larger than {most} bytes, the most that is read"
    ))
}

fn wrong(name: &str, error: &std::io::Error) -> Failure {
    let words = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        std::io::ErrorKind::IsADirectory => "this is a directory".into(),
        _ => error.to_string(),
    };
    Failure::usage(format!("{name}: {words}"))
}

/// The manifests of a directory, in the order of their names.
pub(super) fn manifests(folder: &Path, recursive: bool) -> CliResult<Vec<PathBuf>> {
    let wrong = |error: std::io::Error| Failure::usage(format!("{}: {error}", folder.display()));
    let mut entries = std::fs::read_dir(folder)
        .map_err(wrong)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(wrong)?;
    entries.sort();
    let mut found = Vec::new();
    for path in entries {
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            if recursive {
                found.extend(manifests(&path, true)?);
            }
        } else if matches!(extension, Some("json" | "yaml" | "yml")) {
            found.push(path);
        }
    }
    Ok(found)
}
