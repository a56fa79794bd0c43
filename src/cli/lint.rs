//! `lint`: what is wrong with a template, with the place of each finding.

use std::io::Write;

use serde_json::{Value, json};

use super::input::{self, ItemArgs, TemplateArgs};
use super::print::print_json;
use super::{CliResult, Global};
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
    let is_json = args.output == Some(Output::Json);
    let notices = input::read_for_lint(&args.template, &args.items, namespace)
        .and_then(|(template, item)| Ok(template.notices(&item)?));
    let notices = match notices {
        // What cannot be compiled is a finding, too, for a program that reads them.
        Err(failure) if is_json && failure.code == 2 => {
            let notice = json!({"severity": "error", "problem": failure.message});
            print_json(&json!({"notices": [notice]}))?;
            return Ok(2);
        }
        notices => notices?,
    };
    let errors = notices
        .iter()
        .filter(|notice| notice.severity == Severity::Error)
        .count();
    if is_json {
        let list: Vec<Value> = notices.iter().map(to_json).collect();
        print_json(&json!({"notices": list}))?;
    } else {
        let mut out = std::io::stdout().lock();
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
