//! What a run leaves in files.

use crate::support::{PROGRAM, Place, ran};

#[test]
fn a_run_leaves_a_job_log_and_a_junit_report() {
    let place = Place::new();
    let mut command = place.command(PROGRAM);
    command.args([
        "run",
        "--local",
        "--items",
        "good,bad",
        "--retries",
        "0",
        "--joblog",
        "log.tsv",
        "--report-junit",
        "junit.xml",
        "--",
        "sh",
        "-c",
        "echo no such bucket; test $ITEM = good || exit 3",
    ]);
    let ran = ran(&mut command, "");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let log = place.read("log.tsv");
    let mut rows: Vec<Vec<&str>> = log
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect())
        .collect();
    rows.sort();
    let told: Vec<_> = rows.iter().map(|row| (row[0], row[6], row[8])).collect();
    assert_eq!(told, [("1", "0", "good"), ("2", "3", "bad")], "{log}");
    assert!(
        rows.iter()
            .all(|row| row.len() == 9 && row[2].parse::<f64>().is_ok_and(|at| at > 1e9)),
        "{log}"
    );
    let junit = place.read("junit.xml");
    for words in [
        r#"<testsuite name="jobexample" tests="2" failures="1" errors="0" skipped="0""#,
        r#"<testcase name="good" classname="jobexample""#,
        r#"<failure message="exit 3 (1 try)">no such bucket</failure>"#,
    ] {
        assert!(junit.contains(words), "{junit}");
    }
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_anything_is_done() {
    let place = Place::new();
    for flag in ["--joblog", "--report-junit"] {
        let mut command = place.command(PROGRAM);
        command.args(["run", "--local", "--items", "a", flag, "none/report"]);
        let (code, told) = ran(&mut command, "").bad();
        assert_eq!(code, 2, "{told}");
        assert!(
            told.contains(&format!("{flag}: none/report cannot be written")),
            "{told}"
        );
    }
}
