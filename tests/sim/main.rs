//! A seeded simulation of the controller's loop: the real loop, the real API and store, and everything between and around
//! them made up: a network that delays, drops, refuses and lies, a node whose Pods fail and vanish, users who change
//! their minds, a process that dies and comes back, a second one that should not be there.
//!
//! `cargo test --test sim` runs the seeds of `seeds.txt` and a small fixed set. `SIM_SEED=N` runs one seed and prints what
//! happened; `SIM_SECONDS=120` runs random seeds for so long, from `SIM_FIRST` on if that is set; `SIM_SEEDS=A..B` runs a range. Nothing depends on real time:
//! a seed always gives the same run.

mod checks;
mod clock;
mod fault;
mod ledger;
mod link;
mod node;
mod run;
mod stream;
mod swarm;
mod trace;
mod user;
mod world;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use run::Outcome;

/// Seeds that once failed: one a line, with what they found.
const KEPT: &str = include_str!("seeds.txt");
/// How many seeds, from 1 on, every run of the tests covers besides.
const FIXED: u64 = 40;

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    match plan() {
        Ok(plan) => perform(&plan),
        Err(why) => {
            say(&why);
            ExitCode::from(2)
        }
    }
}

/// One seed of so many is run twice.
const TWICE: u64 = 8;

/// Runs a seed. Now and then it looks whether the same seed gives the same run: else one that fails could not be looked at again.
fn checked(seed: u64) -> Outcome {
    let mut outcome = run::run(seed);
    if outcome.violation.is_none() && seed.is_multiple_of(TWICE) {
        let again = run::run(seed).trace;
        if let Some(line) = first_difference(&outcome.trace, &again) {
            outcome.violation = Some(format!("two runs of this seed differ from line {line} on"));
        }
    }
    outcome
}

fn first_difference(one: &[String], other: &[String]) -> Option<usize> {
    let same = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    (same < one.len().max(other.len())).then_some(same + 1)
}

/// Which seeds to run.
enum Plan {
    One(u64),
    Listed(Vec<u64>),
    Random(Duration),
}

#[expect(
    clippy::disallowed_methods,
    reason = "the environment says which seeds to run"
)]
fn plan() -> Result<Plan, String> {
    let number = |text: &str| {
        text.trim()
            .parse::<u64>()
            .map_err(|_| format!("`{text}` is not a number"))
    };
    if let Ok(seed) = std::env::var("SIM_SEED") {
        return number(&seed).map(Plan::One);
    }
    if let Ok(seconds) = std::env::var("SIM_SECONDS") {
        return Ok(Plan::Random(Duration::from_secs(number(&seconds)?)));
    }
    if let Ok(range) = std::env::var("SIM_SEEDS") {
        let (first, end) = range
            .split_once("..")
            .ok_or("SIM_SEEDS is not a range A..B")?;
        return Ok(Plan::Listed((number(first)?..number(end)?).collect()));
    }
    let kept = KEPT
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let kept: Result<Vec<u64>, String> = kept
        .filter(|word| !word.starts_with('#'))
        .map(number)
        .collect();
    Ok(Plan::Listed(kept?.into_iter().chain(1..=FIXED).collect()))
}

fn perform(plan: &Plan) -> ExitCode {
    match plan {
        Plan::One(seed) => {
            let outcome = run::run(*seed);
            for line in &outcome.trace {
                say(line);
            }
            report(&outcome)
        }
        Plan::Listed(seeds) => {
            say(&format!(
                "sim: {} seeds, {} to {}",
                seeds.len(),
                seeds.iter().min().unwrap_or(&0),
                seeds.iter().max().unwrap_or(&0)
            ));
            let next = AtomicU64::new(0);
            sweep(&|| {
                seeds
                    .get(next.fetch_add(1, Ordering::Relaxed) as usize)
                    .copied()
            })
        }
        Plan::Random(time) => {
            let first = first_seed();
            say(&format!(
                "sim: random seeds from {first} on, for {} s",
                time.as_secs()
            ));
            let (began, next) = (now(), AtomicU64::new(first));
            sweep(&|| (began.elapsed() < *time).then(|| next.fetch_add(1, Ordering::Relaxed)))
        }
    }
}

/// `SIM_FIRST` says where random seeds begin, so that the same sources are checked with the same seeds everywhere.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment or the clock choose the seeds; no run depends on it"
)]
fn first_seed() -> u64 {
    let named = std::env::var("SIM_FIRST").ok();
    let named = named.and_then(|text| text.trim().parse().ok());
    named.unwrap_or_else(|| {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        (1 << 20) | (since.as_micros() as u64 & ((1 << 40) - 1))
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a time box is real time; no run depends on it"
)]
fn now() -> Instant {
    Instant::now()
}

/// Runs seeds until there are none, on every core; stops at the first that fails.
fn sweep(next: &(dyn Fn() -> Option<u64> + Sync)) -> ExitCode {
    let (failed, count) = (AtomicBool::new(false), AtomicU64::new(0));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed)
                    && let Some(seed) = next()
                {
                    let outcome = checked(seed);
                    count.fetch_add(1, Ordering::Relaxed);
                    if report(&outcome) != ExitCode::SUCCESS {
                        failed.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    say(&format!("sim: {} runs", count.load(Ordering::Relaxed)));
    if failed.load(Ordering::Relaxed) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// What happened last before a failure is worth so many lines.
const TAIL: usize = 60;

fn report(outcome: &Outcome) -> ExitCode {
    let Some(why) = &outcome.violation else {
        return ExitCode::SUCCESS;
    };
    let mut lines = vec![
        format!("sim: seed {} fails: {why}", outcome.seed),
        outcome.options.clone(),
    ];
    lines.extend(
        outcome
            .trace
            .iter()
            .skip(outcome.trace.len().saturating_sub(TAIL))
            .cloned(),
    );
    lines.push(format!(
        "again, with everything: SIM_SEED={} cargo test --test sim",
        outcome.seed
    ));
    say(&lines.join("\n"));
    ExitCode::FAILURE
}

#[expect(clippy::print_stdout, reason = "the report of a test program")]
fn say(line: &str) {
    println!("{line}");
}
