//! The roles that `rbac` prints: each command works under its own, asks for nothing else, and makes use of all of it.

use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kubectl_batch::cluster::record::Store;
use kubectl_batch::group::Phase;
use kubectl_batch::group::record::{Attempt, Identity};
use serde_json::Value;

use crate::authorizer::{Authorizer, Permission, permissions};
use crate::cluster::Cluster;
use crate::support::Ran;

/// A command behind a door that lets through what its role allows.
struct Under<'a> {
    cluster: &'a Cluster,
    door: Authorizer,
    role: Value,
    kubeconfig: PathBuf,
}

impl<'a> Under<'a> {
    fn role_of(cluster: &'a Cluster, arguments: &str) -> Self {
        let printed = cluster.run(&format!("rbac {arguments} -o json")).good();
        Self::role(cluster, serde_json::from_str(&printed).expect("JSON"))
    }

    /// The role of a command, except for what it grants on one resource.
    fn role_without(cluster: &'a Cluster, arguments: &str, resource: &str) -> Self {
        let Self { mut role, .. } = Self::role_of(cluster, arguments);
        let rules = role["rules"].as_array_mut().expect("rules");
        rules.retain(|rule| rule["resources"] != serde_json::json!([resource]));
        Self::role(cluster, role)
    }

    fn role(cluster: &'a Cluster, role: Value) -> Self {
        let namespace = (role["kind"] == "Role").then_some("default");
        let door = Authorizer::new(&cluster.kubeconfig, &role, namespace);
        Self {
            kubeconfig: cluster.place.file("door.kubeconfig", &door.kubeconfig),
            cluster,
            door,
            role,
        }
    }

    fn run(&self, arguments: &str) -> Ran {
        self.cluster.run_as(&self.kubeconfig, arguments)
    }

    fn start(&self, arguments: &str) -> Held {
        Held(self.cluster.start_as(&self.kubeconfig, arguments))
    }

    /// What of the role nobody made use of. A server that begins watches with the list is not asked for lists; others are. Events
    /// are read only where a member does not start, which `pending` shows.
    fn unused(&self) -> Vec<Permission> {
        let granted = self.door.granted();
        let streamed = |(verb, group, plural): &Permission| {
            verb == "list" && granted.contains(&("watch".into(), group.clone(), plural.clone()))
        };
        let role = permissions(&self.role);
        let unused = role.difference(&granted);
        let unused = unused.filter(|rule| !streamed(rule) && rule.2 != "events");
        unused.cloned().collect()
    }

    /// Nothing was refused, and nothing of the role is too much.
    #[track_caller]
    fn is_enough_and_no_more(&self) {
        assert_eq!(self.door.denied(), [""; 0], "more was asked for");
        assert_eq!(self.unused(), [], "nobody asked for it");
    }
}

