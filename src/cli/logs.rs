//! `logs`: what members wrote, as one stream or as a file for each Pod.

use std::io::Write;
use std::path::PathBuf;

use futures::stream::{self, BoxStream, Stream, StreamExt};
use jiff::Timestamp;
use kube::Client;

use super::choice::ChoiceArgs;
use super::follow::Reading;
use super::output_dir::OutputDir;
use super::print::print;
use super::screen::{Progress, on_terminal, output_line, say};
use super::session::block_on;
use super::show::ShowArgs;
use super::ttl::TtlArgs;
use super::watch::Attach;
use super::{CliResult, Failure, Global, watch};
use crate::cluster::duration::parse_duration;
use crate::cluster::logs::{Log, Part, Since, lines};
use crate::cluster::problem::Problem;
use crate::group::{Member, Phase, PodState, PodView};
use crate::render;

/// Outputs that are read at a time.
const AT_ONCE: usize = 16;
/// Bytes of one Pod's output that are held while earlier Pods are printed; a longer one is read again when its turn has come.
const HELD_MAX: usize = 1024 * 1024;

/// Print what the members of a group wrote
///
/// The lines of one Pod keep their order, and Pods follow in the order of the list; there is no limit to their number. With
/// --follow, lines come as they are written.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  kubectl batch logs jobexample --failed --tail 20
  kubectl batch logs jobexample --follow --since 10m --timestamps
  kubectl batch logs jobexample --dir logs")]
pub(super) struct Args {
    #[command(flatten)]
    choice: ChoiceArgs,
    /// Only members that failed
    #[arg(long, conflicts_with = "follow")]
    failed: bool,
    /// Go on until the group has ended; Pods that appear later join in
    #[arg(short, long, conflicts_with = "dir")]
    follow: bool,
    #[command(flatten)]
    part: PartArgs,
    /// The item in front of each line: --prefix=false leaves it out
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "true", hide_default_value = true, hide_possible_values = true, action = clap::ArgAction::Set)]
    prefix: bool,
    /// Write a file for each Pod into this directory instead: ITEM.log, ITEM.2.log for the second try
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Which lines, of which container.
#[derive(Clone, Debug, clap::Args)]
struct PartArgs {
    /// Only so many lines from the end of each Pod; -1 is all
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(-1..))]
    tail: Option<i32>,
    /// Only what was written in so long: 90, 5s, 2m or 3h
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<u64>,
    /// Only what was written at or after this time, such as 2026-01-31T08:00:00Z
    #[arg(long, value_name = "RFC3339", conflicts_with = "since")]
    since_time: Option<Timestamp>,
    /// The time in front of each line
    #[arg(long)]
    timestamps: bool,
    /// The container; else the one that failed, or the first
    #[arg(short, long, value_name = "NAME")]
    container: Option<String>,
}

/// A time back in whole seconds, at least one: the server counts so.
fn since(text: &str) -> Result<u64, String> {
    let time = parse_duration(text).filter(|time| !time.is_zero());
    let time = time.ok_or_else(|| "expected a time, such as 90, 5s, 2m or 3h".to_owned())?;
    Ok(time.as_secs() + u64::from(time.subsec_nanos() > 0))
}

/// One Pod whose output is wanted.
struct Wanted {
    item: String,
    /// From 1, within its member.
    attempt: usize,
    log: Log,
}

/// Prints, follows, or writes.
pub(super) fn logs(args: &Args, global: &Global) -> CliResult {
    if args.follow {
        let show = ShowArgs::for_logs(args.reading());
        let attach = Attach {
            target: &args.choice.target,
            show: &show,
            ttl: TtlArgs::default(),
            progress: Progress::None,
            must_exist: false,
        };
        return watch::attach(&attach, global);
    }
    block_on(async {
        let found = args.choice.find(global).await?;
        let mut members: Vec<&Member> = found
            .group
            .members()
            .iter()
            .filter(|member| args.wants(member))
            .collect();
        members.sort_by_key(|member| (member.index, &member.place));
        let wanted = members.into_iter().flat_map(|member| args.pods(member));
        let client = &found.session.client;
        match &args.dir {
            Some(folder) => write_files(client, wanted, &OutputDir::new(folder, true)).await,
            None => print_all(client, wanted, args.prefix).await,
        }
    })
}

impl PartArgs {
    fn chosen(&self) -> Part {
        let time = self.since_time.map(Since::Time);
        Part {
            tail: self.tail.and_then(|lines| u32::try_from(lines).ok()),
            since: self.since.map(Since::Seconds).or(time),
            timestamps: self.timestamps,
        }
    }
}

