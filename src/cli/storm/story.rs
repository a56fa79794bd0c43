//! What a user does in one run, and what must be true at its end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use serde_json::Value;
use tokio::sync::watch;

use super::world::World;
use super::{complaint, forget, network, node};
use crate::cli::session::Session;
use crate::cli::{Cli, CliResult, Command, retry, run, submit, watch as watch_command};
use crate::controller::{self, Owner};
use crate::local::kind::JOB;
use crate::local::selector::Filter;

/// Faults end after this time.
const CHAOS: Duration = Duration::from_secs(600);
/// A command ends within this time, whatever happens.
const PATIENCE: Duration = Duration::from_secs(4 * 3600);
/// How often a command is started again.
const STARTS_MAX: usize = 200;
/// Where the list's names begin.
const GROUP: &str = "storm";

/// The members of a story, and which of them fail.
struct Plan {
    items: Vec<String>,
    bad: BTreeSet<String>,
}

/// Lives through one run; the error says what was wrong.
pub(super) async fn live(world: &Arc<World>) -> Result<(), String> {
    let plan = Arc::new(plan(world));
    let fate = plan.clone();
    let bad = move |job: &str| !fate.bad.contains(job.trim_start_matches("process-item-"));
    let node = tokio::spawn(node::live(world.clone(), bad));
    let (_stop, stopped) = watch::channel(false);
    let client = kube::Client::new(world.api.clone(), "default");
    let controller = tokio::spawn(controller::run(client, controller_options(world), stopped));
    let weather = tokio::spawn(weather(world.clone()));
    let result = story(world, &plan).await;
    for task in [node, weather] {
        task.abort();
    }
    controller.abort();
    result
}

async fn weather(world: Arc<World>) {
    tokio::time::sleep(CHAOS).await;
    world.calm_down();
}

fn controller_options(world: &Arc<World>) -> controller::Options {
    let world = world.clone();
    controller::Options {
        owner: Owner::Everything,
        namespace: None,
        selector: None,
        gather: Duration::from_millis(500),
        concurrency: 4,
        pods_per_second: None,
        once: false,
        clock: Arc::new(move || world.time()),
    }
}

fn plan(world: &World) -> Plan {
    world.random(|random| {
        let count = random.usize(1..=40);
        let items: Vec<String> = (0..count).map(|number| format!("i{number}")).collect();
        let rate = if random.bool() { random.u32(0..500) } else { 0 };
        let bad = items.iter().filter(|_| random.u32(..1000) < rate);
        Plan {
            bad: bad.cloned().collect(),
            items,
        }
    })
}

async fn story(world: &Arc<World>, plan: &Plan) -> Result<(), String> {
    let list = format!(
        "--group {GROUP} --retries 0 --items {}",
        plan.items.join(",")
    );
    let more = world.random(|random| match random.u8(..4) {
        0 => format!(" -j {}", random.u8(1..9)),
        1 => format!(" --shuffle --seed {}", random.u8(..)),
        _ => String::new(),
    });
    let first = if world.random(fastrand::Rng::bool) {
        format!("run {list}{more} --progress none --logs none")
    } else {
        format!("submit {list}")
    };
    // Killed now and then, and started again.
    for _ in 0..world.random(|random| random.u8(..3)) {
        let pause = Duration::from_millis(world.random(|random| random.u64(..20_000)));
        // What it ends with, if it does, shows at the end.
        let _ = tokio::time::timeout(pause, perform(world, &first)).await;
        world.note("killed");
    }
    let expected = if plan.bad.is_empty() { 0 } else { 3 };
    let submits = first.starts_with("submit");
    until(world, &first, if submits { 0 } else { expected }).await?;
    once_each(world, plan)?;
    let follow = ["watch", "wait"][world.random(|random| random.usize(..2))];
    let follow = format!("{follow} {GROUP} --progress none --logs none");
    until(world, &follow, expected).await?;
    truth(world, plan)?;
    if !plan.bad.is_empty() {
        until(world, &format!("retry {GROUP}"), 0).await?;
        until(world, &follow, expected).await?;
        once_each(world, plan)?;
        truth(world, plan)?;
    }
    // Nothing is left to be done.
    until(world, &format!("submit {list}"), 0).await?;
    once_each(world, plan)
}

