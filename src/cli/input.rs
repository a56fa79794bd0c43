//! Templates and items as the command line names them: read whole, and checked, before anything else is done.

#![expect(
    clippy::disallowed_methods,
    reason = "templates and item lists are read here"
)]

use std::io::Read;
use std::path::{Path, PathBuf};

use super::{CliResult, Failure};
use crate::items::{self, Item};
use crate::template::{self, Options, Source, Syntax, Template, builtin, builtins};

/// The largest template file, in bytes.
const TEMPLATE_MAX: u64 = 16 * 1024 * 1024;
/// The template that is expanded when none is named.
const DEFAULT_TEMPLATE: &str = "process-item";

/// Which template, and how it is read.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Template")]
pub(super) struct TemplateArgs {
    /// A template: a file, a directory, or - for standard input; repeatable
    #[arg(
        short = 'f',
        long = "filename",
        value_name = "FILE",
        value_delimiter = ','
    )]
    files: Vec<PathBuf>,
    /// Look into the subdirectories of a directory too
    #[arg(short = 'R', long, requires = "files")]
    recursive: bool,
    /// A template that comes with the tool; see `template list`
    #[arg(
        short = 't',
        long = "template",
        value_name = "NAME",
        conflicts_with = "files"
    )]
    builtin: Option<String>,
    /// Which placeholders count: auto, dollar or jinja
    #[arg(
        long,
        value_name = "SYNTAX",
        default_value = "auto",
        hide_default_value = true
    )]
    syntax: SyntaxArg,
    /// The group's name; else the template's label, else the template's name
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// The label that carries the group's name
    #[arg(long, value_name = "KEY", default_value = "jobgroup")]
    pub(super) group_label: String,
    /// An item that does not fit into a name is an error
    #[arg(long)]
    strict_names: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum SyntaxArg {
    Auto,
    Dollar,
    Jinja,
}

/// The list of items.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Items")]
pub(super) struct ItemArgs {
    /// Items, separated by commas; repeatable
    #[arg(long, value_name = "A,B,C")]
    items: Vec<String>,
    /// A file with an item a line, or - for standard input; repeatable
    #[arg(long, value_name = "FILE")]
    items_from: Vec<PathBuf>,
}

/// A template with its items, all of which were expanded once and fit.
pub(super) struct Batch {
    /// The compiled template.
    pub(super) template: Template,
    /// The items; one without a text if the template needs none.
    pub(super) items: Vec<Item>,
}

/// Reads and compiles the template, reads the items, and warns of what is hardly meant.
pub(super) fn read(
    template: &TemplateArgs,
    items: &ItemArgs,
    namespace: Option<&str>,
) -> CliResult<Batch> {
    let stdin_count = template
        .files
        .iter()
        .chain(&items.items_from)
        .filter(|path| is_stdin(path))
        .count();
    if stdin_count > 1 {
        return Err(Failure::usage("standard input (-) can be read only once"));
    }
    let sources = template.sources()?;
    let options = template.options(namespace);
    let entries = items.entries()?;
    let given = items.are_given();
    let compiled = Template::compile(&sources, &options)?;
    let items = match entries {
        _ if !given && !compiled.uses_item() => vec![Item::scalar(0, "")],
        entries if entries.is_empty() => return Err(no_items(given, &sources)),
        entries => items::unique(entries)?,
    };
    Ok(Batch {
        template: compiled,
        items,
    })
}

