//! Members that never start: said loudly, and given up with `--pending-timeout`.

use crate::cluster::Cluster;
use crate::support::{Place, without_times};

/// A Job whose container wants a ConfigMap that is not there.
fn template(group: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {group}-$ITEM\n  labels:\n    jobgroup: {group}\nspec:\n  template:\n    spec:\n      containers:\n      - name: c\n        image: busybox:1.28\n        command: [\"true\"]\n        env:\n        - name: X\n          valueFrom:\n            configMapKeyRef: {{name: {group}-none, key: x}}\n      restartPolicy: Never\n"
    )
}

#[test]
fn run_gives_up_members_that_never_start_and_says_which() {
    let place = Place::new();
    place.file("t.yaml", &template("g"));
    let ran = place.run("run --local -f t.yaml --items a --pending-timeout 1s");
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    let told = without_times(&ran.err);
    for line in [
        "a: waits: CreateContainerConfigError: ",
        " (will not start)\n",
        "--pending-timeout: 1 member has not started for Ns: CreateContainerConfigError: ",
        "1 pending, 1 cause: 1 × CreateContainerConfigError: ",
        "✗ g: 1 pending in Ns\n",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
    assert!(!told.contains("to come back"), "nothing goes on:\n{told}");
}

#[test]
fn wait_and_watch_give_up_and_without_the_flag_they_wait_and_say_it() {
    let cluster = Cluster::new("stuck");
    cluster.place.file("t.yaml", &template(&cluster.group));
    let created = cluster.run("submit -f t.yaml --items a,b");
    assert_eq!(created.code, Some(0), "{created:#?}");
    for verb in ["wait", "watch"] {
        let ran = cluster.run(&format!("{verb} GROUP --pending-timeout 1s"));
        assert_eq!(ran.code, Some(3), "{verb} {ran:#?}");
        for line in [
            "--pending-timeout: ",
            " not started for 1s: CreateContainerConfigError: ",
            "to come back: kubectl batch watch",
        ] {
            assert!(ran.err.contains(line), "{verb} {line}\n{}", ran.err);
        }
    }
    let ran = cluster.run("watch GROUP --timeout 5s");
    assert_eq!(ran.code, Some(124), "{ran:#?}");
    assert!(
        ran.err.contains("waits: CreateContainerConfigError: ")
            && ran.err.contains(" (will not start)"),
        "{}",
        ran.err
    );
    let wrong = cluster.run("wait GROUP --pending-timeout soon");
    assert_eq!(wrong.code, Some(2), "{wrong:#?}");
}