/// A process that must not outlive a test.
struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[track_caller]
fn until(what: &str, done: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(40);
    while !done() {
        assert!(Instant::now() < end, "waited for {what} in vain");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Text that does not get smaller when it is packed.
fn noise(seed: u64) -> String {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..80_000).map(|_| random.alphanumeric()).collect()
}

/// A list whose record does not fit into one ConfigMap.
fn list(cluster: &Cluster, seed: u64, items: &[&str]) {
    let mut rows = String::from("ID,BLOB\n");
    for (number, item) in items.iter().enumerate() {
        rows.extend([item, ",", &noise(seed + number as u64), "\n"]);
    }
    cluster.place.file("list.csv", &rows);
}

/// Takes the column of the list instead of the item.
fn by_column(cluster: &Cluster) {
    let text = cluster.place.read("t.yaml").replace("$ITEM", "$ID");
    cluster.place.file("t.yaml", &text);
}

/// Adds a member to the record whose outcome does not fit into one ConfigMap.
fn with_a_large_outcome(cluster: &Cluster) {
    let work = async {
        let config = Kubeconfig::read_from(&cluster.kubeconfig).expect("a kubeconfig");
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(config, &options).await;
        let client = Client::try_from(config.expect("a cluster")).expect("a client");
        let identity = Identity {
            namespace: "default".into(),
            label: "jobgroup".into(),
            group: cluster.group.clone(),
        };
        let store = Store::new(&client, identity);
        let written = store.update(None, |record| {
            let mut record = record?;
            let mut ghost = record.members.first()?.clone();
            ghost.place.name = format!("{}-ghost", cluster.group);
            ghost.attempts = vec![Attempt {
                phase: Phase::Succeeded,
                reason: Some(noise(1)),
                ..Attempt::created(Some("ghost"), 1)
            }];
            record.members.push(ghost);
            Some(record)
        });
        written.await.expect("written").expect("a record");
    };
    tokio::runtime::Runtime::new()
        .expect("threads")
        .block_on(work);
}

#[test]
fn run() {
    let cluster = Cluster::embedded("role-run");
    let under = Under::role_of(&cluster, "run");
    cluster.template("sleep 1; exit 3");
    by_column(&cluster);
    let command = "run -f t.yaml --items-from list.csv --progress none --ttl-failure 1h";
    list(&cluster, 1, &["a", "b"]);
    under.door.lose_an_answer("jobs");
    assert_eq!(under.run(command).code, Some(3));
    // Another list and another digest: parts of the record and Jobs are replaced.
    list(&cluster, 7, &["a", "b"]);
    cluster.template("sleep 1; exit 4");
    by_column(&cluster);
    let again = under.run(&format!("{command} --replace"));
    assert_eq!(again.code, Some(3), "{again:?}");
    under.is_enough_and_no_more();
}

#[test]
fn submit() {
    let cluster = Cluster::embedded("role-submit");
    let under = Under::role_of(&cluster, "submit");
    cluster.template("true");
    by_column(&cluster);
    list(&cluster, 1, &["a", "b"]);
    under.door.lose_an_answer("jobs");
    under.run("submit -f t.yaml --items-from list.csv").good();
    list(&cluster, 7, &["a", "b"]);
    cluster.template("false");
    by_column(&cluster);
    under
        .run("submit -f t.yaml --items-from list.csv --replace")
        .good();
    under.is_enough_and_no_more();
}

#[test]
fn without_config_maps_a_group_is_created_and_one_warning_says_what_is_missed() {
    for command in ["submit", "run"] {
        let cluster = Cluster::embedded(&format!("no-record-{command}"));
        let under = Under::role_without(&cluster, command, "configmaps");
        cluster.template("true");
        let ran = under.run(&format!("{command} -f t.yaml --items a,b"));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let warnings = ran.err.matches("the group gets no record").count();
        assert_eq!(warnings, 1, "{ran:?}");
        assert!(ran.err.contains("configmaps"), "{ran:?}");
        let refused = under.door.denied().len();
        assert_eq!(refused, 1, "it asked again: {:?}", under.door.denied());
    }
}

#[test]
fn watch_and_wait() {
    for command in ["watch", "wait"] {
        let cluster = Cluster::embedded(command);
        let under = Under::role_of(&cluster, command);
        cluster.template("echo no; sleep 2; exit 3");
        cluster.run("submit -f t.yaml --items a").good();
        with_a_large_outcome(&cluster);
        let ran = under.run(&format!("{command} GROUP --ttl-failure 1h"));
        assert_eq!((ran.code, &*ran.out), (Some(3), "a | no\n"), "{ran:?}");
        under.is_enough_and_no_more();
    }
}

#[test]
fn status() {
    let cluster = Cluster::embedded("role-status");
    let under = Under::role_of(&cluster, "status");
    cluster.template("exit 3");
    cluster.run("run -f t.yaml --items a --progress none");
    for command in ["status", "status GROUP", "status GROUP --item a"] {
        under.run(command).good();
    }
    under.is_enough_and_no_more();
}

#[test]
fn logs() {
    let cluster = Cluster::embedded("role-logs");
    let under = Under::role_of(&cluster, "logs");
    cluster.template("echo one; sleep 2");
    cluster.run("submit -f t.yaml --items a").good();
    with_a_large_outcome(&cluster);
    let followed = under.run("logs GROUP --follow");
    assert_eq!(followed.out, "a | one\n", "{followed:?}");
    assert_eq!(under.run("logs GROUP").good(), "a | one\n");
    under.is_enough_and_no_more();
}

#[test]
fn continue_() {
    let cluster = Cluster::embedded("role-continue");
    let under = Under::role_of(&cluster, "continue");
    cluster.template("sleep 1; test $ITEM != b");
    cluster
        .run("run -f t.yaml --items a,b --max-active 1 --detach")
        .good();
    with_a_large_outcome(&cluster);
    under.door.lose_an_answer("jobs");
    let ran = under.run("continue GROUP --ttl-failure 1h --progress plain");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    under.is_enough_and_no_more();
}

#[test]
fn set() {
    let cluster = Cluster::embedded("role-set");
    let under = Under::role_of(&cluster, "set");
    cluster.template("true");
    cluster.run("submit -f t.yaml --items a").good();
    under.run("set GROUP --max-active 3").good();
    under.is_enough_and_no_more();
}

#[test]
fn release() {
    let cluster = Cluster::embedded("role-release");
    let under = Under::role_of(&cluster, "release");
    cluster.template("sleep 1");
    cluster
        .run("submit -f t.yaml --items a,b --suspended")
        .good();
    under.run("release GROUP --max-active 1").good();
    under.is_enough_and_no_more();
}

#[test]
fn retry() {
    let cluster = Cluster::embedded("role-retry");
    let under = Under::role_of(&cluster, "retry");
    cluster.template("exit 3");
    cluster.run("submit -f t.yaml --items a").good();
    with_a_large_outcome(&cluster);
    // Nobody else writes the outcome into the record.
    until("the end", || {
        let status = cluster.run("status GROUP --no-headers --item a -o csv").out;
        status.contains("failed")
    });
    under.door.lose_an_answer("jobs");
    under.run("retry GROUP --item a").good();
    under.is_enough_and_no_more();
}

#[test]
fn suspend_and_resume() {
    for (command, rest) in [("suspend", "--yes"), ("resume", "")] {
        let cluster = Cluster::embedded(command);
        let under = Under::role_of(&cluster, command);
        cluster.template("sleep 60");
        cluster.run("submit -f t.yaml --items a").good();
        if command == "resume" {
            cluster.run("suspend GROUP --yes").good();
        }
        let told = under.run(&format!("{command} GROUP {rest}")).good();
        assert_eq!(told.lines().count(), 1, "{told}");
        under.is_enough_and_no_more();
    }
}

#[test]
fn delete() {
    let cluster = Cluster::embedded("role-delete");
    let under = Under::role_of(&cluster, "delete");
    cluster.template("true");
    cluster.run("submit -f t.yaml --items a").good();
    under.run("delete GROUP").good();
    under.is_enough_and_no_more();
}

#[test]
fn reconcile() {
    let cluster = Cluster::embedded("role-reconcile");
    let under = Under::role_of(&cluster, "reconcile");
    cluster.template("sleep 60");
    cluster.run("submit -f t.yaml --items a --reconcile").good();
    under.door.be_faster("create", "pods");
    under.door.be_faster("update", "jobs/status");
    let served = under.start("reconcile");
    let is = |phase: &'static str| {
        let status = || cluster.run("status GROUP --no-headers").out;
        until(phase, || status().contains(phase));
    };
    is("running");
    cluster.run("suspend GROUP --yes").good();
    is("suspended");
    // Events come a little later.
    until("all of the role", || under.unused().is_empty());
    drop(served);
    under.is_enough_and_no_more();
}

