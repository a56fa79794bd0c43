//! Flags as kubectl's parser (pflag) reads them: `--flag=false`, and of a flag that stands twice the last one counts.

use clap::{Arg, ArgAction, Command};

/// The same command line, read in pflag's way; help stays as it is.
pub(super) fn spelled(command: Command) -> Command {
    command
        .args_override_self(true)
        .mut_args(spelled_flag)
        .mut_subcommands(spelled)
}

fn spelled_flag(flag: Arg) -> Arg {
    if !matches!(flag.get_action(), ArgAction::SetTrue) {
        return flag;
    }
    flag.action(ArgAction::Set)
        .num_args(0..=1)
        .require_equals(true)
        .value_parser(truth)
        .default_value("false")
        .default_missing_value("true")
        .hide_default_value(true)
        .value_name("BOOL")
}

/// What Go's `strconv.ParseBool` takes.
fn truth(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("it is neither true nor false".into()),
    }
}
