//! `logs`: which lines, of which container, in which order, and for how long.

use std::time::Duration;

use crate::cluster::Cluster;

/// Whether a line begins with a time as Kubernetes writes it.
fn has_time(line: &str) -> bool {
    let time = line.split(' ').next().unwrap_or_default();
    time.ends_with('Z') && time.starts_with("20") && time.contains('T')
}

#[test]
fn lines_are_chosen_by_number_and_time_and_may_carry_theirs() {
    let cluster = Cluster::new("lines");
    cluster.template("echo one; echo two; echo three");
    cluster.run("run -f t.yaml --items a --progress none --logs none");
    for (flags, expected) in [
        ("--tail 2", "a | two\na | three\n"),
        ("--tail 0", ""),
        ("--tail -1", "a | one\na | two\na | three\n"),
        ("--since 1h --tail 1", "a | three\n"),
        ("--since-time 2100-01-01T00:00:00Z", ""),
        ("--follow --tail 1 --prefix=false", "three\n"),
        ("--follow --since-time 2100-01-01T00:00:00Z", ""),
    ] {
        assert_eq!(
            cluster.run(&format!("logs GROUP {flags}")).good(),
            expected,
            "{flags}"
        );
    }
    for follow in ["", "--follow"] {
        let command = format!("logs GROUP --timestamps --prefix=false --tail 1 {follow}");
        let out = cluster.run(&command).good();
        assert!(has_time(&out) && out.ends_with(" three\n"), "{out}");
    }
    for wrong in [
        "--tail -2",
        "--since 0",
        "--since 1h --since-time 2100-01-01T00:00:00Z",
        "--since-time yesterday",
    ] {
        let (code, told) = cluster.run(&format!("logs GROUP {wrong}")).bad();
        assert_eq!(code, 2, "{told}");
    }
}

#[test]
fn a_container_is_chosen_by_name() {
    let cluster = Cluster::new("containers");
    cluster.template("echo from c");
    let text = cluster.place.read("t.yaml").replace(
        "      restartPolicy",
        "      - name: other\n        image: busybox:1.28\n        command: [\"sh\", \"-c\", \"echo from other\"]\n      restartPolicy",
    );
    cluster.place.file("t.yaml", &text);
    cluster.run("run -f t.yaml --items a --progress none --logs none");
    for follow in ["", "-f"] {
        assert_eq!(
            cluster.run(&format!("logs GROUP {follow}")).good(),
            "a | from c\n"
        );
        assert_eq!(
            cluster.run(&format!("logs GROUP -c other {follow}")).good(),
            "a | from other\n"
        );
    }
    let ran = cluster.run("logs GROUP -c none");
    assert_eq!(ran.code, Some(5), "{ran:?}");
    assert!(ran.err.contains("container none is not valid"), "{ran:?}");
}

#[test]
fn pods_that_appear_later_join_in_and_the_end_of_the_group_is_the_end() {
    let cluster = Cluster::new("joins");
    cluster.template("echo hello $ITEM; sleep 2; echo bye $ITEM");
    cluster.run("submit -f t.yaml --items a").good();
    let followed = cluster.start("logs GROUP --follow");
    std::thread::sleep(Duration::from_millis(700));
    cluster.run("submit -f t.yaml --items a,b").good();
    let output = followed.wait_with_output().expect("it ends");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{out}");
    for item in ["a", "b"] {
        let own: Vec<&str> = out
            .lines()
            .filter(|line| line.starts_with(&format!("{item} | ")))
            .collect();
        assert_eq!(
            own,
            [
                format!("{item} | hello {item}"),
                format!("{item} | bye {item}")
            ]
        );
    }
}

#[test]
fn a_long_output_is_whole_in_print_and_in_its_file_and_each_try_has_one() {
    let cluster = Cluster::new("long");
    cluster.template("i=0; while [ $i -lt 30000 ]; do echo line $i of an output that is too long to be held; i=$((i+1)); done; exit 3");
    let text = cluster
        .place
        .read("t.yaml")
        .replace("backoffLimit: 0", "backoffLimit: 1");
    cluster.place.file("t.yaml", &text);
    cluster.run("run -f t.yaml --items a --progress none --logs none");
    let out = cluster.run("logs GROUP --prefix=false").good();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 60_000);
    assert_eq!(
        lines[29_999],
        "line 29999 of an output that is too long to be held"
    );
    cluster.run("logs GROUP --dir out").good();
    assert_eq!(cluster.place.list("out"), ["a.2.log", "a.log"]);
    for name in ["out/a.log", "out/a.2.log"] {
        assert_eq!(cluster.place.read(name).lines().count(), 30_000, "{name}");
    }
}
