//! `lint`: what is wrong with a template, with the place of each finding.

use std::io::Write;

use serde_json::{Value, json};

use super::input::{self, ItemArgs, TemplateArgs};
use super::{CliResult, Failure, Global};
use crate::render;
use crate::template::{Notice, Severity};

/// Say what is wrong with a template, and what is hardly meant
///
/// Every other command checks the same, stops at errors, and shows warnings. The exit code is 2 if there are errors.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    template: TemplateArgs,
    #[command(flatten)]
    items: ItemArgs,
    /// json: one JSON document
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Output>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Json,
}

/// Lints.
pub(super) fn lint(args: &Args, global: &Global) -> CliResult {
    let namespace = global.connection.namespace.as_deref();
    let (template, item) = input::read_for_lint(&args.template, &args.items, namespace)?;
    let notices = template.notices(&item)?;
    let errors = notices
        .iter()
        .filter(|notice| notice.severity == Severity::Error)
        .count();
    let mut out = std::io::stdout().lock();
    if args.output == Some(Output::Json) {
        let list: Vec<Value> = notices.iter().map(to_json).collect();
        let text =
            serde_json::to_string_pretty(&json!({"notices": list})).map_err(Failure::tool)?;
        writeln!(out, "{text}")?;
    } else {
        for notice in &notices {
            writeln!(
                out,
                "{}",
                render::show(&format!("{}: {notice}", notice.severity))
            )?;
        }
    }
    let warnings = render::counted(notices.len() - errors, "warning");
    super::screen::say(&format!("{}, {warnings}", render::counted(errors, "error")));
    Ok(if errors > 0 { 2 } else { 0 })
}

fn to_json(notice: &Notice) -> Value {
    json!({
        "severity": notice.severity.to_string(), "file": notice.file, "line": notice.line, "column": notice.column,
        "path": notice.path, "problem": notice.problem,
    })
}
