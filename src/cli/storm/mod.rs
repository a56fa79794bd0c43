//! Whole commands, in process, on a cluster behind a bad network: `submit`, `run`, `watch`, `wait` and `retry` as they are,
//! the real API, store and Job controller; the network, the node and the moment of each kill follow from a seed.
//!
//! `STORM_SEED=N cargo test --lib storm` runs one seed and prints what happened; `STORM_SEEDS=A..B` runs a range. Time is the
//! runtime's paused time: a seed always gives the same run.

mod fate;
mod network;
mod node;
mod story;
mod stream;
mod world;

use std::cell::RefCell;

use crate::group::{Change, Group, Phase, What};

/// How many seeds, from 1 on, every run of the tests covers.
const FIXED: u64 = 24;

/// What the screen of the command that runs has shown so far.
#[derive(Default)]
struct Witness {
    total: usize,
    done: usize,
    complaint: Option<String>,
}

thread_local! {
    static WITNESS: RefCell<Witness> = RefCell::default();
}

/// Another command begins: its screen is empty.
fn forget() {
    WITNESS.take();
}

/// What was wrong with what was shown.
fn complaint() -> Option<String> {
    WITNESS.with_borrow(|witness| witness.complaint.clone())
}

/// Every change passes by here, as the screen shows it: the counts add up, and never go back.
pub(super) fn witness(change: &Change, group: &Group) {
    WITNESS.with_borrow_mut(|seen| {
        let tally = group.tally();
        let (total, done) = (tally.total(), tally.done());
        let sum: usize = Phase::ALL.into_iter().map(|phase| tally.of(phase)).sum();
        let refused = matches!(
            change.what,
            What::Phase {
                to: Phase::Refused,
                ..
            }
        );
        let gone = matches!(
            change.what,
            What::Phase {
                to: Phase::Gone,
                ..
            }
        );
        let complaint = if sum != group.members().len() || total != sum {
            format!("the counts do not add up: {tally:?}")
        } else if refused || gone {
            format!("nobody refuses or deletes anything: {change:?}")
        } else if !group.is_listed() {
            // What a record says may be behind, until the cluster was looked at.
            return;
        } else if total < seen.total || done < seen.done {
            format!(
                "{}/{} were over, and now {done}/{total}",
                seen.done, seen.total
            )
        } else {
            (seen.total, seen.done) = (total, done);
            return;
        };
        seen.complaint.get_or_insert(complaint);
    });
}

#[expect(
    clippy::disallowed_methods,
    reason = "the environment says which seeds to run"
)]
fn seeds() -> (Vec<u64>, bool) {
    let number = |text: &str| text.parse::<u64>().expect("a number");
    if let Ok(seed) = std::env::var("STORM_SEED") {
        return (vec![number(&seed)], true);
    }
    let range = std::env::var("STORM_SEEDS").ok();
    let range = range.map(|range| {
        let (first, end) = range.split_once("..").expect("a range A..B");
        (number(first)..number(end)).collect()
    });
    (range.unwrap_or_else(|| (1..=FIXED).collect()), false)
}

/// Runs one seed; gives what happened, and what was wrong.
fn run(seed: u64) -> (Vec<String>, Result<(), String>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    runtime.expect("a runtime can be made").block_on(async {
        let world = world::World::new(seed);
        let result = story::live(&world).await;
        (world.take_trace(), result)
    })
}

#[test]
fn commands_keep_their_word_in_any_storm() {
    let (seeds, tell) = seeds();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = std::sync::Mutex::new(seeds.into_iter());
    let work = || {
        let next = || next.lock().expect("nothing panics here").next();
        while let Some(seed) = next() {
            let (trace, result) = run(seed);
            if let Err(why) = result {
                let from = trace
                    .len()
                    .saturating_sub(if tell { usize::MAX } else { 40 });
                let tail = trace[from..].join("\n");
                panic!(
                    "seed {seed}: {why}\n{tail}\nagain, with everything: STORM_SEED={seed} cargo test --lib storm"
                );
            }
        }
    };
    std::thread::scope(|scope| {
        for worker in (0..cores).map(|_| scope.spawn(work)).collect::<Vec<_>>() {
            if let Err(panic) = worker.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

#[test]
fn a_seed_always_gives_the_same_run() {
    let (first, second) = (run(3), run(3));
    let differ = first
        .0
        .iter()
        .zip(&second.0)
        .find(|(one, other)| one != other);
    assert_eq!((differ, first.1), (None, second.1));
}
