//! `expand`: prints the manifests that a template and a list give, or writes a file for each item.

mod held;

use std::borrow::Borrow;
use std::path::PathBuf;

use serde_json::Value;

use held::Held;

use super::input::{self, Batch, ItemArgs, Streamed, TemplateArgs};
use super::output_dir::OutputDir;
use super::{CliResult, Global};
use crate::items::{Item, ListError};
use crate::manifest::names;
use crate::render;
use crate::template::{Names, Template};

/// Print the manifests that a template and a list give
///
/// Nothing is sent to a cluster. Without -f, the template process-item of the Kubernetes documentation is expanded.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  kubectl batch expand --items apple,banana,cherry
  kubectl batch expand -f job-tmpl.yaml --items-from list.txt --output-dir jobs && kubectl create -f jobs
  find data -name '*.csv' | kubectl batch expand -f job-tmpl.yaml --items-from - | kubectl create -f -")]
pub(super) struct Args {
    #[command(flatten)]
    template: TemplateArgs,
    #[command(flatten)]
    items: ItemArgs,
    /// yaml, json (one List), jsonl (an object a line) or name
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    output: Output,
    /// Write a file for each item into this directory instead
    #[arg(long, value_name = "DIR", conflicts_with = "output")]
    output_dir: Option<PathBuf>,
    /// Replace files that are there already
    #[arg(long, requires = "output_dir")]
    overwrite: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// A stream of YAML documents
    Yaml,
    /// One List
    Json,
    /// A JSON object a line
    Jsonl,
    /// kind.group/name
    Name,
}

/// Expands.
pub(super) fn expand(args: &Args, global: &Global) -> CliResult {
    let namespace = global.connection.namespace.as_deref();
    if args.output_dir.is_none()
        && let Some(streamed) = input::stream(&args.template, &args.items, namespace)?
    {
        return expand_stream(args.output, streamed);
    }
    let batch = input::read(&args.template, &args.items, namespace)?;
    batch.check()?;
    match &args.output_dir {
        Some(folder) => write_files(&batch, &OutputDir::new(folder, args.overwrite)),
        None => print_all(args.output, &batch.template, batch.items.iter().map(Ok)),
    }
}

/// A list that is as long as it likes: neither it nor what it gives is held.
fn expand_stream(output: Output, streamed: Streamed) -> CliResult {
    let mut items = streamed.items.peekable();
    match items.peek() {
        None => return Err(input::empty_list()),
        Some(Ok(first)) => input::check(&streamed.template, first)?,
        Some(Err(_)) => {}
    }
    print_all(output, &streamed.template, items)
}

/// Prints what all items give; names are checked on the way.
fn print_all<I: Borrow<Item>>(
    output: Output,
    template: &Template,
    items: impl Iterator<Item = Result<I, ListError>>,
) -> CliResult {
    let mut out = Held::new(held::stdout());
    let mut names = Names::new(input::in_file);
    let mut any = false;
    for item in items {
        let item = item?;
        let item = item.borrow();
        if output == Output::Yaml {
            template.write_checked(item, &mut names, &mut out.buffer)?;
        } else {
            for object in template.expand_checked(item, &mut names)?.objects {
                write_object(output, &object, any, &mut out.buffer);
                any = true;
            }
        }
        out.pass_on()?;
    }
    if output == Output::Json {
        out.buffer
            .extend_from_slice(if any { b"\n]}\n" } else { b"{}" });
    }
    out.finish()?;
    Ok(0)
}

/// One object; in a List, the first one opens it.
fn write_object(output: Output, object: &Value, is_further: bool, out: &mut Vec<u8>) {
    match output {
        Output::Json => {
            let opens = br#"{"apiVersion":"v1","kind":"List","metadata":{},"items":["#;
            out.extend_from_slice(if is_further { b"," } else { opens });
            out.push(b'\n');
            out.extend_from_slice(object.to_string().as_bytes());
        }
        Output::Jsonl => {
            out.extend_from_slice(object.to_string().as_bytes());
            out.push(b'\n');
        }
        Output::Name => {
            out.extend_from_slice(names::of_object(object).as_bytes());
            out.push(b'\n');
        }
        Output::Yaml => {}
    }
}

/// All items are expanded before the first file is written.
fn write_files(batch: &Batch, folder: &OutputDir) -> CliResult {
    let mut names = Names::default();
    let mut files = Vec::with_capacity(batch.items.len());
    for item in &batch.items {
        let mut text = Vec::new();
        batch.template.write_checked(item, &mut names, &mut text)?;
        let name = if item.text().is_empty() {
            batch.template.group().into()
        } else {
            item.text()
        };
        files.push((name.into_owned(), text));
    }
    let count = folder.write(&files)?;
    super::screen::say(&format!(
        "{} written to {}",
        render::counted(count, "file"),
        folder.path().display()
    ));
    Ok(0)
}
