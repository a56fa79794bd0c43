//! `expand`: prints the manifests that a template and a list give, or writes a file for each item.

use std::io::Write;
use std::path::PathBuf;

use super::input::{self, Batch, ItemArgs, TemplateArgs};
use super::output_dir::OutputDir;
use super::{CliResult, Global};
use crate::template::Names;

/// Bytes that are gathered before they are written.
const CHUNK: usize = 64 * 1024;
/// Bytes that are held back at first: a wrong item among the first ten thousand or so leaves nothing half printed.
const HELD_BACK: usize = 8 * 1024 * 1024;

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
    /// Write a file for each item into this directory instead
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
    /// Replace files that are there already
    #[arg(long, requires = "output_dir")]
    overwrite: bool,
}

/// Expands.
pub(super) fn expand(args: &Args, global: &Global) -> CliResult {
    let namespace = global.connection.namespace.as_deref();
    let batch = input::read(&args.template, &args.items, namespace)?;
    input::check(&batch)?;
    match &args.output_dir {
        Some(folder) => write_files(&batch, &OutputDir::new(folder, args.overwrite)),
        None => write_stream(&batch, &mut std::io::stdout().lock()),
    }
}

/// One YAML stream.
fn write_stream(batch: &Batch, out: &mut dyn Write) -> CliResult {
    let mut names = Names::default();
    let mut buffer = Vec::with_capacity(2 * CHUNK);
    let mut most = HELD_BACK;
    for item in &batch.items {
        batch
            .template
            .write_checked(item, &mut names, &mut buffer)?;
        if buffer.len() >= most {
            out.write_all(&buffer)?;
            buffer.clear();
            buffer.shrink_to(2 * CHUNK);
            most = CHUNK;
        }
    }
    out.write_all(&buffer)?;
    out.flush()?;
    Ok(0)
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
    let files = if count == 1 { "file" } else { "files" };
    super::screen::say(&format!(
        "{count} {files} written to {}",
        folder.path().display()
    ));
    Ok(0)
}
