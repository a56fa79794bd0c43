//! A submission that is killed at any moment and run again: every item ends with exactly one Job of the right digest.

use std::io::{BufRead, BufReader};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::cluster::Cluster;

const ITEMS: usize = 300;
const SEEDS: u64 = 50;
/// Submissions at a time, against one server.
const AT_ONCE: usize = 4;

/// A Job that nobody works on: what is tested is how it comes to be.
fn template(group: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {group}-$ITEM\nspec:\n  suspend: true\n  managedBy: example.com/nobody\n  template:\n    spec:\n      containers: [{{name: c, image: none, command: [\"true\"]}}]\n      restartPolicy: Never\n"
    )
}

/// Kills the program at a moment that the seed chooses: after so many lines, or after a time.
fn kill_one(cluster: &Cluster, command: &str, random: &mut fastrand::Rng) -> usize {
    let mut child = cluster.start(command);
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let by_lines = random.u8(..4) > 0;
    let seen = if by_lines {
        lines.take(random.usize(..ITEMS)).count()
    } else {
        std::thread::sleep(Duration::from_millis(random.u64(..400)));
        0
    };
    // It may have ended already.
    let _ = child.kill();
    child.wait().expect("it ends");
    seen
}

/// Kills once or twice, then runs to the end; gives whether that found some of the members there, or says what is wrong.
fn run_seed(cluster: &Cluster, seed: u64) -> Result<bool, String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let group = format!("{}-{seed}", cluster.group);
    cluster
        .place
        .file(&format!("{seed}.yaml"), &template(&group));
    let list = format!("-f {seed}.yaml --group {group} --range 1..{ITEMS}");
    for _ in 0..=random.u8(..2) {
        kill_one(cluster, &format!("submit {list}"), &mut random);
    }
    let finished = cluster.run(&format!("submit {list}"));
    if finished.code != Some(0) {
        return Err(format!("seed {seed}: {finished:?}"));
    }
    let compared = cluster.run(&format!("submit {list} --dry-run=server -o json"));
    let found: Value = serde_json::from_str(&compared.out)
        .map_err(|error| format!("seed {seed}: {error}: {compared:?}"))?;
    let count = |state: &str| found["counts"][state].as_u64().unwrap_or(0) as usize;
    let all = found["members"].as_array().map_or(0, Vec::len);
    if (count("unchanged"), all) == (ITEMS, ITEMS) {
        return Ok(finished.err.contains(" new, "));
    }
    Err(format!("seed {seed}: {}", found["counts"]))
}

#[test]
fn a_submission_that_is_killed_at_any_moment_goes_on_where_it_was() {
    let cluster = Cluster::embedded("killed");
    let (next, halfway) = (AtomicU64::new(1), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let work = || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed > SEEDS {
                    return Ok(());
                }
                let found_some = run_seed(&cluster, seed)?;
                halfway.fetch_add(u64::from(found_some), Ordering::Relaxed);
            }
        };
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let result: Result<(), String> = worker.join().expect("it does not panic");
            assert_eq!(result, Ok(()));
        }
    });
    let halfway = halfway.into_inner();
    assert!(halfway > SEEDS / 4, "only {halfway} were killed halfway");
}