impl Args {
    fn reading(&self) -> Reading {
        Reading {
            items: self.choice.items.clone(),
            is_bare: !self.prefix,
            container: self.part.container.clone(),
            part: self.part.chosen(),
        }
    }

    fn wants(&self, member: &Member) -> bool {
        self.choice.names(member) && (!self.failed || member.state.phase == Phase::Failed)
    }

    fn pods(&self, member: &Member) -> Vec<Wanted> {
        let began = |pod: &&&PodView| !matches!(pod.state, PodState::Pending(_));
        let pods = member.pods();
        let tries = pods.iter().filter(began).enumerate();
        tries
            .map(|(index, pod)| Wanted {
                item: member.item.clone(),
                attempt: index + 1,
                log: Log {
                    namespace: member.place.namespace.clone(),
                    pod: pod.name.clone(),
                    container: self
                        .part
                        .container
                        .clone()
                        .unwrap_or_else(|| pod.container.clone()),
                    follow: false,
                    previous: false,
                    part: self.part.chosen(),
                },
            })
            .collect()
    }
}

type Lines = BoxStream<'static, std::io::Result<String>>;

async fn open(client: &Client, log: &Log) -> Result<Lines, Problem> {
    lines(client, log).await.map_err(Problem::from)
}

fn broken(error: &std::io::Error) -> Problem {
    Problem::unreachable(format!("the output broke off: {error}"))
}

/// Reads an output ahead of its turn; nothing, if it is too long to be held.
async fn ahead(client: &Client, log: &Log) -> Result<Option<Vec<String>>, Problem> {
    let mut stream = open(client, log).await?;
    let (mut read, mut held) = (Vec::new(), 0);
    while let Some(line) = stream.next().await {
        let line = line.map_err(|error| broken(&error))?;
        held += line.len() + size_of::<String>();
        if held > HELD_MAX {
            return Ok(None);
        }
        read.push(line);
    }
    Ok(Some(read))
}

async fn print_all(
    client: &Client,
    wanted: impl Iterator<Item = Wanted>,
    prefix: bool,
) -> CliResult {
    let outputs = stream::iter(wanted).map(|wanted| async move {
        let read = ahead(client, &wanted.log).await;
        (wanted, read)
    });
    let mut outputs = std::pin::pin!(outputs.buffered(AT_ONCE));
    let mut code = 0;
    while let Some((wanted, read)) = outputs.next().await {
        let item = prefix.then_some(wanted.item.as_str());
        let lines: Result<Lines, Problem> = match read {
            Ok(Some(read)) => Ok(stream::iter(read.into_iter().map(Ok)).boxed()),
            Ok(None) => open(client, &wanted.log).await,
            Err(problem) => Err(problem),
        };
        let printed = match lines {
            Ok(lines) => print_one(item, lines).await?,
            Err(problem) => Err(problem),
        };
        if let Err(problem) = printed {
            code = 5;
            say(&format!("{}: {problem}", wanted.log.pod));
        }
    }
    Ok(code)
}

async fn print_one(
    item: Option<&str>,
    mut lines: impl Stream<Item = std::io::Result<String>> + Unpin,
) -> CliResult<Result<(), Problem>> {
    let on_terminal = on_terminal();
    while let Some(line) = lines.next().await {
        match line {
            Ok(line) => print(&output_line(item, &line, on_terminal))?,
            Err(error) => return Ok(Err(broken(&error))),
        }
    }
    Ok(Ok(()))
}

/// Each output goes to its file as it comes; a file has its name only once it is whole.
async fn write_files(
    client: &Client,
    wanted: impl Iterator<Item = Wanted>,
    folder: &OutputDir,
) -> CliResult {
    let files = stream::iter(wanted).map(|wanted| async move {
        let mut lines = open(client, &wanted.log).await?;
        let mut file = folder.new_log()?;
        while let Some(line) = lines.next().await {
            let line = line.map_err(|error| Failure::from(broken(&error)))?;
            writeln!(file, "{line}").map_err(|error| folder.wrong(&error))?;
        }
        folder.keep_log(file, &wanted.item, wanted.attempt)
    });
    let mut files = std::pin::pin!(files.buffer_unordered(AT_ONCE));
    let mut count = 0;
    while let Some(file) = files.next().await {
        file?;
        count += 1;
    }
    say(&format!(
        "{} written to {}",
        render::counted(count, "file"),
        folder.path().display()
    ));
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::since;

    #[test]
    fn since_is_at_least_one_whole_second() {
        for (text, seconds) in [("90", 90), ("250ms", 1), ("1.5s", 2), ("2m", 120)] {
            assert_eq!(since(text), Ok(seconds), "{text}");
        }
        assert!(since("0").is_err() && since("soon").is_err());
    }
}
