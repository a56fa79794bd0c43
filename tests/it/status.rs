//! What `status` says, in every format.

use crate::cluster::Cluster;
use crate::support::without_times;

#[test]
fn members_and_groups_in_every_format() {
    let cluster = Cluster::embedded("formats");
    cluster.template("echo no such bucket; test $ITEM = a || exit 3");
    cluster.run("run -f t.yaml --items a,b --progress none");
    let status = |rest: &str| without_times(&cluster.run(&format!("status GROUP {rest}")).good());
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let wide: Vec<String> = status("-o wide").lines().map(words).collect();
    insta::assert_snapshot!(wide.join("\n"), @r"
    ITEM STATUS FAILURES TIME REASON INDEX JOB NODE EXIT
    a succeeded 0 Ns 0 GROUP-a local 0
    b failed 1 Ns exit 3 (1 try) 1 GROUP-b local 3
    ");
    assert_eq!(status("-o name"), "job.batch/GROUP-a\njob.batch/GROUP-b\n");
    let template = "-o jsonpath={.members[*].item}|{.members[1].exitCode}";
    assert_eq!(status(template), "a b|3\n");
    let csv = status("-o csv --no-headers");
    let cells: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(cells[1][..4], ["b", "1", "default", "GROUP-b"], "{csv}");
    let yaml = status("-o yaml --item b");
    assert!(
        yaml.starts_with("group: GROUP\ntotal: 1\nmembers:\n- item: b\n"),
        "{yaml}"
    );
    let (code, told) = cluster.run("status GROUP -o table=").bad();
    assert_eq!(code, 2, "{told}");
}

#[test]
fn one_item_is_described_with_its_events() {
    let cluster = Cluster::new("item");
    cluster.template("exit 3");
    cluster.run("run -f t.yaml --items a --progress none");
    let told = (0..20).map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(500));
        cluster.run("status GROUP --item a").good()
    });
    // A busy cluster records Events late.
    let mut told = told.skip_while(|told| !told.contains("BackoffLimitExceeded"));
    let told = told.next().expect("the Event is recorded in the end");
    for words in [
        "Item:       a\n",
        "Reason:     exit 3 (1 try)\n",
        "Exit code:  3\n",
        "Attempt:    1  failed  ",
        "Event:      GROUP-a  Warning  BackoffLimitExceeded  Job has reached the specified backoff limit",
    ] {
        assert!(told.contains(words), "{told}");
    }
    assert_eq!(cluster.run("status GROUP --item other").code, Some(4));
}