fn no_items(given: bool, sources: &[Source]) -> Failure {
    if given {
        return Failure::usage(
            "the list of items is empty\nhint: --items a,b,c, or --items-from FILE with an item a line",
        );
    }
    let names: Vec<_> = sources.iter().map(|source| source.name.as_str()).collect();
    Failure::usage(format!(
        "no items: the template {} has a placeholder for one\nhint: --items a,b,c, or --items-from FILE with an item a line",
        names.join(", ")
    ))
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

impl ItemArgs {
    fn are_given(&self) -> bool {
        !self.items.is_empty() || !self.items_from.is_empty()
    }

    fn entries(&self) -> CliResult<Vec<items::Entry>> {
        let mut entries = Vec::new();
        for list in &self.items {
            entries.extend(items::comma_list("--items", list)?);
        }
        for path in &self.items_from {
            let (name, bytes) = read_file(path, u64::MAX)?;
            entries.extend(items::lines(&name, &bytes)?);
        }
        Ok(entries)
    }
}

impl TemplateArgs {
    /// What the options of a template say, without the items' own variables.
    fn options(&self, namespace: Option<&str>) -> Options {
        Options {
            syntax: match self.syntax {
                SyntaxArg::Auto => Syntax::Auto,
                SyntaxArg::Dollar => Syntax::Dollar,
                SyntaxArg::Jinja => Syntax::Jinja,
            },
            group: self.group.clone(),
            group_label: self.group_label.clone(),
            namespace: namespace.map(str::to_owned),
            strict_names: self.strict_names,
            ..Options::default()
        }
    }

    /// The texts of the template, in order.
    fn sources(&self) -> CliResult<Vec<Source>> {
        if self.files.is_empty() {
            let name = self.builtin.as_deref().unwrap_or(DEFAULT_TEMPLATE);
            return Ok(vec![comes_with_the_tool(name)?]);
        }
        let mut sources = Vec::new();
        for path in &self.files {
            if path.is_dir() {
                let found = manifests(path, self.recursive)?;
                if found.is_empty() {
                    return Err(Failure::usage(format!(
                        "{}: there is no manifest in this directory\nhint: recognised extensions are .json, .yaml and .yml; -R looks into subdirectories",
                        path.display()
                    )));
                }
                for file in found {
                    sources.push(source(&file)?);
                }
            } else {
                sources.push(source(path)?);
            }
        }
        Ok(sources)
    }
}

/// A template of `templates/`, by its name.
pub(super) fn comes_with_the_tool(name: &str) -> CliResult<Source> {
    let Some(found) = builtin(name) else {
        let names: Vec<_> = builtins().iter().map(|known| known.name).collect();
        return Err(Failure::usage(format!(
            "no template `{name}` comes with the tool\nhint: there are {}",
            names.join(", ")
        )));
    };
    Ok(Source {
        name: found.name.into(),
        text: found.text.into(),
    })
}

fn source(path: &Path) -> CliResult<Source> {
    let (name, bytes) = read_file(path, TEMPLATE_MAX)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].split(|byte| *byte == b'\n').count();
        Failure::usage(format!("{name}:{line}: this is no UTF-8"))
    })?;
    Ok(Source { name, text })
}

/// A file's name for messages, and its bytes; `-` is standard input.
fn read_file(path: &Path, most: u64) -> CliResult<(String, Vec<u8>)> {
    let (name, opened): (String, std::io::Result<Box<dyn Read>>) = if is_stdin(path) {
        (
            "standard input".into(),
            Ok(Box::new(std::io::stdin().lock())),
        )
    } else {
        let file = std::fs::File::open(path);
        (
            path.display().to_string(),
            file.map(|file| Box::new(file) as Box<dyn Read>),
        )
    };
    let wrong = |error: std::io::Error| Failure::usage(format!("{name}: {}", words(&error)));
    let mut bytes = Vec::new();
    let reader = opened.map_err(wrong)?;
    reader
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(wrong)?;
    if bytes.len() as u64 > most {
        return Err(Failure::usage(format!(
            "{name}: the file is larger than {most} bytes, the most that a template may have"
        )));
    }
    Ok((name, bytes))
}

/// An error of the operating system as kubectl's users know it.
fn words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        std::io::ErrorKind::IsADirectory => "this is a directory".into(),
        _ => error.to_string(),
    }
}

/// The manifests of a directory, in the order of their names.
fn manifests(folder: &Path, recursive: bool) -> CliResult<Vec<PathBuf>> {
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

/// The findings about a template: warnings are said, errors stop the command before anything is done.
pub(super) fn check(batch: &Batch) -> CliResult<()> {
    let Some(first) = batch.items.first() else {
        return Ok(());
    };
    let notices = batch.template.notices(first)?;
    let (errors, warnings): (Vec<_>, Vec<_>) = notices
        .into_iter()
        .partition(|notice| notice.severity == template::Severity::Error);
    for warning in &warnings {
        super::screen::warn(&warning.to_string());
    }
    if errors.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    Err(Failure::usage(lines.join("\nerror: ")))
}
