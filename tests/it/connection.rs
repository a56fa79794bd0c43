//! Where requests go, and as whom: the same flags, files and variables mean to the program what they mean to kubectl.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::plugin::kubectl_minor;
use crate::recorder::{Asked, EMPTY, Keys, Notes, serve};
use crate::support::{PROGRAM, Place, Ran, has, ran};

/// Each row: `$KUBECONFIG`, divided by colons, and the flags.
///
/// Two differences are meant: `--token` wins over a user's `tokenFile` (kubectl goes on sending the file's), and a user that
/// the kubeconfig does not have is nobody (kubectl asks for a name and a password).
const TABLE: &[(&str, &str)] = &[
    ("a.yaml", ""),
    ("a.yaml", "--context two"),
    ("a.yaml", "--context=two"),
    ("a.yaml", "--context two --context one"),
    ("a.yaml", "--context none"),
    ("a.yaml", "--cluster two"),
    ("a.yaml", "--cluster none"),
    ("a.yaml", "--user basic"),
    ("a.yaml", "--user none"),
    ("a.yaml", "--user cert --cluster two"),
    ("a.yaml", "--context lost-cluster"),
    ("a.yaml", "-n x"),
    ("a.yaml", "-nx"),
    ("a.yaml", "-n=x"),
    ("a.yaml", "--namespace x"),
    ("a.yaml", "--namespace=x -n y"),
    ("a.yaml", "-A"),
    ("a.yaml", "-A=true -n x"),
    ("a.yaml", "-A=false -n x"),
    ("a.yaml", "--all-namespaces=false"),
    ("a.yaml", "--all-namespaces=F"),
    ("a.yaml", "--token other"),
    ("a.yaml", "--user file"),
    ("a.yaml", "--user cert"),
    ("a.yaml", "--user cert --token other"),
    (
        "a.yaml",
        "--client-certificate user.pem --client-key user.key",
    ),
    ("a.yaml", "--user program"),
    ("a.yaml", "--user program --token other"),
    ("a.yaml", "-s $ONE"),
    (
        "a.yaml",
        "--server=https://$TWO --certificate-authority ca.pem",
    ),
    (
        "a.yaml",
        "--server=https://$TWO --tls-server-name own.example",
    ),
    ("a.yaml", "-s=https://$TWO --insecure-skip-tls-verify"),
    ("a.yaml", "-shttps://$TWO --insecure-skip-tls-verify=true"),
    ("a.yaml", "--insecure-skip-tls-verify=false"),
    ("a.yaml", "--tls-server-name own.example"),
    ("a.yaml", "--tls-server-name wrong.example"),
    ("a.yaml", "--server http://$PLAIN"),
    ("a.yaml", "--server $PLAIN"),
    ("a.yaml", "--server $PLAIN --as boss"),
    ("a.yaml", "--context named"),
    ("a.yaml", "--context named --server https://$TWO"),
    ("a.yaml", "--as boss"),
    ("a.yaml", "--as=boss --as-uid 7"),
    ("a.yaml", "--as boss --as-group a --as-group b,c"),
    ("a.yaml", "--as-group a"),
    ("a.yaml", "--user acting"),
    ("a.yaml", "--user acting --as-group g"),
    ("a.yaml", "--request-timeout=5"),
    ("a.yaml", "--request-timeout 1m30s"),
    ("a.yaml", "--request-timeout none"),
    ("a.yaml", "--disable-compression --cache-dir cache"),
    ("a.yaml", "--kubeconfig b.yaml"),
    ("a.yaml", "--kubeconfig=missing.yaml"),
    ("a.yaml:b.yaml", "--context bb"),
    ("b.yaml:a.yaml", ""),
    ("b.yaml:a.yaml", "--context one"),
    ("missing.yaml:a.yaml", ""),
    ("missing.yaml::a.yaml:a.yaml", "--context two"),
    ("empty.yaml:a.yaml", ""),
    ("nothing.yaml:b.yaml", ""),
    (
        "missing.yaml",
        "-s https://$ONE --insecure-skip-tls-verify --token t -n z",
    ),
    ("sub/rel.yaml", ""),
    ("broken.yaml", ""),
];

