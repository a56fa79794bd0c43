//! Frames of every kind, as text.

use serde_json::{Value, json};

use super::*;
use crate::render::sample::{at, ended, member, zoo};

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
    limited by: image pulls
    2 pending, 1 cause: 1 × ImagePullBackOff busyboxx:1 (will not start)
    ✗ banana      failed       5s      exit 3 (7 tries)
    ↻ date        backing off  34s     exit 1 · try 2 of 7 in 5s
    ▸ cherry      running      34s
    · elderberry  pending      34s     ImagePullBackOff busyboxx:1 (will not start)
    · grape^[[2J  pending      34s     the Job controller is 34s behind
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

#[test]
fn what_keeps_the_group_from_being_quicker_is_named() {
    use crate::group::{HeldBack, Place};
    let mut group = Group::default();
    for name in ["a", "b", "c"] {
        member(&mut group, name, &ended("Complete", ""), &Value::Null);
    }
    member(&mut group, "d", &json!({}), &json!({"phase": "Running"}));
    for index in 0..4 {
        let place = Place {
            namespace: "default".into(),
            name: format!("e{index}"),
        };
        group.expect(place, format!("e{index}"), index);
    }
    group.hold_back(HeldBack {
        max_active: Some(1),
        by_quota: false,
    });
    insta::assert_snapshot!(draw(&group, (80, 8)), @r"
    jobexample · default · 3/8 [████░░░░░░░░░] 1 running · 0 failed · 35s · ETA ~8s
    limited by: --max-active 1
    ▸ d  running      34s
    ");
    let view = View {
        group: &group,
        title: "g",
        place: "p",
        began: at(0),
        now: at(35),
        size: (80, 24),
        style: Style::default(),
    };
    insta::assert_snapshot!(progress_line(view), @"g: 3/8 done after 35s, ETA ~8s, limited by --max-active 1: 3 succeeded, 1 running, 4 not created");
    // A Job without a Pod: its controller is behind.
    member(&mut group, "f", &json!({}), &Value::Null);
    insta::assert_snapshot!(draw(&group, (60, 8)), @r"
    jobexample · default · 3/9 1 running · 0 failed · 1 pendin…
    limited by: the cluster's Job controller (lag 34s)
    ▸ d  running      34s
    · f  pending      34s     the Job controller is 34s behind
    ");
}