/// Starts a command until it ends with a code that is not about the cluster, which must be this one.
async fn until(world: &Arc<World>, line: &str, expected: u8) -> Result<(), String> {
    for _ in 0..STARTS_MAX {
        let ended = tokio::time::timeout(PATIENCE, perform(world, line)).await;
        let ended = ended.map_err(|_| format!("`{line}` does not end"))?;
        let told = match &ended {
            Ok(code) => format!("code {code}"),
            Err(failure) => format!("code {}: {}", failure.code, failure.message),
        };
        world.note(&format!(
            "`{}` ends with {told}",
            &line[..line.len().min(60)]
        ));
        if let Some(why) = complaint() {
            return Err(format!("`{line}`: {why}"));
        }
        match ended {
            Ok(code) if code == expected => return Ok(()),
            // It cannot reach the server, and says so: the user tries again.
            Err(failure) if failure.code == 5 => {}
            Ok(5) if !line.starts_with("submit") => {}
            // All that had failed were created again before an answer was lost.
            Err(failure) if failure.code == 4 && line.starts_with("retry") => return Ok(()),
            _ => {
                return Err(format!(
                    "`{line}` ends with {told}, not with code {expected}"
                ));
            }
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    Err(format!("`{line}` does not come through"))
}

/// One command line from its arguments to its end.
async fn perform(world: &Arc<World>, line: &str) -> CliResult {
    forget();
    world.note(&format!("starts `{}`", &line[..line.len().min(60)]));
    let words = std::iter::once("kubectl-batch").chain(line.split_whitespace());
    let cli = Cli::try_parse_from(words).expect("the story's commands are good");
    let (global, session) = (&cli.global, Session::over(network::client(world)));
    match &cli.command {
        Command::Submit(args) => {
            let batch = args.read(global)?;
            Box::pin(submit::submit_batch(args, global, &batch, &session)).await
        }
        Command::Run(args) => {
            let batch = args.read(global)?;
            let ending = Box::pin(run::run_batch(args, global, &batch, &session)).await?;
            Ok(ending.code)
        }
        Command::Watch(args) => watch_command::attach_in(&session, &args.attach(), global).await,
        Command::Wait(args) => watch_command::attach_in(&session, &args.attach(), global).await,
        Command::Retry(args) => {
            let found = args.choice.look_in(session).await?;
            Box::pin(retry::retry_found(args, global, found)).await
        }
        other => panic!("the story does not know {other:?}"),
    }
}

fn jobs(world: &World) -> Vec<Arc<Value>> {
    let found = world.store.list(&JOB, None, &Filter::default(), None, None);
    found.objects
}

/// Every item has exactly one Job, with the digest of its manifest.
fn once_each(world: &World, plan: &Plan) -> Result<(), String> {
    let annotation = |job: &Value, key: &str| {
        let value = &job["metadata"]["annotations"][key];
        value.as_str().unwrap_or_default().to_owned()
    };
    let jobs = jobs(world);
    let mut items: Vec<String> = jobs
        .iter()
        .map(|job| annotation(job, "kubectl-batch/item"))
        .collect();
    let mut expected = plan.items.clone();
    items.sort();
    expected.sort();
    if items != expected {
        return Err(format!("{} items, and Jobs for {items:?}", expected.len()));
    }
    let digests: BTreeSet<String> = jobs
        .iter()
        .map(|job| annotation(job, "kubectl-batch/digest"))
        .collect();
    if digests.len() != items.len() || digests.contains("") {
        return Err("digests are missing, or not one for each member".into());
    }
    Ok(())
}

/// All Jobs are over, and have ended as they had to: the verdict that was told is the truth.
fn truth(world: &World, plan: &Plan) -> Result<(), String> {
    for job in jobs(world) {
        let item = job["metadata"]["annotations"]["kubectl-batch/item"].as_str();
        let item = item.unwrap_or_default();
        let wanted = if plan.bad.contains(item) {
            "Failed"
        } else {
            "Complete"
        };
        let conditions = job["status"]["conditions"].as_array();
        let ended = conditions
            .into_iter()
            .flatten()
            .any(|condition| condition["type"] == wanted && condition["status"] == "True");
        if !ended {
            return Err(format!("{item} is not {wanted}: {}", job["status"]));
        }
    }
    Ok(())
}
