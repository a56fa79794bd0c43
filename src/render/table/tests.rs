//! Frames of every kind, as text.

use serde_json::{Value, json};

use super::*;
use crate::group::{JobView, Observation, PodView};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

/// A Job and, if it is to have one, its Pod.
fn member(group: &mut Group, name: &str, job: &Value, pod: &Value) {
    let mut object = json!({
        "metadata": {"name": name, "uid": name},
        "spec": {"completions": 1, "backoffLimit": 6},
        "status": {"startTime": "1970-01-01T00:00:01Z"},
    });
    for (key, value) in job.as_object().into_iter().flatten() {
        let part = if key == "suspend" { "spec" } else { "status" };
        object[part][key] = value.clone();
    }
    let job = JobView::from_value(&object).expect("a Job");
    group.handle(at(0), Observation::Job(Box::new(job)));
    if pod.is_null() {
        return;
    }
    let pod = json!({
        "metadata": {"name": format!("{name}-x"), "uid": format!("{name}-x"), "labels": {"job-name": name}},
        "spec": {"containers": [{"name": "c", "image": "busyboxx:1"}]},
        "status": pod,
    });
    let pod = PodView::from_value(&pod).expect("a Pod of a Job");
    group.handle(at(0), Observation::Pod(Box::new(pod)));
}

fn ended(kind: &str, reason: &str) -> Value {
    json!({
        "completionTime": "1970-01-01T00:00:06Z", "failed": if kind == "Failed" { 7 } else { 0 },
        "conditions": [{"type": kind, "status": "True", "reason": reason, "lastTransitionTime": "1970-01-01T00:02:11Z"}],
    })
}

fn exit(code: i32) -> Value {
    let state = json!({"terminated": {"exitCode": code, "finishedAt": "1970-01-01T00:00:30Z"}});
    json!({"phase": "Failed", "containerStatuses": [{"name": "c", "state": state}]})
}

/// One member of every kind.
fn zoo() -> Group {
    let mut group = Group::default();
    let none = Value::Null;
    member(&mut group, "apple", &ended("Complete", ""), &none);
    member(
        &mut group,
        "banana",
        &ended("Failed", "BackoffLimitExceeded"),
        &exit(3),
    );
    member(
        &mut group,
        "cherry",
        &json!({}),
        &json!({"phase": "Running"}),
    );
    member(&mut group, "date", &json!({"failed": 1}), &exit(1));
    let waiting = json!({"waiting": {"reason": "ImagePullBackOff"}});
    let pod = json!({"phase": "Pending", "containerStatuses": [{"name": "c", "state": waiting}]});
    member(&mut group, "elderberry", &json!({}), &pod);
    member(&mut group, "fig", &json!({"suspend": true}), &none);
    member(&mut group, "grape\x1b[2J", &json!({}), &none);
    group
}

fn draw(group: &Group, size: (u16, u16)) -> String {
    let view = View {
        group,
        title: "jobexample",
        place: "default",
        began: at(0),
        now: at(35),
        size,
        style: Style::default(),
    };
    let lines = frame(view);
    assert!(
        lines.len() < usize::from(size.1).max(2),
        "{} lines in {} rows",
        lines.len(),
        size.1
    );
    for line in &lines {
        assert!(
            width(line) < usize::from(size.0),
            "`{line}` in {} columns",
            size.0
        );
    }
    lines.join("\n")
}

#[test]
fn every_phase_has_its_row_with_what_matters_first() {
    insta::assert_snapshot!(draw(&zoo(), (110, 24)), @r"
    jobexample · default · 2/7 [██▓░░░░░░░░] 1 running · 1 failed · 1 backing off · 2 pending · 1 suspended · 35s
    2 pending, 1 cause: 1 × ImagePullBackOff busyboxx:1 (will not start)
    ✗ banana      failed       5s      exit 3 (7 tries)
    ↻ date        backing off  34s     exit 1 · try 2 of 7 in 5s
    ▸ cherry      running      34s
    · elderberry  pending      34s     ImagePullBackOff busyboxx:1 (will not start)
    · grape^[[2J  pending      34s
    ‖ fig         suspended
    ");
}

#[test]
fn a_narrow_terminal_cuts_and_a_low_one_counts() {
    insta::assert_snapshot!(draw(&zoo(), (50, 5)), @r"
    jobexample · default · 2/7 1 running · 1 failed …
    ✗ banana  failed       5s      exit 3 (7 tries)
    ↻ date    backing off  34s     exit 1 · try 2 of…
      … and 4 more
    ");
    insta::assert_snapshot!(draw(&zoo(), (20, 3)), @r"
    jobexample · defau…
      … and 6 more
    ");
}

#[test]
fn any_size_is_kept_to() {
    let group = zoo();
    for columns in 2..120 {
        for rows in 2..12 {
            draw(&group, (columns, rows));
        }
    }
}

#[test]
fn many_failures_leave_half_of_the_rows_to_what_runs() {
    let mut group = Group::default();
    for index in 0..50 {
        member(
            &mut group,
            &format!("f{index}"),
            &ended("Failed", "BackoffLimitExceeded"),
            &Value::Null,
        );
        member(
            &mut group,
            &format!("r{index}"),
            &json!({}),
            &json!({"phase": "Running"}),
        );
    }
    let frame = draw(&group, (80, 12));
    let count = |word: &str| {
        frame
            .lines()
            .skip(1)
            .filter(|line| line.contains(word))
            .count()
    };
    assert_eq!((count("failed"), count("running")), (4, 5), "{frame}");
    assert!(frame.ends_with("… and 91 more"), "{frame}");
}

#[test]
fn colours_add_nothing_but_codes() {
    let group = zoo();
    let lines = |colour| {
        frame(View {
            group: &group,
            title: "g",
            place: "p",
            began: at(0),
            now: at(35),
            size: (100, 24),
            style: Style {
                colour,
                ascii: false,
            },
        })
    };
    let strip = |line: &String| {
        let plain = anstream::adapter::strip_str(line).to_string();
        plain.trim_end().to_owned()
    };
    let coloured = lines(true);
    assert!(coloured[0].contains('\x1b'));
    assert_eq!(coloured.iter().map(strip).collect::<Vec<_>>(), lines(false));
}
