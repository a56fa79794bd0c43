//! The list of items as the command line names it.

#![expect(clippy::disallowed_methods, reason = "item lists are read here")]

use std::path::{Path, PathBuf};

use super::files::{is_stdin, read_file, read_lines};
use super::scratch::in_file;
use crate::cli::{CliResult, Failure};
use crate::items::{
    self, Format, List, ListOptions, Sample, Selection, Source, glob_depth, glob_root,
};

/// The largest item list, in bytes.
const LIST_MAX: u64 = 4 << 30;
/// The largest item list that is one value as a whole.
const DOCUMENT_MAX: u64 = 1 << 30;

/// The list of items.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Items")]
pub(in crate::cli) struct ItemArgs {
    /// Items, separated by commas; an item with a comma stands in double quotes; repeatable
    #[arg(long, value_name = "A,B,C")]
    items: Vec<String>,
    /// A file of items, or - for standard input; its extension says how it is written; repeatable
    #[arg(long, value_name = "FILE")]
    pub(super) items_from: Vec<PathBuf>,
    /// How item files are written: lines, csv, tsv, json, jsonl or yaml
    #[arg(long, value_name = "FORMAT", value_parser = format, requires = "items_from")]
    items_format: Option<Format>,
    /// Items are separated by NUL instead of line ends, as find -print0 writes them
    #[arg(
        short = '0',
        long,
        requires = "items_from",
        conflicts_with = "items_format"
    )]
    null: bool,
    /// Numbers: 1..100, 1..100..5, or 001..100 with zeros in front; repeatable
    #[arg(long, value_name = "FROM..TO")]
    range: Vec<String>,
    /// Numbers as Slurm's --array takes them: 0-9,20-99:2,200%8; a % limits how many run at once
    #[arg(long, value_name = "LIST")]
    array: Vec<String>,
    /// Files whose path matches a pattern, sorted: 'data/*.csv'; repeatable
    #[arg(long, value_name = "PATTERN")]
    glob: Vec<String>,
    /// A field with its values; each further one multiplies the list: --matrix lr=1,2 --matrix seed=1,2,3
    #[arg(long, value_name = "NAME=A,B")]
    matrix: Vec<String>,
    /// Put the sources side by side instead of one after the other; their lengths must be the same
    #[arg(long)]
    link: bool,
    /// Leave out an item that comes again, instead of refusing the list
    #[arg(long)]
    skip_duplicates: bool,
    /// Take only so many items, from the front
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Take only a random sample of so many items
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// Which random sample or order it is: the same seed gives the same one
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 0,
        hide_default_value = true
    )]
    seed: u64,
}

fn format(name: &str) -> Result<Format, String> {
    let known = || format!("expected one of {}", Format::NAMES.join(", "));
    name.parse().map_err(|_| known())
}

impl ItemArgs {
    /// Whether any source is named.
    pub(super) fn are_given(&self) -> bool {
        let texts = [
            &self.items,
            &self.range,
            &self.array,
            &self.glob,
            &self.matrix,
        ];
        !self.items_from.is_empty() || texts.iter().any(|texts| !texts.is_empty())
    }

    /// What random choices follow from.
    pub(in crate::cli) fn seed(&self) -> u64 {
        self.seed
    }

    /// Reads all sources.
    pub(super) fn list(&self) -> CliResult<List> {
        let options = ListOptions {
            link: self.link,
            selection: self.selection(),
        };
        Ok(items::list(&self.sources()?, &options)?)
    }

    fn selection(&self) -> Selection {
        Selection {
            skip_duplicates: self.skip_duplicates,
            sample: self.sample.map(|count| Sample {
                count,
                seed: self.seed,
            }),
            limit: self.limit,
        }
    }

    /// The file whose lines can be taken one by one, if the list is nothing else.
    pub(super) fn single_stream(&self) -> Option<&Path> {
        let [path] = self.items_from.as_slice() else {
            return None;
        };
        let texts = [
            &self.items,
            &self.range,
            &self.array,
            &self.glob,
            &self.matrix,
        ];
        let alone = texts.iter().all(|texts| texts.is_empty()) && self.sample.is_none();
        let by_lines = matches!(self.format_of(path), Format::Lines | Format::Null);
        (alone && by_lines).then_some(path.as_path())
    }

    /// The lines of that file, one by one.
    pub(super) fn stream<R: std::io::BufRead>(&self, name: &str, reader: R) -> items::Stream<R> {
        let separator = if self.null {
            items::Separator::Null
        } else {
            items::Separator::Line
        };
        items::Stream::new(name, reader, separator)
            .skip_duplicates(self.skip_duplicates)
            .limit(self.limit)
            .scratch(in_file)
    }

    fn format_of(&self, path: &Path) -> Format {
        if self.null {
            return Format::Null;
        }
        self.items_format
            .unwrap_or_else(|| Format::of_name(&path.to_string_lossy()))
    }

    fn sources(&self) -> CliResult<Vec<Source>> {
        let mut sources: Vec<Source> = self.items.iter().cloned().map(Source::Comma).collect();
        for path in &self.items_from {
            let format = self.format_of(path);
            let (name, bytes) = match format {
                Format::Json | Format::Yaml => read_file(path, DOCUMENT_MAX)?,
                Format::Null => read_lines(path, LIST_MAX, 0)?,
                _ => read_lines(path, LIST_MAX, b'\n')?,
            };
            sources.push(Source::Text {
                name,
                bytes,
                format,
            });
        }
        sources.extend(self.range.iter().cloned().map(Source::Range));
        sources.extend(self.array.iter().cloned().map(Source::Array));
        for pattern in &self.glob {
            let mut paths = Vec::new();
            walk(
                Path::new(glob_root(pattern)),
                glob_depth(pattern).unwrap_or(usize::MAX),
                &mut paths,
            );
            sources.push(Source::Glob {
                pattern: pattern.clone(),
                paths,
            });
        }
        sources.extend(self.matrix.iter().cloned().map(Source::Matrix));
        Ok(sources)
    }
}

/// All paths below a folder; links are not followed, and what cannot be read holds nothing.
fn walk(folder: &Path, depth: usize, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if let Some(text) = path.to_str() {
            found.push(text.to_owned());
        }
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && depth > 1 {
            walk(&path, depth - 1, found);
        }
    }
}

/// Standard input may be read once.
pub(super) fn refuse_two_readers(templates: &[PathBuf], items: &ItemArgs) -> CliResult<()> {
    let readers = templates
        .iter()
        .chain(&items.items_from)
        .filter(|path| is_stdin(path));
    if readers.count() > 1 {
        return Err(Failure::usage("standard input (-) can be read only once"));
    }
    Ok(())
}
