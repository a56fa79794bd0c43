//! docs/reference.md is made from the definitions of the command line; `KUBECTL_BATCH_REWRITE=1` makes it again.

use std::fmt::Write;
use std::path::Path;

use clap::{Arg, Command};

/// The page: the commands in their order, and what all of them take.
fn page() -> String {
    let mut command = kubectl_batch::cli::command().bin_name("kubectl batch");
    command.build();
    let mut page = String::from(
        "# Reference\n\nMade from the command line's own definitions; `CONTRIBUTING.md` says how to make it again.\n\n",
    );
    for subcommand in visible(&command) {
        section(subcommand, 2, &mut page);
    }
    page += "## Flags of every command\n\nThey stand before or after the command. As in kubectl, a flag that stands twice counts as it stands last,\nand what is true or false can be said: `--ascii=false`.\n\n";
    let global = command
        .get_arguments()
        .filter(|argument| argument.is_global_set());
    table(global, &mut page);
    page.truncate(page.trim_end().len());
    page + "\n"
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    let subcommands = command.get_subcommands();
    subcommands.filter(|own| !own.is_hide_set() && own.get_name() != "help")
}

fn section(command: &Command, level: usize, page: &mut String) {
    let mut command = command.clone();
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").trim();
    let name = command
        .get_bin_name()
        .unwrap_or_default()
        .trim_start_matches("kubectl batch ");
    let about = command.get_long_about().or(command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    write!(
        page,
        "{} {name}\n\n{}\n\n    {usage}\n\n",
        "#".repeat(level),
        about.trim()
    )
    .expect("a string");
    table(
        command
            .get_arguments()
            .filter(|argument| !argument.is_global_set()),
        page,
    );
    for subcommand in visible(&command) {
        section(subcommand, level + 1, page);
    }
}

fn table<'a>(arguments: impl Iterator<Item = &'a Arg>, page: &mut String) {
    let shown = |argument: &&Arg| {
        !argument.is_hide_set() && !["help", "version"].contains(&argument.get_id().as_str())
    };
    let rows: Vec<String> = arguments.filter(shown).map(row).collect();
    if !rows.is_empty() {
        write!(
            page,
            "| argument | meaning |\n|---|---|\n{}\n\n",
            rows.join("\n")
        )
        .expect("a string");
    }
}

fn row(argument: &Arg) -> String {
    let value = argument.get_value_names().unwrap_or_default().join(" ");
    let takes_value = argument.get_action().takes_values();
    let mut spelling: Vec<String> = Vec::new();
    spelling.extend(argument.get_short().map(|short| format!("-{short}")));
    spelling.extend(argument.get_long().map(|long| format!("--{long}")));
    let mut spelling = spelling.join(", ");
    if spelling.is_empty() {
        spelling = value;
    } else if takes_value {
        spelling = format!("{spelling} {value}");
    }
    let help = argument.get_long_help().or(argument.get_help());
    let mut meaning = help
        .map(ToString::to_string)
        .unwrap_or_default()
        .replace('\n', " ");
    let values: Vec<String> = argument
        .get_possible_values()
        .iter()
        .filter(|own| !own.is_hide_set() && takes_value)
        .map(|own| format!("`{}`", own.get_name()))
        .collect();
    if !values.is_empty() {
        meaning = format!("{meaning} ({})", values.join(", "));
    }
    let default = argument
        .get_default_values()
        .first()
        .and_then(|value| value.to_str());
    if let Some(default) = default.filter(|_| takes_value && !argument.is_hide_default_value_set())
    {
        meaning = format!("{meaning}; without it `{default}`");
    }
    format!(
        "| `{}` | {} |",
        spelling.replace('|', "\\|"),
        meaning.replace('|', "\\|").replace('<', "\\<")
    )
}

#[test]
fn the_reference_page_is_what_the_definitions_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
    let made = page();
    if std::env::var_os("KUBECTL_BATCH_REWRITE").is_some() {
        std::fs::write(&path, &made).expect("written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == made,
        "docs/reference.md is out of date: KUBECTL_BATCH_REWRITE=1 cargo test --test it reference makes it again"
    );
}
