//! What goes wrong at the cluster, said in the words that kubectl's users know, with the next step where there is one.

use serde_json::json;

use crate::recorder::{Answer, Notes, serve};
use crate::support::{PROGRAM, Place, Ran, has, ran};

const FORBIDDEN: Answer = Answer {
    status: "403 Forbidden",
    headers: "",
    body: r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"jobs.batch is forbidden: User \"ann\" cannot list resource \"jobs\" in API group \"batch\" in the namespace \"ci\"","reason":"Forbidden","details":{"group":"batch","kind":"jobs"},"code":403}"#,
};
const EXPIRED: Answer = Answer {
    status: "401 Unauthorized",
    headers: "",
    body: r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#,
};
const BROKEN: Answer = Answer {
    status: "500 Internal Server Error",
    headers: "",
    body: r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"etcdserver: leader changed","reason":"InternalError","code":500}"#,
};
const WARNED: Answer = Answer {
    status: "200 OK",
    headers: "Warning: 299 - \"batch/v0 is old\"\r\nWarning: 299 - \"batch/v0 is old\"\r\n",
    body: r#"{"kind":"JobList","apiVersion":"batch/v1","metadata":{"resourceVersion":"1"},"items":[]}"#,
};

/// A place whose kubeconfig names a server.
fn place(server: &str) -> Place {
    let place = Place::new();
    let kubeconfig = json!({"current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": format!("http://{server}")}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "namespace": "ci"}}]});
    place.file(".kube/config", &kubeconfig.to_string());
    place
}

/// What kubectl and the program say last, hints aside.
fn both(place: &Place) -> (Ran, Vec<String>, Vec<String>) {
    let theirs = ran(place.command("kubectl").args(["get", "jobs.v1.batch"]), "");
    let ours = ran(place.command(PROGRAM).arg("status"), "");
    let lines = |ran: &Ran| -> Vec<String> { ran.err.lines().map(str::to_owned).collect() };
    let (own, their) = (lines(&ours), lines(&theirs));
    (ours, own, their)
}

#[test]
fn refusals_are_worded_as_kubectl_words_them() {
    if !has("kubectl") {
        return;
    }
    let hints = [
        "hint: `kubectl auth can-i list jobs.batch -n ci` asks again",
        "hint: the login is missing or has expired; log in again, or choose another --context",
        "",
    ];
    for (answer, hint) in [FORBIDDEN, EXPIRED, BROKEN].into_iter().zip(hints) {
        let place = place(&serve("plain", None, answer, &Notes::default()));
        let (ran, ours, theirs) = both(&place);
        assert_eq!(ran.code, Some(5), "{ran:?}");
        assert_eq!(ours.first(), theirs.last(), "{ran:?}");
        assert_eq!(ours.get(1).map_or("", String::as_str), hint, "{ran:?}");
    }
}

#[test]
fn a_server_that_is_not_there_is_told_as_kubectl_tells_it() {
    if !has("kubectl") {
        return;
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let (ran, ours, theirs) = both(&place(&address));
    assert_eq!(ran.code, Some(5), "{ran:?}");
    assert_eq!(ours.first(), theirs.last(), "{ran:?}");
}

#[test]
fn a_warning_of_the_server_is_said_once() {
    if !has("kubectl") {
        return;
    }
    let place = place(&serve("plain", None, WARNED, &Notes::default()));
    let (ran, ours, theirs) = both(&place);
    let told = |lines: &[String]| {
        lines
            .iter()
            .filter(|line| **line == "Warning: batch/v0 is old")
            .count()
    };
    assert_eq!((told(&ours), told(&theirs)), (1, 1), "{ran:?}");
}

#[test]
fn without_a_configuration_the_places_that_were_looked_at_are_named() {
    let (code, err) = Place::new().run("status").bad();
    assert_eq!(code, 5);
    assert_eq!(
        err,
        "error: no cluster is configured: looked at --kubeconfig, $KUBECONFIG, ~/.kube/config and the service account of a Pod\n\
         hint: name a kubeconfig with --kubeconfig FILE, or try the batch without a cluster: kubectl batch run --local\n"
    );
    let place = place("127.0.0.1:1");
    let (code, err) = place.run("status --context prod").bad();
    assert_eq!(code, 5);
    assert_eq!(
        err,
        "error: context \"prod\" does not exist\nhint: the kubeconfig has c\n"
    );
}
