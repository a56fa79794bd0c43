//! The formats of a list in a file.

use std::str::FromStr;

use super::entry::Entry;
use super::error::ListError;
use super::lines::{Separator, separated};
use super::{json, table, yaml};

/// How the items stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One a line.
    Lines,
    /// With NUL between them.
    Null,
    /// A table with a header: each row is a record.
    Csv,
    /// The same, with tabs.
    Tsv,
    /// An array, or values one after the other.
    Json,
    /// A value a line.
    Jsonl,
    /// A list.
    Yaml,
}

impl Format {
    /// The names of all formats, as `--items-format` takes them.
    pub const NAMES: [&str; 6] = ["lines", "csv", "tsv", "json", "jsonl", "yaml"];

    /// The format that a file's name says; lines if it says none.
    pub fn of_name(name: &str) -> Self {
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        match extension.to_ascii_lowercase().as_str() {
            "csv" => Self::Csv,
            "tsv" | "tab" => Self::Tsv,
            "json" => Self::Json,
            "jsonl" | "ndjson" => Self::Jsonl,
            "yaml" | "yml" => Self::Yaml,
            _ => Self::Lines,
        }
    }

    /// Reads a list; `origin` is the file's name, for messages.
    pub fn read(self, origin: &str, bytes: &[u8]) -> Result<Vec<Entry>, ListError> {
        match self {
            Self::Lines => separated(origin, bytes, Separator::Line),
            Self::Null => separated(origin, bytes, Separator::Null),
            Self::Csv => table::read(origin, bytes, b','),
            Self::Tsv => table::read(origin, bytes, b'\t'),
            Self::Json => json::values(origin, bytes),
            Self::Jsonl => json::lines(origin, bytes),
            Self::Yaml => yaml::read(origin, bytes),
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "lines" => Ok(Self::Lines),
            "csv" => Ok(Self::Csv),
            "tsv" => Ok(Self::Tsv),
            "json" => Ok(Self::Json),
            "jsonl" => Ok(Self::Jsonl),
            "yaml" => Ok(Self::Yaml),
            _ => Err(format!("`{name}` is none of {}", Self::NAMES.join(", "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_says_the_format() {
        for (name, format) in [
            ("items.csv", Format::Csv),
            ("A.TSV", Format::Tsv),
            ("a.json", Format::Json),
            ("a.ndjson", Format::Jsonl),
            ("a.b.yml", Format::Yaml),
            ("items.txt", Format::Lines),
            ("csv", Format::Lines),
            ("-", Format::Lines),
        ] {
            assert_eq!(Format::of_name(name), format, "{name}");
        }
    }

    #[test]
    fn every_name_is_a_format_and_others_are_refused_with_the_names() {
        for name in Format::NAMES {
            assert!(Format::from_str(name).is_ok(), "{name}");
        }
        assert_eq!(
            Format::from_str("xml"),
            Err("`xml` is none of lines, csv, tsv, json, jsonl, yaml".into())
        );
    }
}
