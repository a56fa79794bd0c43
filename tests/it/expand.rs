//! `expand`: the stream, the files, the placeholders.

use crate::support::{Place, has, ran};

const TEMPLATE: &str = include_str!("../../templates/process-item.yaml");

#[test]
fn three_items_give_three_manifests_in_one_stream() {
    let place = Place::new();
    place.file("job-tmpl.yaml", TEMPLATE);
    let out = place
        .run("expand -f job-tmpl.yaml --items apple,banana")
        .good();
    insta::assert_snapshot!(out);
}

#[test]
fn the_three_placeholders_give_the_same() {
    let place = Place::new();
    let expand = |text: &str| {
        place.file("t.yaml", text);
        place.run("expand -f t.yaml --items a,b").good()
    };
    let dollars = expand(TEMPLATE);
    assert_eq!(expand(&TEMPLATE.replace("$ITEM", "${ITEM}")), dollars);
    assert_eq!(expand(&TEMPLATE.replace("$ITEM", "{{ item }}")), dollars);
}

#[test]
fn items_come_from_lists_files_and_standard_input_in_the_order_given() {
    let place = Place::new();
    place.file("list.txt", "cherry\r\n\n# date\n");
    let arguments = [
        "expand",
        "--items",
        "a",
        "--items",
        "\"b,c\"",
        "--items-from",
        "list.txt",
        "--items-from",
        "-",
    ];
    let out = place.run_with(&arguments, "elderberry\n").good();
    let items: Vec<&str> = out
        .lines()
        .filter_map(|line| line.trim().strip_prefix("kubectl-batch/item: "))
        .collect();
    assert_eq!(items, ["a", "b,c", "cherry", "\"# date\"", "elderberry"]);
}

#[test]
fn a_directory_gets_a_file_for_each_item_and_kubectl_takes_them() {
    let place = Place::new();
    let ran_files = place.run("expand --items apple,banana,cherry --output-dir jobs");
    assert_eq!(ran_files.err, "3 files written to jobs\n");
    assert_eq!(
        place.list("jobs"),
        ["job-apple.yaml", "job-banana.yaml", "job-cherry.yaml"]
    );
    let stream = place.run("expand --items apple,banana,cherry").good();
    let files =
        ["apple", "banana", "cherry"].map(|item| place.read(&format!("jobs/job-{item}.yaml")));
    assert_eq!(files.concat(), stream);
    if has("kubectl") {
        let mut kubectl = place.command("kubectl");
        kubectl.args(["annotate", "--local", "-f", "jobs", "x=1", "-o", "name"]);
        let read = ran(&mut kubectl, "").good();
        assert_eq!(read.matches("job.batch/process-item-").count(), 3, "{read}");
    }
}

#[test]
fn files_that_are_there_are_kept_unless_told_otherwise() {
    let place = Place::new();
    place.file("jobs/job-b.yaml", "mine");
    let (code, error) = place.run("expand --items a,b --output-dir jobs").bad();
    assert_eq!(code, 2);
    insta::assert_snapshot!(error, @r"
    error: jobs/job-b.yaml: this file is there already, and nothing was written
    hint: --overwrite replaces the files of the items
    ");
    assert_eq!(place.list("jobs"), ["job-b.yaml"]);
    place
        .run("expand --items a,b --output-dir jobs --overwrite")
        .good();
    assert_eq!(place.list("jobs"), ["job-a.yaml", "job-b.yaml"]);
    assert!(place.read("jobs/job-b.yaml").contains("process-item-b"));
}

#[test]
fn a_template_without_placeholders_needs_no_items() {
    let place = Place::new();
    let out = place.run("expand -t pi").good();
    assert_eq!(out.matches("kind: Job").count(), 1);
}

#[test]
fn a_pipe_that_closes_early_ends_it_quietly() {
    let place = Place::new();
    let list: Vec<String> = (0..100_000)
        .map(|number| format!("item-{number}"))
        .collect();
    place.file("list.txt", &list.join("\n"));
    let mut shell = place.command("sh");
    shell.arg("-c").arg(format!(
        "{} expand --items-from list.txt | head -1",
        crate::support::PROGRAM
    ));
    let ran = ran(&mut shell, "");
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("---\n", ""));
}
