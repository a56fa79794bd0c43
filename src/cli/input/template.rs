//! The template as the command line names it: files, a URL, a kustomization, one that comes with the tool, or a command.

use std::path::{Path, PathBuf};

use super::files::{manifests, read_file};
use super::overlays::OverlayArgs;
use super::{TEMPLATE_MAX, fetch};
use crate::cli::{CliResult, Failure};
use crate::items;
use crate::template::{Options, Recipe, Source, Syntax, builtin, builtins};

/// The template that is expanded when none is named.
const DEFAULT_TEMPLATE: &str = "process-item";

/// Which template, and how it is read.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Template")]
pub(in crate::cli) struct TemplateArgs {
    /// A template: a file, a directory, a URL, or - for standard input; repeatable
    #[arg(
        short = 'f',
        long = "filename",
        value_name = "FILE",
        value_delimiter = ','
    )]
    pub(super) files: Vec<PathBuf>,
    /// Look into the subdirectories of a directory too
    #[arg(short = 'R', long, requires = "files")]
    recursive: bool,
    /// A directory that kubectl kustomize builds
    #[arg(short = 'k', long, value_name = "DIR", conflicts_with_all = ["files", "recursive"])]
    kustomize: Option<PathBuf>,
    /// A template that comes with the tool; see `template list`
    #[arg(short = 't', long = "template", value_name = "NAME", conflicts_with_all = ["files", "kustomize"])]
    builtin: Option<String>,
    /// The container's image, for a template that comes with the tool
    #[arg(long, value_name = "IMAGE", conflicts_with_all = ["files", "kustomize"])]
    image: Option<String>,
    /// The container's command, for a template that comes with the tool: -- sh -c 'echo $ITEM'
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["files", "kustomize"])]
    command: Vec<String>,
    /// Which placeholders count: auto, dollar or jinja
    #[arg(
        long,
        value_name = "SYNTAX",
        default_value = "auto",
        hide_default_value = true
    )]
    syntax: SyntaxArg,
    /// A name with one value for all items, $NAME and {{ name }}; repeatable
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// The group's name; else the template's label, else the template's name
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// The label that carries the group's name
    #[arg(long, value_name = "KEY", default_value = "jobgroup")]
    pub(in crate::cli) group_label: String,
    /// Replaces the Jobs' metadata.name: 'work-$ITEM'
    #[arg(long, value_name = "NAME")]
    name_template: Option<String>,
    /// A label for all objects and Pods; $ITEM may stand in its value; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    label: Vec<String>,
    /// An annotation for all objects; $ITEM may stand in its value; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    annotate: Vec<String>,
    /// An item that does not fit into a name is an error
    #[arg(long)]
    strict_names: bool,
    /// Hand the Jobs over to this tool's own Job controller: run works on them itself, else kubectl batch reconcile does
    #[arg(long)]
    pub(in crate::cli) reconcile: bool,
    #[command(flatten)]
    overlays: OverlayArgs,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum SyntaxArg {
    Auto,
    Dollar,
    Jinja,
}

impl TemplateArgs {
    /// What the options of a template say; `variables` are the fields of the items.
    pub(super) fn options(
        &self,
        namespace: Option<&str>,
        variables: Vec<String>,
    ) -> CliResult<Options> {
        let constants = self.set.iter().map(|text| items::constant(text));
        Ok(Options {
            syntax: match self.syntax {
                SyntaxArg::Auto => Syntax::Auto,
                SyntaxArg::Dollar => Syntax::Dollar,
                SyntaxArg::Jinja => Syntax::Jinja,
            },
            group: self.group.clone(),
            group_label: self.group_label.clone(),
            namespace: namespace.map(str::to_owned),
            strict_names: self.strict_names,
            variables,
            constants: constants.collect::<Result<_, _>>()?,
            labels: pairs("--label", &self.label)?,
            annotations: pairs("--annotate", &self.annotate)?,
            name_template: self.name_template.clone(),
            reconcile: self.reconcile,
            overlays: self.overlays.overlays()?,
            ..Options::default()
        })
    }

    /// The texts of the template, in order.
    pub(super) fn sources(&self) -> CliResult<Vec<Source>> {
        if let Some(folder) = &self.kustomize {
            let name = format!("kustomization {}", folder.display());
            return Ok(vec![text(name, fetch::kustomize(folder)?)?]);
        }
        if self.files.is_empty() {
            return Ok(vec![self.to_order()?]);
        }
        let mut sources = Vec::new();
        for path in &self.files {
            if fetch::is_url(path) {
                let url = path.to_string_lossy().into_owned();
                let bytes = fetch::get(&url)?;
                sources.push(text(url, bytes)?);
            } else if path.is_dir() {
                for file in in_folder(path, self.recursive)? {
                    sources.push(source(&file)?);
                }
            } else {
                sources.push(source(path)?);
            }
        }
        Ok(sources)
    }

    /// A template that comes with the tool, with the image and the command that were asked for.
    fn to_order(&self) -> CliResult<Source> {
        let source = comes_with_the_tool(self.builtin.as_deref().unwrap_or(DEFAULT_TEMPLATE))?;
        if self.image.is_none() && self.command.is_empty() {
            return Ok(source);
        }
        let template = builtin(&source.name).expect("it was found just now");
        let recipe = Recipe {
            image: self.image.clone(),
            command: self.command.clone(),
            ..Recipe::default()
        };
        let text = recipe.text(template).map_err(Failure::usage)?;
        Ok(Source { text, ..source })
    }
}

fn in_folder(folder: &Path, recursive: bool) -> CliResult<Vec<PathBuf>> {
    let found = manifests(folder, recursive)?;
    if found.is_empty() {
        return Err(Failure::usage(format!(
            "{}: there is no manifest in this directory\nhint: recognised extensions are .json, .yaml and .yml; -R looks into subdirectories",
            folder.display()
        )));
    }
    Ok(found)
}

fn pairs(flag: &str, texts: &[String]) -> CliResult<Vec<(String, String)>> {
    let pair = |text: &String| {
        let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
        pair.map(|(key, value)| (key.to_owned(), value.to_owned()))
            .ok_or_else(|| Failure::usage(format!("{flag}: `{text}` is not KEY=VALUE")))
    };
    texts.iter().map(pair).collect()
}

/// A template of `templates/`, by its name.
pub(in crate::cli) fn comes_with_the_tool(name: &str) -> CliResult<Source> {
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
    text(name, bytes)
}

/// A text in UTF-8, or in UTF-16 with its mark, as kubectl reads them.
fn text(name: String, bytes: Vec<u8>) -> CliResult<Source> {
    let wide = |decode: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|pair| decode([pair[0], pair[1]]))
            .collect();
        String::from_utf16(&units).map_err(|_| Failure::usage(format!("{name}: this is no UTF-16")))
    };
    let text = match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => wide(u16::from_le_bytes, rest)?,
        [0xfe, 0xff, rest @ ..] => wide(u16::from_be_bytes, rest)?,
        _ => String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..at].split(|byte| *byte == b'\n').count();
            Failure::usage(format!("{name}:{line}: this is no UTF-8"))
        })?,
    };
    let text = text
        .strip_prefix('\u{feff}')
        .map(str::to_owned)
        .unwrap_or(text);
    Ok(Source { name, text })
}
