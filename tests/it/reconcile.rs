//! The client-side reconciler: Jobs that were handed over, on the embedded cluster and on a real one.

use std::process::Child;

use crate::cluster::Cluster;

/// A process that must not outlive a test.
struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn jobs_that_were_handed_over_wait_for_the_reconciler_and_end_with_it() {
    let cluster = Cluster::new("handed");
    cluster.template("true");
    cluster
        .run("submit -f t.yaml --items a,b --reconcile")
        .good();
    let alone = cluster.run("wait GROUP --timeout 2s");
    assert_eq!(alone.code, Some(124), "nobody serves them: {alone:?}");

    let once = cluster.run("reconcile -l jobgroup=GROUP --once -v");
    for words in [
        "job GROUP-a: want 1, active 0, ready 0, succeeded 0, failed 0: create 1",
        "2 passes, 0 failed",
    ] {
        assert!(once.err.contains(words), "{once:?}");
    }
    let second = Held(cluster.start("reconcile -l jobgroup=GROUP"));
    cluster.run("wait GROUP --timeout 60s").good();
    drop(second);

    // It was killed: its Lease has to run out first.
    let after = cluster.run("reconcile -l jobgroup=GROUP --once");
    assert!(after.err.contains(" reconciles here"), "{after:?}");
    assert!(after.err.contains("0 passes, 0 failed"), "{after:?}");
}

#[test]
fn jobs_of_another_controller_are_left_alone() {
    let cluster = Cluster::new("alone");
    cluster.template("sleep 60");
    cluster.run("submit -f t.yaml --items a").good();
    let once = cluster.run("reconcile -l jobgroup=GROUP --once -v");
    assert_eq!(
        (once.code, once.err.contains("create")),
        (Some(0), false),
        "{once:?}"
    );
}

#[test]
fn explain_shows_the_arithmetic_of_any_job() {
    let cluster = Cluster::new("explain");
    cluster.template("true");
    cluster.run("submit -f t.yaml --items a --reconcile").good();
    let told = cluster.run("reconcile --explain GROUP-a").good();
    insta::assert_snapshot!(told, @r"
    job default/GROUP-a: managed by kubectl-batch/reconciler
    active 0 (ready 0), terminating 0, succeeded 0, failed 0
    failed 0 of backoffLimit 0: 1 more would fail the Job
    need = completions - active - succeeded = 1 - 0 - 0 = 1
    capped by parallelism - active = 1 - 0 = 1: 1
    next: create 1
    ");
}
