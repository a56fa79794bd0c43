//! `template`: the templates that come with the tool, as they are or made to order.

use std::io::Write;

use super::input::comes_with_the_tool;
use super::{CliResult, Failure};
use crate::render::grid;
use crate::template::{Recipe, builtin, builtins};

/// The templates that come with the tool: list them, show one, or make one to order
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// A line for each: its name, its pattern, what it is
    List,
    /// Print one
    Show {
        /// Its name
        name: String,
    },
    /// Print one with your own image, command and numbers: `template new pi > job-tmpl.yaml`
    New(New),
}

#[derive(Clone, Debug, clap::Args)]
struct New {
    /// The template to begin with
    #[arg(default_value = "process-item")]
    name: String,
    /// The Job's name; $ITEM may stand in it
    #[arg(long, value_name = "NAME")]
    job_name: Option<String>,
    /// The container's image
    #[arg(long)]
    image: Option<String>,
    /// The container's command, run by a shell: --command 'echo $ITEM'
    #[arg(long, value_name = "SCRIPT", conflicts_with = "arguments")]
    command: Option<String>,
    /// How many Pods must succeed
    #[arg(long, value_name = "N")]
    completions: Option<u32>,
    /// How many Pods run at a time
    #[arg(long, value_name = "N")]
    parallelism: Option<u32>,
    /// How many failed Pods are replaced
    #[arg(long, value_name = "N")]
    backoff_limit: Option<u32>,
    /// How many seconds the Job may take
    #[arg(long, value_name = "SECONDS")]
    deadline: Option<u64>,
    /// After how many seconds a finished Job is deleted
    #[arg(long, value_name = "SECONDS")]
    ttl: Option<u64>,
    /// The work queue's name, for the patterns that have one
    #[arg(long, value_name = "NAME")]
    queue: Option<String>,
    /// When a CronJob runs
    #[arg(long, value_name = "CRON")]
    schedule: Option<String>,
    /// The container's command, word for word
    #[arg(last = true, value_name = "COMMAND")]
    arguments: Vec<String>,
}

/// Lists, shows or makes.
pub(super) fn template(args: &Args) -> CliResult {
    let text = match &args.command {
        Command::List => list(),
        Command::Show { name } => comes_with_the_tool(name)?.text,
        Command::New(new) => new.text()?,
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(0)
}

fn list() -> String {
    let rows = builtins()
        .iter()
        .map(|known| [known.name, known.pattern, known.about].map(str::to_owned));
    grid(Some(&["NAME", "PATTERN", "ABOUT"]), rows)
}

impl New {
    fn text(&self) -> CliResult<String> {
        comes_with_the_tool(&self.name)?;
        let template = builtin(&self.name).expect("it was found just now");
        let script = self
            .command
            .iter()
            .map(|script| vec!["sh".to_owned(), "-c".into(), script.clone()]);
        let recipe = Recipe {
            name: self.job_name.clone(),
            image: self.image.clone(),
            command: script
                .flatten()
                .chain(self.arguments.iter().cloned())
                .collect(),
            completions: self.completions,
            parallelism: self.parallelism,
            backoff_limit: self.backoff_limit,
            deadline: self.deadline,
            ttl: self.ttl,
            queue: self.queue.clone(),
            schedule: self.schedule.clone(),
        };
        recipe.text(template).map_err(Failure::usage)
    }
}