/// What older kubectls do not know, by the minor version that came with it: a row with it cannot be compared with them.
const SINCE: &[(&str, u32)] = &[
    // The kubeconfig's user has `client.authentication.k8s.io/v1`.
    ("--user program", 22),
    ("--as-uid", 23),
    ("--disable-compression", 26),
];

fn is_known(flags: &str, minor: u32) -> bool {
    let is_newer = |(flag, since): &(&str, u32)| flags.contains(flag) && minor < *since;
    !SINCE.iter().any(is_newer)
}

struct Field {
    place: Place,
    notes: Notes,
    one: String,
    two: String,
    plain: String,
}

impl Field {
    fn new() -> Self {
        let (place, notes, keys) = (Place::new(), Notes::default(), Keys::new());
        let field = Self {
            one: serve("one", Some(&keys), EMPTY, &notes),
            two: serve("two", Some(&keys), EMPTY, &notes),
            plain: serve("plain", None, EMPTY, &notes),
            place,
            notes,
        };
        field.write(&keys);
        field
    }

    /// Two servers, several users, and files that are relative, empty, or no kubeconfigs at all.
    fn write(&self, keys: &Keys) {
        let place = &self.place;
        place.file("ca.pem", &keys.authority);
        place.file("user.pem", &keys.user);
        place.file("user.key", &keys.user_key);
        place.file("token", "from-file");
        let cluster = |name: &str, address: &str| {
            json!({"name": name, "cluster": {
            "server": format!("https://{address}"), "certificate-authority": "ca.pem"}})
        };
        let user = |name: &str, user: Value| json!({"name": name, "user": user});
        let context = |name: &str, cluster: &str, user: &str, namespace: &str| json!({"name": name, "context": {"cluster": cluster, "user": user, "namespace": namespace}});
        let mut named = cluster("named", &self.one);
        named["cluster"]["tls-server-name"] = "own.example".into();
        let program = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "interactiveMode": "Never",
            "args": ["-c", r#"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"from-program"}}'"#]});
        let config = |current: &str, clusters: Value, users: Value, contexts: Value| {
            json!({"apiVersion": "v1", "kind": "Config", "current-context": current,
                "clusters": clusters, "users": users, "contexts": contexts})
            .to_string()
        };
        let a = config(
            "one",
            json!([cluster("one", &self.one), cluster("two", &self.two), named]),
            json!([
                user("token", json!({"token": "first"})),
                user("basic", json!({"username": "me", "password": "secret"})),
                user("file", json!({"tokenFile": "token"})),
                user(
                    "cert",
                    json!({"client-certificate": "user.pem", "client-key": "user.key"})
                ),
                user("program", json!({"exec": program})),
                user(
                    "acting",
                    json!({"token": "x", "as": "boss", "as-groups": ["f"]})
                ),
            ]),
            json!([
                context("one", "one", "token", "first"),
                context("two", "two", "token", ""),
                context("named", "named", "token", "first"),
                context("lost-user", "one", "gone", ""),
                context("lost-cluster", "gone", "token", ""),
            ]),
        );
        place.file("a.yaml", &a);
        let b = config(
            "bb",
            json!([cluster("b", &self.two)]),
            json!([user("b", json!({"token": "second"}))]),
            json!([
                context("bb", "b", "b", "second"),
                context("one", "b", "b", "hidden")
            ]),
        );
        place.file("b.yaml", &b);
        let relative = a.replace("\"ca.pem\"", "\"../ca.pem\"");
        place.file("sub/rel.yaml", &relative);
        place.file("empty.yaml", &config("", json!([]), json!([]), json!([])));
        place.file("nothing.yaml", "");
        place.file("broken.yaml", "clusters: {");
    }

    fn fill(&self, arguments: &str) -> Vec<String> {
        let filled = arguments
            .replace("$ONE", &self.one)
            .replace("$TWO", &self.two)
            .replace("$PLAIN", &self.plain);
        filled.split_whitespace().map(str::to_owned).collect()
    }

    /// Runs a program, and gives what was asked for, if anything was.
    fn ask(&self, program: &str, kubeconfig: &str, arguments: &[String]) -> (Option<Asked>, Ran) {
        self.notes.lock().expect("notes").clear();
        let mut command = self.place.command(program);
        let ran = ran(command.env("KUBECONFIG", kubeconfig).args(arguments), "");
        (self.notes.lock().expect("notes").first().cloned(), ran)
    }
}

fn with<'a>(before: &[&'a str], flags: &'a [String], after: &[&'a str]) -> Vec<String> {
    let flags = flags.iter().map(String::as_str);
    let all = before
        .iter()
        .copied()
        .chain(flags)
        .chain(after.iter().copied());
    all.map(str::to_owned).collect()
}

