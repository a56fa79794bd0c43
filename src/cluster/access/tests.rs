use super::*;
use serde_json::Value;

fn kubeconfig() -> Kubeconfig {
    serde_json::from_value(json!({
        "current-context": "one",
        "clusters": [
            {"name": "c1", "cluster": {"server": "https://one", "certificate-authority-data": "QQ==", "tls-server-name": "own"}},
            {"name": "c2", "cluster": {"server": "https://two"}}],
        "users": [
            {"name": "u1", "user": {"token": "t1", "client-certificate-data": "QQ==", "client-key-data": "QQ=="}},
            {"name": "u2", "user": {"exec": {"command": "login"}, "as": "boss"}}],
        "contexts": [
            {"name": "one", "context": {"cluster": "c1", "user": "u1", "namespace": "n1"}},
            {"name": "two", "context": {"cluster": "c2", "user": "u2", "namespace": ""}},
            {"name": "nobody", "context": {"cluster": "c2", "user": "gone"}}],
    }))
    .expect("a kubeconfig")
}

/// Flags as they are given.
fn flags(arguments: &str) -> Connection {
    use clap::{Args as _, FromArgMatches as _};
    let command = Connection::augment_args(clap::Command::new("x").no_binary_name(true));
    let matches = command.try_get_matches_from(arguments.split_whitespace());
    Connection::from_arg_matches(&matches.expect("flags")).expect("flags")
}

/// Namespace, cluster and user that are chosen, as JSON.
fn chosen(arguments: &str) -> Result<[Value; 3], String> {
    let access = Access::choose(&kubeconfig(), &flags(arguments)).map_err(|e| e.to_string())?;
    Ok([
        json!(access.namespace),
        json!(access.cluster),
        json!(access.user),
    ])
}

#[test]
fn contexts_name_the_rest_and_flags_replace_it() {
    for (arguments, namespace, server, token) in [
        ("", json!("n1"), "https://one", json!("t1")),
        ("--context two", json!(null), "https://two", json!(null)),
        ("--cluster c2", json!("n1"), "https://two", json!("t1")),
        (
            "--context two --user u1 -n x",
            json!("x"),
            "https://two",
            json!("t1"),
        ),
        ("-s http://own", json!("n1"), "http://own", json!("t1")),
        ("--context nobody", json!(null), "https://two", json!(null)),
        ("--token t9", json!("n1"), "https://one", json!("t9")),
    ] {
        let [is_namespace, cluster, user] = chosen(arguments).expect(arguments);
        assert_eq!(
            (&is_namespace, &cluster["server"], &user["token"]),
            (&namespace, &json!(server), &token),
            "{arguments}"
        );
    }
}

#[test]
fn a_name_that_is_not_there_is_an_error_with_what_is() {
    for (arguments, told) in [
        (
            "--context x",
            "context \"x\" does not exist\nhint: the kubeconfig has nobody, one, two",
        ),
        (
            "--cluster x",
            "cluster \"x\" does not exist\nhint: the kubeconfig has c1, c2",
        ),
        (
            "--user x",
            "user \"x\" does not exist\nhint: the kubeconfig has u1, u2",
        ),
        (
            "--as-group g",
            "--as: a group, a uid or something else to impersonate needs a user: give --as USER",
        ),
    ] {
        assert_eq!(chosen(arguments).expect_err(arguments), told);
    }
}

#[test]
fn a_flag_clears_what_contradicts_it() {
    let [_, cluster, user] = chosen("--insecure-skip-tls-verify").expect("a place");
    assert_eq!(cluster["certificate-authority-data"], json!(null));
    assert_eq!(cluster["insecure-skip-tls-verify"], json!(true));
    assert_eq!(user["client-key-data"], json!("QQ=="));
    let [_, cluster, _] = chosen("--certificate-authority ca.pem -s https://x").expect("a place");
    assert_eq!(cluster["certificate-authority"], json!("ca.pem"));
    assert_eq!(cluster["certificate-authority-data"], json!(null));
    assert_eq!(cluster["tls-server-name"], json!(null));
    let [_, _, user] = chosen("--client-certificate a --client-key b").expect("a place");
    assert_eq!(
        [
            &user["client-certificate"],
            &user["client-certificate-data"],
            &user["client-key-data"]
        ],
        [&json!("a"), &json!(null), &json!(null)]
    );
    let [_, _, user] = chosen("--context two --username me --password p").expect("a place");
    assert_eq!(
        (&user["username"], &user["exec"]),
        (&json!("me"), &json!(null))
    );
    let [_, _, user] =
        chosen("--user u2 --as-group a --as-group b,c --as-user-extra k=v --as-user-extra bad")
            .expect("a place");
    assert_eq!(user["as"], json!("boss"));
    assert_eq!(user["as-groups"], json!(["a", "b,c"]));
    assert_eq!(user["as-user-extra"], json!({"k": ["v"]}));
}
