//! The list of a batch: from everything that the command line names, in its order.

use super::Item;
use super::array::Array;
use super::combine::{Part, link, product};
use super::comma::comma_list;
use super::constant::is_name;
use super::entry::Entry;
use super::error::ListError;
use super::fields::variables;
use super::format::Format;
use super::paths::glob;
use super::range::range;
use super::select::{Selection, check, select};

/// Where items come from; what had to be read was read already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `--items a,b,c`.
    Comma(String),
    /// `--items-from FILE`.
    Text {
        /// The file's name, for messages.
        name: String,
        /// Its content.
        bytes: Vec<u8>,
        /// How its items stand in it.
        format: Format,
    },
    /// `--range 1..100`.
    Range(String),
    /// `--array 0-9%2`.
    Array(String),
    /// `--glob 'data/*.csv'`.
    Glob {
        /// The pattern.
        pattern: String,
        /// The paths below [`super::glob_root`]; those that do not match are no items.
        paths: Vec<String>,
    },
    /// `--matrix key=a,b`, as it is written.
    Matrix(String),
}

/// What is made of the sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// The sources go side by side instead of one after the other.
    pub link: bool,
    /// Which of the items are taken.
    pub selection: Selection,
}

/// A whole list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The items, numbered.
    pub items: Vec<Item>,
    /// The `$NAME`s that its records provide: what [`crate::template::Options::variables`] takes.
    pub variables: Vec<String>,
    /// How many may run at once: the smallest number after a `%` of `--array`.
    pub max_active: Option<usize>,
    /// How many duplicates were left out.
    pub skipped: usize,
}

/// Reads all sources. Plain ones follow each other; each `--matrix` multiplies the list by its values, in order, and with
/// `link` all sources go side by side. A scalar that is combined becomes the field `item` (`item1`, `item2` and so on where several
/// plain sources are linked), so that `$ITEM` still names it.
pub fn list(sources: &[Source], options: &ListOptions) -> Result<List, ListError> {
    let mut max_active = None;
    let parts = sources
        .iter()
        .map(|source| part(source, &mut max_active))
        .collect::<Result<Vec<_>, _>>()?;
    let entries = if options.link {
        link(&numbered(parts))?
    } else {
        combined(parts)?
    };
    entries.iter().try_for_each(check)?;
    let variables = variables(&entries)?;
    let (items, skipped) = select(entries, &options.selection)?;
    Ok(List {
        items,
        variables,
        max_active,
        skipped,
    })
}

fn part(source: &Source, max_active: &mut Option<usize>) -> Result<Part, ListError> {
    let plain = |label: String, entries: Vec<Entry>| Part {
        label,
        field: None,
        entries,
    };
    Ok(match source {
        Source::Comma(text) => plain("--items".into(), comma_list("--items", text)?),
        Source::Text {
            name,
            bytes,
            format,
        } => plain(name.clone(), format.read(name, bytes)?),
        Source::Range(text) => plain(format!("--range {text}"), range(text)?),
        Source::Array(text) => {
            let array = Array::parse(text)?;
            let most = array
                .max_active
                .unwrap_or(usize::MAX)
                .min(max_active.unwrap_or(usize::MAX));
            *max_active = (most != usize::MAX).then_some(most);
            plain(format!("--array {text}"), array.entries())
        }
        Source::Glob { pattern, paths } => {
            let label = format!("--glob {pattern}");
            let entries = glob(pattern, paths.iter().map(String::as_str))?;
            if entries.is_empty() {
                let hint =
                    "quote the pattern, and look from the directory in which the command runs";
                return Err(ListError::syntax(&label, "no file matches", hint));
            }
            plain(label, entries)
        }
        Source::Matrix(text) => axis(text)?,
    })
}

fn axis(text: &str) -> Result<Part, ListError> {
    let hint = "expected NAME=VALUE,VALUE,...: --matrix size=small,large";
    let named = text.split_once('=').filter(|(key, _)| is_name(key));
    let Some((key, values)) = named else {
        let place = format!("--matrix {text}");
        return Err(ListError::syntax(
            &place,
            "there is no name in front of a `=`",
            hint,
        ));
    };
    let label = format!("--matrix {key}");
    let entries = comma_list(&label, values)?;
    if entries.is_empty() {
        return Err(ListError::syntax(&label, "there are no values", hint));
    }
    Ok(Part {
        label,
        field: Some(key.to_owned()),
        entries,
    })
}

