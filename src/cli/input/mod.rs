//! Templates and items as the command line names them: read whole, and checked, before anything else is done.

mod fetch;
mod files;
mod items;
mod overlays;
mod scratch;
mod streamed;
mod template;

use super::{CliResult, Failure, guard};
use crate::items::Item;
use crate::render;
use crate::template::{Notice, Severity, Source, Template, holds_program};
pub(super) use items::ItemArgs;
pub(super) use overlays::seconds;
pub(super) use scratch::in_file;
pub(super) use streamed::{Streamed, StreamedItems};
pub(super) use template::{TemplateArgs, comes_with_the_tool};

/// The largest template file, in bytes.
const TEMPLATE_MAX: u64 = 16 * 1024 * 1024;

/// A template with its items.
pub(super) struct Batch {
    /// The compiled template.
    pub(super) template: Template,
    /// The items; one without a text if the template needs none.
    pub(super) items: Vec<Item>,
    /// How many may run at once, as `--array` said.
    pub(super) max_active: Option<usize>,
}

/// Reads and compiles the template, and reads the items.
pub(super) fn read(
    template: &TemplateArgs,
    items: &ItemArgs,
    namespace: Option<&str>,
) -> CliResult<Batch> {
    items::refuse_two_readers(&template.files, items)?;
    let sources = template.sources()?;
    let list = items.list()?;
    let compiled = compile(template, &sources, namespace, list.variables)?;
    tell_skipped(list.skipped);
    let items = match list.items {
        _ if !items.are_given() && !compiled.uses_item() => vec![Item::scalar(0, "")],
        list if list.is_empty() => return Err(no_items(items.are_given(), &sources)),
        list => list,
    };
    Ok(Batch {
        template: compiled,
        items,
        max_active: list.max_active,
    })
}

/// The same with items that come one by one, where the list is one file of lines and the template does not ask for its length.
pub(super) fn stream(
    template: &TemplateArgs,
    items: &ItemArgs,
    namespace: Option<&str>,
) -> CliResult<Option<Streamed>> {
    items::refuse_two_readers(&template.files, items)?;
    let Some(path) = items.single_stream() else {
        return Ok(None);
    };
    let sources = template.sources()?;
    let compiled = compile(template, &sources, namespace, Vec::new())?;
    if compiled.uses_count() || !compiled.uses_item() {
        return Ok(None);
    }
    let (name, reader) = files::open(path)?;
    Ok(Some(Streamed {
        template: compiled,
        items: StreamedItems::new(items.stream(&name, reader)),
    }))
}

/// Says how many items were left out because they came again.
fn tell_skipped(count: usize) {
    if count > 0 {
        let items = render::counted(count, "item");
        super::screen::say(&format!("left out {items} that came again"));
    }
}

/// The template, and the first item of the list, or one that stands for any.
pub(super) fn read_for_lint(
    template: &TemplateArgs,
    items: &ItemArgs,
    namespace: Option<&str>,
) -> CliResult<(Template, Item)> {
    items::refuse_two_readers(&template.files, items)?;
    let sources = template.sources()?;
    let list = items.list()?;
    let compiled = compile(template, &sources, namespace, list.variables)?;
    let first = list.items.into_iter().next();
    Ok((compiled, first.unwrap_or_else(|| Item::scalar(0, "item"))))
}

/// Compiles the template, and watches it where it holds a program.
fn compile(
    template: &TemplateArgs,
    sources: &[Source],
    namespace: Option<&str>,
    variables: Vec<String>,
) -> CliResult<Template> {
    let options = template.options(namespace, variables)?;
    if sources.iter().any(|source| holds_program(&source.text)) {
        guard::watch(&options.effort);
    }
    Ok(Template::compile(sources, &options)?)
}

fn no_items(given: bool, sources: &[Source]) -> Failure {
    let hint = "hint: --items a,b,c, or --items-from FILE with an item a line";
    if given {
        return empty_list();
    }
    let names: Vec<_> = sources.iter().map(|source| source.name.as_str()).collect();
    Failure::usage(format!(
        "no items: the template {} has a placeholder for one\n{hint}",
        names.join(", ")
    ))
}

/// A list was named, and there is nothing in it.
pub(super) fn empty_list() -> Failure {
    Failure::usage(
        "the list of items is empty\nhint: --items a,b,c, or --items-from FILE with an item a line",
    )
}

/// The findings about a template: warnings are said, errors stop the command before anything is done.
pub(super) fn check(template: &Template, first: &Item) -> CliResult<()> {
    let (errors, warnings): (Vec<Notice>, Vec<Notice>) = template
        .notices(first)?
        .into_iter()
        .partition(|notice| notice.severity == Severity::Error);
    for warning in &warnings {
        super::screen::warn(&warning.to_string());
    }
    if errors.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    Err(Failure::usage(lines.join("\nerror: ")))
}

impl Batch {
    /// The findings about the template, with the first item in it.
    pub(super) fn check(&self) -> CliResult<()> {
        self.items
            .first()
            .map_or(Ok(()), |first| check(&self.template, first))
    }
}
