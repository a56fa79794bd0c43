//! Groups on a cluster: the embedded one, served on a port, or the one of `KUBECTL_BATCH_TEST_KUBECONFIG`.
//!
//! The same checks on both: if both pass, what the embedded cluster does can be trusted.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::{PROGRAM, Place, Ran, has, ran, without_times};

/// A cluster to test against, and a group's name that nobody else uses.
pub(crate) struct Cluster {
    pub(crate) place: Place,
    pub(crate) kubeconfig: PathBuf,
    pub(crate) group: String,
    served: Option<Child>,
}

impl Cluster {
    pub(crate) fn new(group: &str) -> Self {
        let Some(kubeconfig) = std::env::var_os("KUBECTL_BATCH_TEST_KUBECONFIG") else {
            return Self::embedded(group);
        };
        Self {
            place: Place::new(),
            kubeconfig: kubeconfig.into(),
            group: format!("{group}-{}", std::process::id()),
            served: None,
        }
    }

    /// Always the embedded one.
    pub(crate) fn embedded(group: &str) -> Self {
        let place = Place::new();
        let group = format!("{group}-{}", std::process::id());
        let mut served = place
            .command(PROGRAM)
            .args(["local", "up", "--write-kubeconfig", "kubeconfig"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        let told = served.stderr.take().expect("a pipe");
        BufReader::new(told).read_line(&mut line).expect("a line");
        assert!(line.contains("is up on 127.0.0.1:"), "{line}");
        Self {
            kubeconfig: place.path().join("kubeconfig"),
            place,
            group,
            served: Some(served),
        }
    }

    /// Writes a template whose container runs a script.
    pub(crate) fn template(&self, script: &str) {
        let group = &self.group;
        let text = format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {group}-$ITEM\n  labels:\n    jobgroup: {group}\nspec:\n  backoffLimit: 0\n  template:\n    spec:\n      terminationGracePeriodSeconds: 1\n      containers:\n      - name: c\n        image: busybox:1.28\n        command: [\"sh\", \"-c\", {script:?}]\n      restartPolicy: Never\n"
        );
        self.place.file("t.yaml", &text);
    }

    pub(crate) fn run(&self, arguments: &str) -> Ran {
        self.run_as(&self.kubeconfig, arguments)
    }

    /// The same by way of another kubeconfig.
    pub(crate) fn run_as(&self, kubeconfig: &Path, arguments: &str) -> Ran {
        let mut ran = ran(&mut self.command(kubeconfig, arguments), "");
        for text in [&mut ran.out, &mut ran.err] {
            *text = text.replace(&self.group, "GROUP");
        }
        ran
    }

    pub(crate) fn start(&self, arguments: &str) -> Child {
        self.start_as(&self.kubeconfig, arguments)
    }

    /// The same by way of another kubeconfig.
    pub(crate) fn start_as(&self, kubeconfig: &Path, arguments: &str) -> Child {
        let mut command = self.command(kubeconfig, arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("it starts")
    }

    fn command(&self, kubeconfig: &Path, arguments: &str) -> Command {
        let arguments = arguments.replace("GROUP", &self.group);
        let mut command = self.place.command(PROGRAM);
        command
            .env("KUBECONFIG", kubeconfig)
            .args(arguments.split_whitespace());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.run("delete GROUP --ignore-not-found");
        if let Some(served) = &mut self.served {
            // It may have ended already.
            let _ = served.kill();
            let _ = served.wait();
        }
    }
}

pub(crate) fn sorted(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

#[test]
fn submit_creates_what_is_missing_and_leaves_what_is_there() {
    let cluster = Cluster::new("submit");
    cluster.template("sleep 60");
    let first = cluster.run("submit -f t.yaml --items a,b");
    assert_eq!(
        sorted(&first.out),
        "job.batch/GROUP-a created\njob.batch/GROUP-b created",
        "{first:?}"
    );
    insta::assert_snapshot!(first.err, @r"
    GROUP: 2 created, 0 unchanged, 0 refused
    to watch: kubectl batch watch -l jobgroup=GROUP
    ");
    let second = cluster.run("submit -f t.yaml --items a,b,c").good();
    assert_eq!(
        sorted(&second),
        "job.batch/GROUP-a unchanged\njob.batch/GROUP-b unchanged\njob.batch/GROUP-c created"
    );
}

#[test]
fn wait_and_watch_tell_how_a_group_ended() {
    let cluster = Cluster::new("ends");
    cluster.template("echo about to fail; exit 3");
    cluster.run("submit -f t.yaml --items bad").good();
    let waited = cluster.run("wait GROUP");
    assert_eq!(waited.code, Some(3), "{waited:?}");
    insta::assert_snapshot!(without_times(&waited.err), @r"
    ✗ bad  failed  exit 3 (1 try)
    ✗ GROUP: 1 failed in Ns
    ");
    let status = cluster.run("status GROUP --no-headers").good();
    assert!(status.starts_with("bad   failed   1"), "{status}");
    let json: serde_json::Value =
        serde_json::from_str(&cluster.run("status GROUP -o json").good()).expect("JSON");
    let member = &json["members"][0];
    assert_eq!(
        (&member["phase"], &member["reason"]),
        (&"failed".into(), &"exit 3 (1 try)".into())
    );
}

#[test]
fn run_shows_the_last_lines_of_what_fails() {
    let cluster = Cluster::new("tail");
    cluster.template("echo first; echo no such bucket; exit 2");
    let ran = cluster.run("run -f t.yaml --items a");
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (Some(3), "a | first\na | no such bucket\n"),
        "{ran:?}"
    );
}

#[test]
fn a_watch_may_begin_before_its_group() {
    let cluster = Cluster::new("early");
    cluster.template("true");
    let watch = cluster.start("watch GROUP");
    std::thread::sleep(Duration::from_millis(700));
    cluster.run("submit -f t.yaml --items a").good();
    let output = watch.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("a: succeeded"), "{told}");
}

#[test]
fn a_member_that_is_deleted_while_it_runs_is_gone_and_the_watch_ends() {
    let cluster = Cluster::new("gone");
    cluster.template("sleep 60");
    cluster.run("submit -f t.yaml --items a").good();
    let watch = cluster.start("watch GROUP --progress plain");
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(
        cluster.run("delete GROUP").good(),
        "job.batch \"GROUP-a\" deleted\nconfigmap \"kubectl-batch.GROUP\" deleted\n"
    );
    let output = watch.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(
        told.contains("1 gone before anybody saw them end"),
        "{told}"
    );
}

#[test]
fn what_is_not_there_ends_with_4() {
    let cluster = Cluster::new("nothing");
    for (command, words) in [
        ("wait GROUP", "error: no Job matches the selector\n"),
        ("delete GROUP", "error: no Job matches jobgroup=GROUP\n"),
        ("status GROUP", "error: no Job matches jobgroup=GROUP\n"),
    ] {
        assert_eq!(
            cluster.run(command).bad(),
            (4, words.to_owned()),
            "{command}"
        );
    }
}

#[test]
fn groups_are_listed_with_their_counts() {
    let cluster = Cluster::new("list");
    cluster.template("true");
    cluster.run("run -f t.yaml --items a,b").good();
    let listed = cluster.run("status").good();
    let row = listed
        .lines()
        .find(|line| line.starts_with("default") && line.contains(" GROUP "))
        .expect("the group");
    assert_eq!(
        row.split_whitespace().collect::<Vec<_>>(),
        ["default", "GROUP", "2", "2", "0", "0", "0"]
    );
}

#[test]
fn logs_come_in_the_order_of_the_list_or_as_files() {
    let cluster = Cluster::new("logs");
    cluster.template("echo one $ITEM; echo two $ITEM; test $ITEM != b");
    cluster.run("run -f t.yaml --items c,b,a --progress none --logs none");
    let out = cluster.run("logs GROUP").good();
    assert_eq!(
        out,
        "c | one c\nc | two c\nb | one b\nb | two b\na | one a\na | two a\n"
    );
    assert_eq!(
        cluster
            .run("logs GROUP --failed --tail 1 --prefix=false")
            .good(),
        "two b\n"
    );
    assert_eq!(
        cluster.run("logs GROUP --item a --item c --tail 1").good(),
        "c | two c\na | two a\n"
    );
    assert_eq!(cluster.run("logs GROUP --item nobody").bad().0, 4);
    cluster.run("logs GROUP --dir out").good();
    assert_eq!(cluster.place.list("out"), ["a.log", "b.log", "c.log"]);
    assert_eq!(cluster.place.read("out/b.log"), "one b\ntwo b\n");
    let followed = cluster.run("logs GROUP --follow --item a");
    assert_eq!(followed.out, "a | one a\na | two a\n", "{followed:?}");
}

#[test]
fn retry_creates_failed_members_again_as_the_next_attempt() {
    let cluster = Cluster::new("retry");
    cluster.template("test $ITEM = good || exit 3");
    cluster.run("run -f t.yaml --items good,bad,worse --progress none --logs none");
    let dry = cluster.run("retry GROUP --dry-run client").good();
    assert_eq!(
        sorted(&dry),
        "job.batch/GROUP-bad retried (dry run)\njob.batch/GROUP-worse retried (dry run)"
    );
    assert_eq!(cluster.run("retry GROUP --cause OOMKilled").bad().0, 4);
    let ran = cluster.run("retry GROUP --item bad").good();
    assert_eq!(ran, "job.batch/GROUP-bad retried\n");
    assert_eq!(cluster.run("wait GROUP").code, Some(3));
    let attempts = |name: &str| {
        let mut kubectl = cluster.place.command("kubectl");
        kubectl.env("KUBECONFIG", &cluster.kubeconfig);
        let name = format!("{}-{name}", cluster.group);
        kubectl.args([
            "get",
            "job",
            &name,
            "-o",
            "jsonpath={.metadata.annotations.kubectl-batch/attempt}",
        ]);
        ran_text(&mut kubectl)
    };
    if has("kubectl") {
        assert_eq!(
            (attempts("bad").as_str(), attempts("worse").as_str()),
            ("2", "1")
        );
    }
}

fn ran_text(command: &mut Command) -> String {
    ran(command, "").good()
}

#[test]
fn suspend_asks_and_ends_pods_and_resume_lets_them_go() {
    let cluster = Cluster::new("suspend");
    cluster.template("sleep 3");
    cluster.run("submit -f t.yaml --items a,b").good();
    let watch = cluster.start("watch GROUP -o json --timeout 60s");
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while cluster
        .run("status GROUP --no-headers")
        .out
        .matches("running")
        .count()
        < 2
    {
        assert!(std::time::Instant::now() < end, "the members do not run");
    }
    let asked = cluster.run("suspend GROUP");
    assert_eq!(asked.code, Some(2), "{asked:?}");
    assert!(
        asked
            .err
            .contains("2 members run, and suspending ends their Pods"),
        "{asked:?}"
    );
    cluster.run("suspend GROUP --yes --item a").good();
    cluster.run("resume GROUP").good();
    let output = watch.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    let last = told.lines().last().expect("a verdict");
    assert!(last.contains("\"succeeded\":2"), "{last}");
}

#[test]
fn kubectl_creates_what_expand_writes_and_sees_what_runs() {
    if !has("kubectl") {
        return;
    }
    let cluster = Cluster::new("kubectl");
    cluster.template("echo hello from $ITEM");
    cluster
        .run("expand -f t.yaml --items a,b --output-dir jobs")
        .good();
    let kubectl = |arguments: &str| {
        let mut command = cluster.place.command("kubectl");
        let arguments = arguments.replace("GROUP", &cluster.group);
        command
            .env("KUBECONFIG", &cluster.kubeconfig)
            .args(arguments.split_whitespace());
        ran(&mut command, "")
    };
    let created = kubectl("create -f jobs")
        .good()
        .replace(&cluster.group, "GROUP");
    assert_eq!(
        created,
        "job.batch/GROUP-a created\njob.batch/GROUP-b created\n"
    );
    cluster.run("wait GROUP").good();
    let complete = kubectl("wait --for=condition=complete job -l jobgroup=GROUP --timeout=20s");
    assert_eq!(complete.code, Some(0), "{complete:?}");
    assert_eq!(
        sorted(&kubectl("logs -l jobgroup=GROUP").good()),
        "hello from a\nhello from b"
    );
}