#[test]
fn version_and_completion() {
    let cluster = Cluster::embedded("role-rest");
    let under = Under::role_of(&cluster, "version");
    let told = under.run("version").good();
    assert!(!told.contains("unknown"), "{told}");
    under.is_enough_and_no_more();
    let under = Under::role_of(&cluster, "completion -A");
    let words = under.run("__complete status -n d").good();
    assert!(words.starts_with("default\n"), "{words}");
    under.run("__complete status -A j").good();
    under.is_enough_and_no_more();
}

#[test]
fn a_role_is_for_one_namespace_and_a_cluster_role_for_all() {
    let cluster = Cluster::embedded("scope");
    let under = Under::role_of(&cluster, "status");
    let refused = under.run("status -A");
    assert_eq!(refused.code, Some(5), "{refused:?}");
    assert!(
        refused.err.contains("jobs.batch is forbidden: User \"ann\" cannot list resource \"jobs\" in API group \"batch\" at the cluster scope"),
        "{refused:?}"
    );
    assert_eq!(
        Under::role_of(&cluster, "status -A").run("status -A").code,
        Some(0)
    );
}

#[test]
fn without_what_is_optional_commands_do_their_work() {
    let cluster = Cluster::embedded("least");
    let mut under = Under::role_of(&cluster, "run status logs delete");
    let rules = under.role["rules"].as_array_mut().expect("rules");
    rules.retain(|rule| rule["resources"][0] == "jobs" || rule["resources"][0] == "pods");
    let door = Authorizer::new(&cluster.kubeconfig, &under.role, Some("default"));
    cluster.place.file("door.kubeconfig", &door.kubeconfig);
    cluster.template("test $ITEM = a");
    let ran = under.run("run -f t.yaml --items a,b --progress none");
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.err.contains("the group gets no record"), "{ran:?}");
    under.run("status GROUP").good();
    under.run("delete GROUP").good();
}
