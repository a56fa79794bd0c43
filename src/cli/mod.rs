//! The command line: one file a subcommand, with its arguments, its help and what it does.

mod choice;
mod clock;
mod complete;
mod completion;
mod continue_group;
mod delete;
mod difference;
mod dry_run;
mod error;
mod expand;
mod follow;
mod goes_on;
mod guard;
mod hold;
mod input;
mod lint;
#[cfg(unix)]
mod local;
mod logs;
mod man;
mod members;
mod order;
mod output_dir;
mod pflag;
mod policy;
mod preflight;
mod print;
mod rbac;
mod reconcile;
mod record;
mod rehearsal;
mod release;
mod reports;
mod retry;
mod run;
mod screen;
mod session;
mod set;
mod show;
mod status;
#[cfg(all(test, unix))]
mod storm;
mod submit;
mod suspend;
mod target;
mod template;
mod ttl;
mod version;
mod wait;
mod watch;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::cluster::connect::Connection;
pub use error::{CliResult, Failure};

/// Run one Job template over a list of items, and tell the truth about the result
#[derive(Debug, Parser)]
#[command(
    name = "kubectl-batch",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(
    after_help = "Exit codes: 0 all succeeded, 1 the tool failed, 2 wrong usage, 3 not all members succeeded, \
4 nothing matched, 5 the cluster refused or cannot be reached, 124 --timeout passed, 130 interrupted."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags of every command.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Global {
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Colours: auto, always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        help_heading = "Display",
        hide_short_help = true
    )]
    pub(crate) color: screen::When,
    /// Only ASCII characters
    #[arg(long, global = true, help_heading = "Display", hide_short_help = true)]
    pub(crate) ascii: bool,
    /// Say what the tool does, on standard error; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Display", hide_short_help = true)]
    pub(crate) verbose: u8,
}

/// Each is described where its arguments are: a description here would hide the long one there.
#[derive(Debug, Subcommand)]
enum Command {
    Expand(expand::Args),
    Lint(lint::Args),
    Run(Box<run::Args>),
    Submit(submit::Args),
    Watch(watch::Args),
    Wait(wait::Args),
    Status(status::Args),
    Logs(logs::Args),
    Continue(continue_group::Args),
    Set(set::Args),
    Release(release::Args),
    Retry(retry::Args),
    Suspend(suspend::SuspendArgs),
    Resume(suspend::ResumeArgs),
    Delete(delete::Args),
    Reconcile(reconcile::Args),
    Rbac(rbac::Args),
    Version(version::Args),
    Man(man::Args),
    Completion(completion::Args),
    Template(template::Args),
    #[cfg(unix)]
    Local(local::Args),
}

/// Stack for the command, in bytes: what nests too deep shall meet the guard of the templates, not the end of the stack. Only what
/// is used of it takes memory.
const STACK: usize = 256 << 20;

/// Runs the command line and gives the exit code.
pub fn main() -> ExitCode {
    let command = std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(run_arguments);
    match command.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        // The panic has said what is wrong.
        Ok(Err(_)) => ExitCode::from(101),
        // There is no room for such a stack.
        Err(_) => run_arguments(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "arguments and environment are read here"
)]
fn run_arguments() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    #[cfg(unix)]
    if arguments
        .get(1)
        .is_some_and(|first| first == crate::local::node::GUARD_ARGUMENT)
    {
        return crate::local::node::guard_main();
    }
    if let Some(words) = complete::asked(&arguments) {
        // Nobody listens at a prompt when its pipe is gone.
        let _ = complete::answer(words);
        return ExitCode::SUCCESS;
    }
    if std::env::var_os(complete::VARIABLE).is_some() && complete::answer_shell(&arguments) {
        return ExitCode::SUCCESS;
    }
    let cli = match parse(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // A terminal that is gone needs no help text.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    trace(cli.global.verbose);
    let result = match cli.command {
        Command::Expand(args) => expand::expand(&args, &cli.global),
        Command::Lint(args) => lint::lint(&args, &cli.global),
        Command::Run(args) => run::run(&args, &cli.global),
        Command::Submit(args) => submit::submit(&args, &cli.global),
        Command::Watch(args) => watch::watch(&args, &cli.global),
        Command::Wait(args) => wait::wait(&args, &cli.global),
        Command::Status(args) => status::status(&args, &cli.global),
        Command::Logs(args) => logs::logs(&args, &cli.global),
        Command::Continue(args) => continue_group::go_on(&args, &cli.global),
        Command::Set(args) => set::set(&args, &cli.global),
        Command::Release(args) => release::release(&args, &cli.global),
        Command::Retry(args) => retry::retry(&args, &cli.global),
        Command::Suspend(args) => suspend::suspend(&args, &cli.global),
        Command::Resume(args) => suspend::resume(&args, &cli.global),
        Command::Delete(args) => delete::delete(&args, &cli.global),
        Command::Reconcile(args) => reconcile::reconcile(&args, &cli.global),
        Command::Rbac(args) => rbac::rbac(&args, &cli.global),
        Command::Version(args) => version::version(&args, &cli.global),
        Command::Man(args) => man::man(&args),
        Command::Completion(args) => completion::completion(&args, &called(&arguments)),
        Command::Template(args) => template::template(&args),
        #[cfg(unix)]
        Command::Local(args) => local::local(&args),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.report(),
    }
}

