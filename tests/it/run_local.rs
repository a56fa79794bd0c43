//! `run --local`: real processes, their output, their ends, and nothing left of them.

use std::time::{Duration, Instant};

use crate::support::{PROGRAM, Place, without_times};

fn job(command: &str, more: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: j-$ITEM\n  labels:\n    jobgroup: g\nspec:\n{more}  template:\n    spec:\n      containers:\n      - name: c\n        image: busybox\n        command: [\"sh\", \"-c\", {command:?}]\n      restartPolicy: Never\n"
    )
}

fn sorted(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Processes whose environment or command line holds a text.
fn processes_with(mark: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("proc").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.bytes().all(|byte| byte.is_ascii_digit()) || name == std::process::id().to_string()
        {
            continue;
        }
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&line).contains(mark) {
            found.push(name);
        }
    }
    found
}

#[track_caller]
fn none_left(mark: &str) {
    let end = Instant::now() + Duration::from_secs(10);
    while !processes_with(mark).is_empty() {
        assert!(Instant::now() < end, "processes with {mark} are left");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_example_runs_to_its_end() {
    let place = Place::new();
    let ran = place.run("run --local --items apple,banana,cherry");
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(
        sorted(&ran.out),
        [
            "apple | Processing item apple",
            "banana | Processing item banana",
            "cherry | Processing item cherry"
        ]
    );
    let told = without_times(&ran.err);
    for item in ["apple", "banana", "cherry"] {
        for line in [": created", ": running", ": succeeded (Ns) ["] {
            assert!(
                told.contains(&format!("{item}{line}")),
                "{item}{line} in\n{told}"
            );
        }
    }
    assert!(
        told.ends_with("✓ jobexample: 3 succeeded in Ns\n"),
        "{told}"
    );
    assert_eq!(place.list("."), [""; 0], "no file is left");
}

#[test]
fn a_job_without_items_is_called_by_its_name() {
    let place = Place::new();
    let made = place.run("template new --job-name alone -- echo done");
    place.file("alone.yaml", &made.good());
    let ran = place.run("run --local -f alone.yaml");
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "alone | done\n"));
    let told = without_times(&ran.err);
    let (members, end) = told.trim_end().rsplit_once('\n').expect("lines");
    assert!(
        members.lines().all(|line| line.starts_with("alone: ")),
        "{told}"
    );
    assert_eq!(end, "✓ jobexample: 1 succeeded in Ns");
}

#[test]
fn a_failure_is_told_with_its_reason_and_ends_with_3() {
    let place = Place::new();
    place.file(
        "t.yaml",
        &job("echo bad >&2; exit 3", "  backoffLimit: 0\n"),
    );
    let ran = place.run("run --local -f t.yaml --items a");
    assert_eq!((ran.code, ran.out.as_str()), (Some(3), "a | bad\n"));
    insta::assert_snapshot!(without_times(&ran.err), @r"
    a: created
    a: running
    a: failed: exit 3 (1 try) (Ns) [1/1]
    ✗ a  failed  exit 3 (1 try)
    ✗ g: 1 failed in Ns
    ");
}

#[test]
fn a_failed_try_is_followed_by_another_after_ten_seconds() {
    let place = Place::new();
    let command = "if [ -e seen ]; then echo second; else touch $DIR/seen; exit 3; fi"
        .replace("seen", "$DIR/seen")
        .replace("$DIR/$DIR", "$DIR");
    let template = job(&command, "").replace(
        "        image: busybox\n",
        &format!(
            "        image: busybox\n        env: [{{name: DIR, value: {:?}}}]\n",
            place.path()
        ),
    );
    place.file("t.yaml", &template);
    let ran = place.run("run --local -f t.yaml --items a");
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(0), "a | second\n"),
        "{ran:#?}"
    );
    // The end of a container is written in whole seconds.
    let told =
        ["9s", "10s"].map(|time| format!("a: try 1 of 7 failed: exit 3, next try in {time}"));
    assert!(
        told.iter().any(|line| ran.err.contains(line)),
        "{}",
        ran.err
    );
}

#[test]
fn a_deadline_ends_a_job() {
    let place = Place::new();
    place.file(
        "t.yaml",
        &job("sleep 4321.5", "  activeDeadlineSeconds: 1\n"),
    );
    let ran = place.run("run --local -f t.yaml --items a");
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    assert!(
        ran.err.contains("✗ a  failed  DeadlineExceeded (1s)"),
        "{}",
        ran.err
    );
    none_left("4321.5");
}

