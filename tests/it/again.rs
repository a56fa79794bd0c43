//! The same command once more: what it finds, what it says of it, what it replaces.

use std::time::Duration;

use serde_json::Value;

use crate::cluster::{Cluster, sorted};

/// The uids of a group's Jobs, by name.
fn uids(cluster: &Cluster) -> Vec<(String, String)> {
    let out = cluster.run("status GROUP -o json").good();
    let status: Value = serde_json::from_str(&out).expect("JSON");
    let members = status["members"].as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    // What only the group's record knows has no uid.
    members
        .filter(|member| member["uid"].is_string())
        .map(|member| (text(&member["job"]), text(&member["uid"])))
        .collect()
}

#[test]
fn a_member_that_is_there_with_another_template_stops_all_before_anything_is_created() {
    let cluster = Cluster::new("other");
    cluster.template("sleep 60");
    cluster.run("submit -f t.yaml --items a,b").good();
    cluster.template("sleep 61");
    for command in ["submit", "run"] {
        let ran = cluster.run(&format!("{command} -f t.yaml --items a,new"));
        assert_eq!((ran.code, ran.out.as_str()), (Some(5), ""), "{ran:?}");
        let lines: Vec<&str> = ran.err.lines().collect();
        assert_eq!(lines[0], "GROUP: 1 new, 1 changed, 1 extra", "{ran:?}");
        assert_eq!(
            lines[1], "error: 1 member of GROUP is there already as something else:",
            "{ran:?}"
        );
        assert!(
            lines[2].starts_with("  GROUP-a (item \"a\"): its digest is ")
                && lines[3].starts_with("hint: nothing was created; --replace "),
            "{ran:?}"
        );
    }
    assert_eq!(uids(&cluster).len(), 2, "nothing was created");
}

#[test]
fn replace_recreates_what_differs_and_nothing_else() {
    let cluster = Cluster::new("replace");
    cluster.template("sleep 60");
    cluster.run("submit -f t.yaml --items a,b").good();
    let before = uids(&cluster);
    cluster.template("sleep 61");
    let ran = cluster.run("submit -f t.yaml --items a,c --replace");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(
        sorted(&ran.out),
        "job.batch/GROUP-a created\njob.batch/GROUP-c created"
    );
    assert!(
        ran.err.starts_with(
            "GROUP: 1 new, 1 changed, 1 extra\nGROUP: 1 member deleted to be created again\n"
        ),
        "{ran:?}"
    );
    let after = uids(&cluster);
    let same = |name: &str| {
        let of = |list: &[(String, String)]| {
            let found = list.iter().find(|(job, _)| job.ends_with(name));
            found.expect("a member").1.clone()
        };
        of(&before) == of(&after)
    };
    assert!(!same("-a") && same("-b"), "{before:?} {after:?}");
}

#[test]
fn a_server_dry_run_shows_the_difference_and_does_nothing() {
    let cluster = Cluster::new("diff");
    cluster.template("test $ITEM = done || sleep 60");
    cluster
        .run("run -f t.yaml --items done --progress none")
        .good();
    cluster.run("submit -f t.yaml --items runs,more").good();
    let end = std::time::Instant::now() + Duration::from_secs(30);
    while cluster
        .run("status GROUP --no-headers")
        .out
        .matches("running")
        .count()
        < 2
    {
        assert!(std::time::Instant::now() < end, "the members do not run");
    }
    for command in ["run", "submit"] {
        let list = "-f t.yaml --items new,done,runs --dry-run=server";
        let ran = cluster.run(&format!("{command} {list}"));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(ran.out, @r"
            STATE     MEMBERS   JOBS
            new       1         GROUP-new
            running   1         GROUP-runs
            done      1         GROUP-done
            extra     1         GROUP-more
            ");
            insta::assert_snapshot!(ran.err, @"GROUP: 1 new, 1 running, 1 done, 1 extra (server dry run)");
        }
        let json = cluster.run(&format!("{command} {list} -o json")).good();
        let found: Value = serde_json::from_str(&json).expect("one document");
        assert_eq!(found["counts"]["new"], 1, "{json}");
        assert_eq!(found["members"][1]["state"], "done", "{json}");
    }
    assert_eq!(uids(&cluster).len(), 3, "nothing was created");
}

#[test]
fn a_client_dry_run_prints_names_and_asks_nobody() {
    let cluster = Cluster::new("dry");
    cluster.template("true");
    for command in ["submit", "run"] {
        let ran = cluster.run(&format!("{command} -f t.yaml --items a --dry-run=client"));
        assert_eq!(ran.good(), "job.batch/GROUP-a created (dry run)\n");
    }
    assert_eq!(cluster.run("wait GROUP").code, Some(4));
}

#[test]
fn a_second_run_follows_what_is_there_and_creates_the_rest() {
    let cluster = Cluster::new("again");
    cluster.template("test $ITEM != bad");
    cluster.run("run -f t.yaml --items a,bad --progress none --logs none");
    let ran = cluster.run("run -f t.yaml --items bad,a,c --progress none --logs none");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert_eq!(ran.err, "GROUP: 1 new, 1 done, 1 failed\n");
    let json = cluster.run("submit -f t.yaml --items a,c -o json").good();
    let kinds = json.lines().map(|line| {
        let event: Value = serde_json::from_str(line).expect("JSON");
        format!("{} {}", event["type"], event["item"])
    });
    assert_eq!(
        sorted(&kinds.collect::<Vec<_>>().join("\n")),
        "\"unchanged\" \"a\"\n\"unchanged\" \"c\""
    );
}

#[test]
fn each_end_has_a_time_to_live_of_its_own() {
    let cluster = Cluster::new("ttl");
    cluster.template("test $ITEM = good");
    let ran = cluster.run(
        "run -f t.yaml --items good,bad --progress none --logs none --ttl-success 1s --ttl-failure 2h",
    );
    assert_eq!((ran.code, ran.err.as_str()), (Some(3), ""), "{ran:?}");
    let end = std::time::Instant::now() + Duration::from_secs(30);
    while uids(&cluster).len() > 1 {
        assert!(std::time::Instant::now() < end, "the good one stays");
    }
    assert!(uids(&cluster)[0].0.ends_with("-bad"), "the bad one stays");
}

#[test]
fn members_are_created_in_the_order_that_is_asked_for() {
    let place = crate::support::Place::new();
    for (order, expected) in [
        ("--order reverse", ["c", "a", "b"]),
        ("--order name", ["a", "b", "c"]),
        ("--shuffle --seed 3", ["c", "b", "a"]),
    ] {
        let command = format!("run --local --items b,a,c {order} -j 1 -o json -- true");
        let out = place.run(&command).good();
        let events = out.lines().map(|line| {
            let event: Value = serde_json::from_str(line).expect("JSON");
            event
        });
        let created = events.filter(|event| event["type"] == "created");
        let items: Vec<_> = created.map(|event| event["item"].clone()).collect();
        assert_eq!(items, expected, "{order}");
    }
}