/// The command line as it is defined: what help, completion, manual pages and the reference page are made from.
pub fn command() -> clap::Command {
    Cli::command()
}

fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let command = Cli::command().bin_name(called(arguments));
    let matches = pflag::spelled(command.clone()).try_get_matches_from(arguments);
    let matches = matches.map_err(|error| help_as_written(error, command, arguments))?;
    Cli::from_arg_matches(&matches)
}

/// What the user types to run this program.
fn called(arguments: &[OsString]) -> String {
    let name = arguments.first().map(|own| display_name(Path::new(own)));
    name.unwrap_or_else(|| "kubectl batch".into())
}

/// Help shows flags as they are defined, not with all their spellings.
fn help_as_written(
    error: clap::Error,
    command: clap::Command,
    arguments: &[OsString],
) -> clap::Error {
    if error.kind() != ErrorKind::DisplayHelp {
        return error;
    }
    let again = command.try_get_matches_from(arguments).err();
    let help = again.filter(|again| again.kind() == ErrorKind::DisplayHelp);
    help.unwrap_or(error)
}

/// What the user types: a program `kubectl-NAME` is a plugin of kubectl, so `kubectl NAME`.
fn display_name(own: &Path) -> String {
    let stem = own.file_stem().unwrap_or_default().to_string_lossy();
    match stem.strip_prefix("kubectl-") {
        Some(plugin) => format!("kubectl {}", plugin.replace('_', "-")),
        None => stem.into_owned(),
    }
}

/// What the tool does goes to standard error, but only when asked for.
fn trace(verbose: u8) {
    let filter = match verbose {
        0 => return,
        1 => "kubectl_batch=debug",
        _ => "kubectl_batch=trace,kube=debug",
    };
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        .init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_is_described_in_short_and_some_at_length() {
        let command = command();
        let commands: Vec<_> = command.get_subcommands().collect();
        let bare = commands.iter().find(|own| own.get_about().is_none());
        assert!(bare.is_none(), "{bare:?}");
        let long = |own: &&&clap::Command| own.get_long_about().is_some();
        assert!(commands.iter().filter(long).count() >= 5);
    }

    #[test]
    fn it_is_known_of_every_command_what_it_asks_of_a_cluster() {
        let offline = ["expand", "lint", "man", "rbac", "template", "local"];
        let asks = crate::cluster::permissions::COMMANDS;
        for command in command().get_subcommands() {
            let name = command.get_name();
            let in_table = asks.iter().any(|(known, _)| *known == name);
            assert!(in_table != offline.contains(&name), "{name}");
        }
    }

    #[test]
    fn a_plugin_is_called_as_kubectl_calls_it() {
        for (own, name) in [
            ("/usr/bin/kubectl-batch", "kubectl batch"),
            ("kubectl-job_group.exe", "kubectl job-group"),
            ("target/debug/other", "other"),
        ] {
            assert_eq!(display_name(Path::new(own)), name, "{own}");
        }
    }
}