#[test]
fn json_events_end_with_the_verdict() {
    let place = Place::new();
    place.file("t.yaml", &job("echo hello", ""));
    let out = place
        .run("run --local -f t.yaml --items a,b -o json")
        .good();
    let events: Vec<serde_json::Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let of = |kind: &str| events.iter().filter(|event| event["type"] == kind).count();
    assert_eq!(
        (of("created"), of("output"), of("verdict")),
        (2, 2, 1),
        "{out}"
    );
    let last = events.last().expect("events");
    assert_eq!(
        (&last["type"], &last["succeeded"], &last["exitCode"]),
        (&"verdict".into(), &2.into(), &0.into())
    );
    assert!(
        events
            .iter()
            .all(|event| event["version"] == 1 && event["group"] == "g")
    );
}

/// Starts a long run, waits until it runs, sends a signal; gives the exit code.
fn interrupted_by(signal: &str, mark: &str) -> Option<i32> {
    let place = Place::new();
    place.file(
        "t.yaml",
        &job(&format!("sleep {mark} & sleep {mark}; wait"), ""),
    );
    let mut command = place.command(PROGRAM);
    command
        .args(["run", "--local", "-f", "t.yaml", "--items", "a,b,c"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let mut child = command.spawn().expect("it starts");
    let end = Instant::now() + Duration::from_secs(20);
    while processes_with(mark).len() < 6 {
        assert!(Instant::now() < end, "the Jobs do not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    let sent = place
        .command("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.expect("kill runs").success());
    let code = child.wait().expect("it ends").code();
    none_left(mark);
    code
}

#[test]
fn nothing_is_left_running_whatever_ends_the_tool() {
    assert_eq!(interrupted_by("-INT", "54321.1"), Some(130));
    assert_eq!(interrupted_by("-TERM", "54321.2"), Some(130));
    assert_eq!(interrupted_by("-KILL", "54321.3"), None);
}

#[test]
fn a_timeout_ends_with_124() {
    let place = Place::new();
    place.file("t.yaml", &job("sleep 65432.1", ""));
    let ran = place.run("run --local -f t.yaml --items a --timeout 1s");
    assert_eq!(ran.code, Some(124), "{ran:#?}");
    none_left("65432.1");
}

/// The most members that ran at once, from the lines that tell of their begin and end.
fn most_at_once(told: &str) -> i32 {
    let mut now = 0;
    let steps = told.lines().map(|line| {
        now += i32::from(line.ends_with(": created")) - i32::from(line.contains(": succeeded"));
        now
    });
    steps.max().unwrap_or(0)
}

#[test]
fn max_active_keeps_the_cap_and_all_members_run() {
    let place = Place::new();
    place.file("t.yaml", &job("sleep 0.2", ""));
    let ran = place.run("run --local -f t.yaml --items a,b,c,d,e,f,g -j 2");
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.err.contains("✓ g: 7 succeeded"), "{}", ran.err);
    assert_eq!(most_at_once(&ran.err), 2, "{}", ran.err);
}

#[test]
fn the_rest_is_created_only_when_all_canaries_succeeded() {
    let place = Place::new();
    place.file("t.yaml", &job("test $ITEM != bad", "  backoffLimit: 0\n"));
    let ran = place.run("run --local -f t.yaml --items good,bad,more,evenmore --canary 2");
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    assert!(
        ran.err
            .contains("a canary did not succeed: nothing more is created"),
        "{}",
        ran.err
    );
    assert!(
        ran.err
            .contains("✗ g: 1 succeeded, 1 failed, 2 not created"),
        "{}",
        ran.err
    );
    let ran = place.run("run --local -f t.yaml --items good,fine,more --canary 2");
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let at = |words: &str| {
        ran.err
            .find(words)
            .unwrap_or_else(|| panic!("{words} in {}", ran.err))
    };
    assert!(
        at("more: created") > at("good: succeeded") && at("more: created") > at("fine: succeeded")
    );
}

#[test]
fn a_halt_now_ends_what_runs_and_soon_lets_it_end() {
    let place = Place::new();
    place.file(
        "t.yaml",
        &job(
            "if [ $ITEM = bad ]; then exit 1; fi; sleep 33.25",
            "  backoffLimit: 0\n",
        ),
    );
    let ran = place.run("run --local -f t.yaml --items long,bad,never -j 2 --halt now,fail=1");
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    assert!(
        ran.err
            .contains("✗ g: 1 failed, 1 suspended, 1 not created"),
        "{}",
        ran.err
    );
    none_left("33.25");
    place.file(
        "t.yaml",
        &job(
            "if [ $ITEM = bad ]; then exit 1; fi; sleep 4",
            "  backoffLimit: 0\n",
        ),
    );
    let ran = place.run("run --local -f t.yaml --items long,bad,never -j 2 --halt soon,fail=1");
    assert!(
        ran.err
            .contains("✗ g: 1 succeeded, 1 failed, 1 not created"),
        "{}",
        ran.err
    );
}
