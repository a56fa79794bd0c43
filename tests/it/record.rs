//! The group's record: what works from another machine, and after Jobs are gone.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::time::{Duration, Instant};

use crate::cluster::{Cluster, sorted};
use crate::support::{has, ran};

/// A template whose Jobs are removed as soon as they have ended.
fn short_lived(cluster: &Cluster, script: &str) {
    cluster.template(script);
    let text = cluster.place.read("t.yaml");
    let text = text.replace(
        "backoffLimit: 0",
        "backoffLimit: 0\n  ttlSecondsAfterFinished: 0",
    );
    cluster.place.file("t.yaml", &text);
}

/// Waits until a command's output satisfies a condition.
#[track_caller]
fn until(cluster: &Cluster, command: &str, condition: impl Fn(&str) -> bool) -> String {
    let end = Instant::now() + Duration::from_secs(40);
    loop {
        let out = cluster.run(command).out;
        if condition(&out) {
            return out;
        }
        assert!(Instant::now() < end, "{command}:\n{out}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Item and phase of all members.
fn phases(cluster: &Cluster) -> Vec<String> {
    let out = cluster.run("status GROUP --no-headers").good();
    let words = |line: &str| {
        line.split_whitespace()
            .take(2)
            .collect::<Vec<_>>()
            .join(" ")
    };
    out.lines().map(words).collect()
}

fn member(cluster: &Cluster, index: usize) -> serde_json::Value {
    let out = cluster.run("status GROUP -o json").good();
    let status: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    status["members"][index].clone()
}

fn ended(child: Child) -> (Option<i32>, String) {
    let output = child.wait_with_output().expect("it ends");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn status_retry_and_watch_know_members_whose_jobs_are_gone() {
    let cluster = Cluster::new("after");
    short_lived(&cluster, "test $ITEM = good || exit 3");
    let first = cluster.run("run -f t.yaml --items good,bad,worse --progress none --logs none");
    assert_eq!(first.code, Some(3), "{first:?}");
    if has("kubectl") {
        let mut kubectl = cluster.place.command("kubectl");
        let selector = format!("jobgroup={}", cluster.group);
        kubectl.env("KUBECONFIG", &cluster.kubeconfig);
        kubectl.args(["get", "jobs,cm", "-o", "name", "-l", &selector]);
        let end = Instant::now() + Duration::from_secs(20);
        let record = format!("configmap/kubectl-batch.{}\n", cluster.group);
        while ran(&mut kubectl, "").good() != record {
            assert!(Instant::now() < end, "the Jobs stay");
        }
    }
    assert_eq!(
        phases(&cluster),
        ["good succeeded", "bad failed", "worse failed"]
    );
    assert_eq!(member(&cluster, 1)["reason"], "exit 3 (1 try)");
    let listed = cluster.run("status").good();
    let row = listed
        .lines()
        .find(|line| line.starts_with("default") && line.contains(" GROUP "));
    let row: Vec<_> = row.expect("the group").split_whitespace().collect();
    assert_eq!(row, ["default", "GROUP", "3", "1", "2", "0", "0"]);
    // Nothing but the record is left to work with.
    std::fs::remove_file(cluster.place.path().join("t.yaml")).expect("removed");
    let waited = cluster.run("wait GROUP");
    assert_eq!(waited.code, Some(3), "{waited:?}");
    assert!(
        waited.err.contains("✗ GROUP: 1 succeeded, 2 failed"),
        "{waited:?}"
    );
    assert_eq!(
        sorted(&cluster.run("retry GROUP --cause exit --dry-run client").out),
        "",
        "no such cause"
    );
    assert_eq!(
        cluster.run("retry GROUP --item bad").good(),
        "job.batch/GROUP-bad retried\n"
    );
    assert_eq!(cluster.run("wait GROUP").code, Some(3));
    until(&cluster, "status GROUP --no-headers", |out| {
        out.matches("failed").count() == 2
    });
    let history = history(&cluster, "bad");
    assert_eq!(
        history,
        [(1, "failed".to_owned()), (2, "failed".to_owned())]
    );
    assert_eq!(
        sorted(&cluster.run("delete GROUP").good()),
        "configmap \"kubectl-batch.GROUP\" deleted"
    );
    assert_eq!(cluster.run("status GROUP").bad().0, 4);
}

/// Number and phase of a member's attempts, as `status` tells them.
fn history(cluster: &Cluster, item: &str) -> Vec<(u64, String)> {
    let out = cluster.run("status GROUP -o json").good();
    let status: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let members = status["members"].as_array().expect("members");
    let member = members
        .iter()
        .find(|member| member["item"] == item)
        .expect("the item");
    let attempts = member["attempts"].as_array().expect("attempts").iter();
    attempts
        .map(|attempt| {
            let phase = attempt["phase"].as_str().expect("a phase").to_owned();
            (attempt["number"].as_u64().expect("a number"), phase)
        })
        .collect()
}

#[test]
fn a_retry_of_a_job_that_is_there_keeps_the_history_too() {
    let cluster = Cluster::new("history");
    cluster.template("exit 4");
    cluster.run("run -f t.yaml --items a --progress none --logs none");
    cluster.run("retry GROUP").good();
    assert_eq!(cluster.run("wait GROUP").code, Some(3));
    assert_eq!(
        history(&cluster, "a"),
        [(1, "failed".to_owned()), (2, "failed".to_owned())]
    );
}

#[test]
fn a_run_follows_what_is_set_elsewhere() {
    let cluster = Cluster::new("set");
    cluster.template("sleep 2");
    let run = cluster.start("run -f t.yaml --items a,b,c,d,e,f,g -j 1 --progress plain");
    until(&cluster, "status GROUP --no-headers", |out| {
        out.contains("running")
    });
    let dry = cluster
        .run("set GROUP --max-active 6 --dry-run client")
        .good();
    assert_eq!(dry, "configmap/kubectl-batch.GROUP set (dry run)\n");
    assert_eq!(
        phases(&cluster)
            .iter()
            .filter(|phase| phase.ends_with("waiting"))
            .count(),
        6
    );
    let set = cluster.run("set -l jobgroup=GROUP --max-active 6");
    assert_eq!(set.err, "GROUP: now with --max-active 6\n", "{set:?}");
    let began = Instant::now();
    let (code, told) = ended(run);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("now with --max-active 6"), "{told}");
    assert!(
        began.elapsed() < Duration::from_secs(11),
        "one at a time takes 14 s"
    );
    let refused = cluster.run("set GROUP --halt sometimes").bad();
    assert!(
        refused.1.contains("`sometimes` is no rule for halting"),
        "{refused:?}"
    );
    assert_eq!(cluster.run("set nobody -j 2").bad().0, 4);
}

#[test]
fn suspended_members_are_let_go_so_many_at_a_time() {
    let cluster = Cluster::new("release");
    cluster.template("sleep 1");
    cluster
        .run("submit -f t.yaml --items a,b,c,d --suspended")
        .good();
    until(&cluster, "status GROUP --no-headers", |out| {
        out.matches("suspended").count() == 4
    });
    let dry = cluster.run("release GROUP --dry-run client").good();
    assert_eq!(dry.lines().count(), 4, "{dry}");
    let watch = cluster.start("watch GROUP --progress plain");
    let released = cluster.run("release GROUP -j 1");
    assert_eq!(released.code, Some(0), "{released:?}");
    let expected = ["a", "b", "c", "d"].map(|item| format!("job.batch/GROUP-{item} released"));
    assert_eq!(
        released.out.lines().collect::<Vec<_>>(),
        expected,
        "the order of the list"
    );
    let (code, told) = ended(watch);
    assert_eq!(code, Some(0), "{told}");
    // One ended before the next one ran.
    let mut running = 0;
    for line in told.lines() {
        running += i32::from(line.ends_with(": running")) - i32::from(line.contains(": succeeded"));
        assert!(running <= 1, "{told}");
    }
    // The digest is that of the template, suspended or not.
    let again = cluster.run("submit -f t.yaml --items a,b,c,d").good();
    assert_eq!(again.matches("unchanged").count(), 4, "{again}");
}

#[test]
fn what_a_detached_run_leaves_undone_is_said_and_continued_without_its_template() {
    let cluster = Cluster::new("detach");
    cluster.template("sleep 1; echo $ITEM");
    let detached = cluster.run("run -f t.yaml --items a,b,c -j 1 --detach --progress none");
    assert_eq!(detached.code, Some(0), "{detached:?}");
    insta::assert_snapshot!(detached.err, @r"
    2 members not created yet; to go on: kubectl batch continue -l jobgroup=GROUP
    the Jobs that were created go on; to come back: kubectl batch watch -l jobgroup=GROUP
    ");
    let watched = cluster.run("watch GROUP --progress none");
    assert_eq!(watched.code, Some(3), "not all succeeded: {watched:?}");
    assert_eq!(phases(&cluster), ["a succeeded", "b waiting", "c waiting"]);
    std::fs::remove_file(cluster.place.path().join("t.yaml")).expect("removed");
    let went_on = cluster.run("continue GROUP --progress verdict");
    assert_eq!(went_on.code, Some(0), "{went_on:?}");
    assert!(went_on.err.contains("✓ GROUP: 3 succeeded"), "{went_on:?}");
    let again = cluster.run("continue GROUP --progress none");
    assert_eq!(
        again.err, "all members of GROUP were created\n",
        "{again:?}"
    );
    assert_eq!(cluster.run("continue nobody").bad().0, 4);
}

#[test]
fn an_interrupted_run_says_what_is_left_and_a_watch_knows_the_total() {
    let cluster = Cluster::new("interrupt");
    cluster.template("sleep 3");
    let mut run = cluster.start("run -f t.yaml --items a,b,c,d -j 2 --progress plain");
    until(&cluster, "status GROUP --no-headers", |out| {
        out.matches("running").count() == 2
    });
    // A watch does not end while somebody creates members, although all that exist may have ended.
    let watch = cluster.start("watch GROUP --progress plain");
    let mut told = BufReader::new(run.stderr.take().expect("a pipe"));
    std::thread::sleep(Duration::from_millis(300));
    let id = run.id().to_string();
    cluster
        .place
        .command("kill")
        .args(["-INT", &id])
        .status()
        .expect("sent");
    let mut text = String::new();
    while told.read_line(&mut text).expect("a line") > 0 {}
    assert_eq!(run.wait().expect("it ends").code(), Some(130), "{text}");
    assert!(
        text.contains("2 members not created yet; to go on: kubectl batch continue"),
        "{text}"
    );
    let (code, told) = ended(watch);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains(": 2 succeeded, 2 not created"), "{told}");
}

#[test]
fn a_watch_stays_while_a_run_elsewhere_has_more_to_create() {
    let cluster = Cluster::new("stays");
    cluster.template("sleep 1");
    let watch = cluster.start("watch GROUP --progress plain");
    let ran = cluster.run("run -f t.yaml --items a,b,c -j 1 --progress none");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let (code, told) = ended(watch);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains(": 3 succeeded"), "{told}");
}

#[test]
fn two_lists_submitted_at_the_same_time_are_both_in_the_record() {
    let cluster = Cluster::new("both");
    short_lived(&cluster, "true");
    let other = cluster.start("submit -f t.yaml --items a,b,c");
    cluster.run("submit -f t.yaml --items d,e").good();
    let (code, told) = ended(other);
    assert_eq!(code, Some(0), "{told}");
    let mut items: Vec<_> = phases(&cluster)
        .iter()
        .map(|line| line.split(' ').next().unwrap_or_default().to_owned())
        .collect();
    items.sort();
    assert_eq!(items, ["a", "b", "c", "d", "e"]);
}
