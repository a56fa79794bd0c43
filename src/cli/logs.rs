//! `logs`: what members wrote, as one stream or as a file for each Pod.

use std::path::PathBuf;

use futures::stream::{self, StreamExt};

use super::choice::ChoiceArgs;
use super::output_dir::OutputDir;
use super::print::print;
use super::run::ShowArgs;
use super::screen::{Progress, say};
use super::session::block_on;
use super::ttl::TtlArgs;
use super::{CliResult, Failure, Global, watch};
use crate::cluster::logs::{Log, lines};
use crate::group::{Member, Phase, PodState, PodView};
use crate::render;

/// Outputs that are read at a time.
const AT_ONCE: usize = 16;
/// Bytes of one Pod's output that are held while earlier Pods are printed.
const HELD_MAX: usize = 4 * 1024 * 1024;

/// Print what the members of a group wrote
///
/// The lines of one Pod keep their order, and Pods follow in the order of the list; there is no limit to their number.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    choice: ChoiceArgs,
    /// Only members that failed
    #[arg(long, conflicts_with = "follow")]
    failed: bool,
    /// Go on until the group has ended; Pods that appear later join in
    #[arg(short, long, conflicts_with = "dir")]
    follow: bool,
    /// Only so many lines from the end of each Pod
    #[arg(long, value_name = "N", conflicts_with = "follow")]
    tail: Option<u32>,
    /// The container; else the one that failed, or the first
    #[arg(short, long, value_name = "NAME", conflicts_with = "follow")]
    container: Option<String>,
    /// The item in front of each line: --prefix=false leaves it out
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "true", hide_default_value = true, hide_possible_values = true, action = clap::ArgAction::Set)]
    prefix: bool,
    /// Write a file for each Pod into this directory instead: ITEM.log, ITEM.2.log for the second try
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
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
        let show = ShowArgs::for_logs(&args.choice.items);
        return watch::attach(
            &args.choice.target,
            &show,
            TtlArgs::default(),
            Progress::None,
            false,
            global,
        );
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
        let outputs = stream::iter(wanted)
            .map(|wanted| async move {
                let read = read(client, &wanted.log).await;
                (wanted, read)
            })
            .buffered(AT_ONCE);
        match &args.dir {
            Some(folder) => write_files(outputs, &OutputDir::new(folder, true)).await,
            None => print_all(outputs, args.prefix).await,
        }
    })
}

impl Args {
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
                        .container
                        .clone()
                        .unwrap_or_else(|| pod.container.clone()),
                    follow: false,
                    previous: false,
                    tail: self.tail,
                },
            })
            .collect()
    }
}

async fn read(client: &kube::Client, log: &Log) -> kube::Result<Vec<String>> {
    let mut stream = lines(client, log).await?;
    let (mut read, mut held) = (Vec::new(), 0);
    while let Some(line) = stream.next().await {
        held += line.len();
        read.push(line);
        if held > HELD_MAX {
            read.push(format!(
                "(cut here: `kubectl logs {}` shows the rest)",
                log.pod
            ));
            break;
        }
    }
    Ok(read)
}

type Output = (Wanted, kube::Result<Vec<String>>);

async fn print_all(outputs: impl stream::Stream<Item = Output>, prefix: bool) -> CliResult {
    let mut outputs = std::pin::pin!(outputs);
    let mut code = 0;
    while let Some((wanted, read)) = outputs.next().await {
        match read {
            Ok(lines) => {
                for line in lines {
                    let line = super::screen::as_output(&line);
                    if prefix {
                        print(&format!("{} | {line}", render::show(&wanted.item)))?;
                    } else {
                        print(&line)?;
                    }
                }
            }
            Err(error) => {
                code = 5;
                say(&format!(
                    "{}: {}",
                    wanted.log.pod,
                    crate::cluster::problem::Problem::from(error)
                ));
            }
        }
    }
    Ok(code)
}

async fn write_files(outputs: impl stream::Stream<Item = Output>, folder: &OutputDir) -> CliResult {
    let mut outputs = std::pin::pin!(outputs);
    let mut count = 0;
    while let Some((wanted, read)) = outputs.next().await {
        let lines =
            read.map_err(|error| Failure::from(crate::cluster::problem::Problem::from(error)))?;
        let mut text = lines.join("\n");
        if !text.is_empty() {
            text.push('\n');
        }
        folder.write_log(&wanted.item, wanted.attempt, text.as_bytes())?;
        count += 1;
    }
    say(&format!(
        "{} written to {}",
        render::counted(count, "file"),
        folder.path().display()
    ));
    Ok(0)
}