#[test]
fn requests_go_where_kubectl_sends_them_and_as_the_same_user() {
    if !has("kubectl") {
        return;
    }
    let field = Field::new();
    let minor = kubectl_minor();
    let (mut wrong, mut reached) = (Vec::new(), 0);
    for (kubeconfig, flags) in TABLE.iter().filter(|(_, flags)| is_known(flags, minor)) {
        let flags = field.fill(flags);
        let (theirs, their_run) = field.ask(
            "kubectl",
            kubeconfig,
            &with(&["get", "jobs.v1.batch"], &flags, &[]),
        );
        reached += usize::from(theirs.is_some());
        // -A is a flag of the subcommand.
        let has_own = flags
            .iter()
            .any(|flag| flag.starts_with("-A") || flag.starts_with("--all"));
        let before = with(&[], &flags, &["status"]);
        for ours in [with(&["status"], &flags, &[]), before]
            .iter()
            .take(2 - usize::from(has_own))
        {
            let (asked, run) = field.ask(PROGRAM, kubeconfig, ours);
            if asked != theirs || (theirs.is_none() && run.code == Some(0)) {
                wrong.push(format!(
                    "{kubeconfig} {ours:?}\n  {asked:?}\n  {theirs:?}\n  {}  {}",
                    run.err, their_run.err
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(reached >= 45, "only {reached} rows reach a server");
}

#[test]
fn context_namespace_server_and_user_are_those_of_config_view() {
    if !has("kubectl") {
        return;
    }
    let field = Field::new();
    let mut compared = 0;
    let is_seen = |flags: &str| {
        let seen = ["", "--context", "--kubeconfig"];
        seen.contains(&flags.split([' ', '=']).next().unwrap_or_default())
            && !flags.contains("--server")
    };
    for (kubeconfig, flags) in TABLE.iter().filter(|(_, flags)| is_seen(flags)) {
        let flags = field.fill(flags);
        let view = with(
            &["config", "view", "--minify", "--raw", "-o", "json"],
            &flags,
            &[],
        );
        let (_, view) = field.ask("kubectl", kubeconfig, &view);
        let view: Value = serde_json::from_str(&view.out).unwrap_or_default();
        let server = view
            .pointer("/clusters/0/cluster/server")
            .and_then(Value::as_str);
        let Some(server) = server else { continue };
        let (asked, _) = field.ask(PROGRAM, kubeconfig, &with(&["status"], &flags, &[]));
        let asked = asked.expect("it asks");
        let address = if asked.server == "one" {
            &field.one
        } else {
            &field.two
        };
        assert_eq!(
            server,
            format!("https://{address}"),
            "{kubeconfig} {flags:?}"
        );
        let namespace = view
            .pointer("/contexts/0/context/namespace")
            .and_then(Value::as_str);
        let path = format!(
            "/apis/batch/v1/namespaces/{}/jobs",
            namespace.unwrap_or("default")
        );
        assert_eq!(asked.path, path, "{kubeconfig} {flags:?}");
        let token = view.pointer("/users/0/user/token").and_then(Value::as_str);
        let bearer = token.map(|token| vec![format!("Bearer {token}")]);
        assert_eq!(
            asked.who.get("authorization").cloned(),
            bearer,
            "{kubeconfig} {flags:?}"
        );
        compared += 1;
    }
    assert!(compared >= 12, "only {compared} rows are compared");
}

#[test]
fn a_server_that_does_not_answer_is_given_up_after_the_request_timeout() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = format!("http://{}", listener.local_addr().expect("an address"));
    let place = Place::new();
    let started = Instant::now();
    let (code, err) = place
        .run_with(&["status", "-s", &server, "--request-timeout", "500ms"], "")
        .bad();
    assert_eq!(code, 5, "{err}");
    assert!(started.elapsed() < Duration::from_secs(10), "{err}");
    assert!(
        err.starts_with("Unable to connect to the server: "),
        "{err}"
    );
}
