//! Text of a cluster on a real terminal: every escape sequence that has a name, shown and not obeyed.

use std::collections::BTreeMap;
use std::path::Path;

use http::Request;
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::recorder::{Answer, Notes, serve};
use crate::support::{PROGRAM, Place, has, ran};

/// The sequences, each once.
fn sequences() -> Vec<String> {
    let text = include_str!("../data/escapes.json");
    let named: BTreeMap<String, String> = serde_json::from_str(text).expect("names and texts");
    named.into_values().collect()
}

/// What a command writes to a terminal of its own.
fn on_a_terminal(place: &Place, kubeconfig: &Path, arguments: &str) -> String {
    let mut script = place.command("script");
    script
        .args(["-qec", &format!("{PROGRAM} {arguments}"), "/dev/null"])
        .env("KUBECONFIG", kubeconfig)
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", "xterm-256color")
        .env("NO_COLOR", "1");
    ran(&mut script, "").out
}

/// Takes away what the live table itself writes, and the ends of lines.
fn without_our_own(text: &str) -> String {
    let mut text = text.replace("\r\n", "").replace('\r', "");
    for own in [
        "\x1b[?2026h",
        "\x1b[?2026l",
        "\x1b[?25l",
        "\x1b[?25h",
        "\x1b[K",
        "\x1b[J",
    ] {
        text = text.replace(own, "");
    }
    for rows in 1..30 {
        text = text.replace(&format!("\x1b[{rows}A"), "");
    }
    // Bold is no colour.
    text.replace("\x1b[1m", "")
        .replace("\x1b[2m", "")
        .replace("\x1b[0m", "")
}

#[track_caller]
fn is_harmless(what: &str, written: &str, least: &str) {
    assert!(written.contains(least), "{what}: {written:?}");
    let left = without_our_own(written);
    let bad = |c: char| {
        (c.is_control() && c != '\t')
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ['\u{200b}', '\u{2028}', '\u{2029}', '\u{2066}', '\u{feff}'].contains(&c)
    };
    let at = left.find(bad);
    let around = at.map(|at| left[at..].chars().take(20).collect::<String>());
    assert_eq!(around, None, "{what}");
}

fn client(kubeconfig: &Path) -> impl Future<Output = Client> {
    let config = Kubeconfig::read_from(kubeconfig).expect("a kubeconfig");
    async move {
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(config, &options).await;
        Client::try_from(config.expect("a cluster")).expect("a client")
    }
}

/// A group whose items, output and Events are the text.
fn hostile_group(cluster: &Cluster, text: &str) {
    use base64::Engine;
    let encoded = base64::prelude::BASE64_STANDARD.encode(text);
    let name = format!("{}-x", cluster.group);
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": name, "labels": {"jobgroup": cluster.group}, "annotations": {"kubectl-batch/item": text}},
        "spec": {"backoffLimit": 0, "template": {
            "metadata": {"labels": {"jobgroup": cluster.group}},
            "spec": {"restartPolicy": "Never", "containers": [{
                "name": "c", "image": "busybox:1.28",
                "command": ["sh", "-c", format!("echo begins; echo {encoded} | base64 -d; echo; exit 3")],
            }]},
        }},
    });
    let event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("{name}.1"), "namespace": "default"},
        "involvedObject": {"kind": "Job", "name": name, "namespace": "default"},
        "type": text, "reason": text, "message": text,
    });
    let post = |path: &str, object: &Value| {
        Request::post(path)
            .header("content-type", "application/json")
            .body(object.to_string().into_bytes())
            .expect("a request")
    };
    let work = async {
        let client = client(&cluster.kubeconfig).await;
        for (path, object) in [
            ("/api/v1/namespaces/default/events", &event),
            ("/apis/batch/v1/namespaces/default/jobs", &job),
        ] {
            let made = client.request::<Value>(post(path, object)).await;
            made.expect("made");
        }
    };
    tokio::runtime::Runtime::new()
        .expect("threads")
        .block_on(work);
}

#[test]
fn what_a_cluster_says_reaches_no_terminal_as_it_is() {
    if !has("script") {
        return;
    }
    let cluster = Cluster::embedded("escapes");
    let text = sequences().join(" | ");
    hostile_group(&cluster, &text);
    let group = &cluster.group;
    for (command, least) in [
        ("watch GROUP", "failed"),
        ("watch GROUP --progress plain", "failed"),
        ("wait GROUP", "failed"),
        ("watch GROUP -o json", "verdict"),
        ("status", "escapes"),
        ("status GROUP", "failed"),
        ("status GROUP -o wide", "failed"),
        ("status GROUP -o json", "failed"),
        ("status GROUP -o yaml", "failed"),
        ("status GROUP -o csv", "failed"),
        ("status GROUP -o jsonpath={.members[0].item}", "owned"),
        ("logs GROUP", "begins"),
        ("logs GROUP --follow", "begins"),
        ("retry GROUP", "retried"),
        ("delete GROUP", "deleted"),
    ] {
        let command = command.replace("GROUP", group);
        let written = on_a_terminal(&cluster.place, &cluster.kubeconfig, &command);
        is_harmless(&command, &written, least);
    }
}

#[test]
fn one_member_and_its_events_are_shown_and_a_pipe_gets_output_as_it_is() {
    if !has("script") {
        return;
    }
    let cluster = Cluster::embedded("escape");
    // Of the text of an argument, a line ends at NUL.
    let text: String = sequences().join(" | ").replace('\0', "");
    hostile_group(&cluster, &text);
    cluster.run("wait GROUP");
    cluster.place.file("item", &text);
    let command = format!("status {} --item \"$(cat item)\"", cluster.group);
    let written = on_a_terminal(&cluster.place, &cluster.kubeconfig, &command);
    is_harmless("status --item", &written, "Event:");
    let raw = cluster.run("logs GROUP --prefix=false").good();
    assert_eq!(raw, format!("begins\n{text}\n"));
}

#[test]
fn errors_and_warnings_of_a_server_are_shown_and_not_obeyed() {
    if !has("script") {
        return;
    }
    let place = Place::new();
    let text = sequences().join(" | ");
    let leaked = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let status = |code: u16, reason: &str| {
        let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": text,
            "reason": reason, "code": code, "details": {"name": text, "kind": text, "causes": [{"field": text, "message": text}]}});
        leaked(status.to_string())
    };
    // A header cannot hold what is below a blank, but C1 codes it can.
    let warning: String = text
        .chars()
        .filter(|c| *c >= ' ' && *c != '"' && *c != '\\' && *c != '\u{7f}')
        .collect();
    let warning = leaked(format!("Warning: 299 - \"{warning}\"\r\n"));
    for (name, line, headers, body) in [
        ("forbidden", "403 Forbidden", "", status(403, "Forbidden")),
        (
            "invalid",
            "422 Unprocessable Entity",
            "",
            status(422, "Invalid"),
        ),
        ("reason", "409 Conflict", "", status(409, &text)),
        (
            "unauthorized",
            "401 Unauthorized",
            "",
            status(401, "Unauthorized"),
        ),
        ("plain text", "403 Forbidden", "", leaked(text.clone())),
        (
            "warning",
            "200 OK",
            warning,
            r#"{"kind":"JobList","apiVersion":"batch/v1","metadata":{},"items":[]}"#,
        ),
    ] {
        let answer = Answer {
            status: line,
            headers,
            body,
        };
        let address = serve("hostile", None, answer, &Notes::default());
        let command = format!("status -s http://{address}");
        let written = on_a_terminal(&place, Path::new("none"), &command);
        is_harmless(name, &written, "owned");
    }
}
