//! `expand`: prints the manifests that a template and a list give, or writes a file for each item.

mod chunk;
mod held;
mod in_order;
mod printer;

use std::path::PathBuf;

use chunk::{Chunk, Chunks};
use in_order::{Yields, in_order};
use printer::Printer;

use super::input::{self, Batch, ItemArgs, Streamed, TemplateArgs};
use super::output_dir::OutputDir;
use super::{CliResult, Failure, Global};
use crate::items::{Item, ListError};
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
        None => print_all(args.output, batch.template, batch.items.into_iter().map(Ok)),
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
    print_all(output, streamed.template, items)
}

/// Prints what all items give: a list of several chunks on as many threads as there is work for.
///
/// What holds Jinja stays on this one, which is watched: what an item takes is measured for the process.
fn print_all(
    output: Output,
    template: Template,
    items: impl Iterator<Item = Result<Item, ListError>> + Send + 'static,
) -> CliResult {
    let mut printer = Printer::new(output);
    let mut chunks = Chunks::new(items);
    let front: Vec<Chunk> = chunks.by_ref().take(2).collect();
    let is_short = front.len() < 2;
    let chunks = front.into_iter().chain(chunks);
    if is_short || template.holds_program() {
        for chunk in chunks {
            chunk.expand(&template, output, &mut |made| printer.print(&made?))?;
        }
        return printer.finish();
    }
    let workers = templates(template)?.into_iter().map(|template| {
        move |chunk: Chunk, yields: &Yields<_>| {
            chunk.expand(&template, output, &mut |made| yields.push(made))
        }
    });
    let all = in_order(chunks, workers);
    for made in all.map_err(|error| Failure::tool(format!("cannot start a thread: {error}")))? {
        printer.print(&made?)?;
    }
    printer.finish()
}

/// The template for each thread that expands; more of them than these would wait for the one that prints.
fn templates(template: Template) -> CliResult<Vec<Template>> {
    const MOST: usize = 4;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut all = vec![template];
    while all.len() < processors.min(MOST) {
        all.push(all[0].again()?);
    }
    Ok(all)
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