/// Plain sources one after the other, times each matrix.
fn combined(parts: Vec<Part>) -> Result<Vec<Entry>, ListError> {
    let (axes, plain): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| part.field.is_some());
    let labels: Vec<_> = plain.iter().map(|part| part.label.clone()).collect();
    let has_plain = !plain.is_empty();
    let entries: Vec<Entry> = plain.into_iter().flat_map(|part| part.entries).collect();
    if axes.is_empty() {
        return Ok(entries);
    }
    let plain = has_plain.then(|| Part {
        label: labels.join(" and "),
        field: None,
        entries,
    });
    product(&plain.into_iter().chain(axes).collect::<Vec<_>>())
}

/// Gives the scalars of several plain sources names of their own.
fn numbered(mut parts: Vec<Part>) -> Vec<Part> {
    let is_scalar = |part: &Part| {
        part.field.is_none() && part.entries.iter().any(|entry| !entry.value.is_object())
    };
    if parts.iter().filter(|part| is_scalar(part)).count() > 1 {
        let scalars = parts.iter_mut().filter(|part| is_scalar(part));
        for (at, part) in scalars.enumerate() {
            part.field = Some(format!("item{}", at + 1));
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(sources: &[Source], link: bool) -> Result<List, ListError> {
        let selection = Selection::default();
        list(sources, &ListOptions { link, selection })
    }

    fn values(sources: &[Source], link: bool) -> Value {
        let list = read(sources, link).expect("a list");
        list.items.into_iter().map(|item| item.value).collect()
    }

    fn comma(text: &str) -> Source {
        Source::Comma(text.into())
    }

    fn matrix(text: &str) -> Source {
        Source::Matrix(text.into())
    }

    #[test]
    fn plain_sources_follow_each_other() {
        let text = Source::Text {
            name: "f".into(),
            bytes: b"x\ny\n".to_vec(),
            format: Format::Lines,
        };
        let glob = Source::Glob {
            pattern: "*.z".into(),
            paths: vec!["b.z".into(), "a.z".into(), "c".into()],
        };
        let sources = [comma("a,b"), text, Source::Range("1..2".into()), glob];
        assert_eq!(
            values(&sources, false),
            json!(["a", "b", "x", "y", "1", "2", "a.z", "b.z"])
        );
    }

    #[test]
    fn a_matrix_multiplies() {
        let axes = [matrix("size=s,l"), matrix("lr=1,2")];
        assert_eq!(
            values(&axes, false),
            json!([{"size": "s", "lr": "1"}, {"size": "s", "lr": "2"}, {"size": "l", "lr": "1"}, {"size": "l", "lr": "2"}])
        );
        let list = read(&[matrix("n=1,2"), comma("a,b")], false).expect("a list");
        assert_eq!(list.variables, ["ITEM", "N"]);
        assert_eq!(list.items[1].value, json!({"item": "a", "n": "2"}));
        for wrong in ["n", "=a", "a b=c", "n="] {
            assert!(read(&[matrix(wrong)], false).is_err(), "{wrong}");
        }
    }

    #[test]
    fn linked_sources_go_side_by_side() {
        let table = Source::Text {
            name: "f.csv".into(),
            bytes: b"k\n1\n2\n".to_vec(),
            format: Format::Csv,
        };
        assert_eq!(
            values(&[comma("a,b"), table], true),
            json!([{"item": "a", "k": "1"}, {"item": "b", "k": "2"}])
        );
        assert_eq!(
            values(
                &[comma("a,b"), Source::Range("1..2".into()), matrix("m=x,y")],
                true
            ),
            json!([{"item1": "a", "item2": "1", "m": "x"}, {"item1": "b", "item2": "2", "m": "y"}])
        );
        let error = read(&[comma("a,b"), Source::Range("1..3".into())], true).expect_err("lengths");
        let expected =
            "--items has 2 items and --range 1..3 has 3: --link needs lists of one length";
        assert!(error.to_string().starts_with(expected), "{error}");
    }

    #[test]
    fn a_pattern_that_nothing_matches_is_named() {
        let glob = Source::Glob {
            pattern: "*.z".into(),
            paths: vec!["a.y".into()],
        };
        let error = read(&[glob], false).expect_err("nothing").to_string();
        assert!(
            error.starts_with("--glob *.z: no file matches\nhint:"),
            "{error}"
        );
    }

    #[test]
    fn an_array_says_how_many_run_at_once() {
        let arrays = [Source::Array("0-3%7".into()), Source::Array("9%2".into())];
        let list = read(&arrays, false).expect("a list");
        assert_eq!((list.items.len(), list.max_active), (5, Some(2)));
        let list = read(&[Source::Array("1".into())], false).expect("a list");
        assert_eq!(list.max_active, None);
    }
}
