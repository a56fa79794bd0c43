//! As a plugin of a real kubectl.

use std::path::PathBuf;
use std::process::Command;

use crate::recorder::{Answer, Notes, serve};
use crate::support::{PROGRAM, Place, has, ran};

/// Where kubectl is.
pub(crate) fn real_kubectl() -> PathBuf {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join("kubectl"))
        .find(|path| path.is_file())
        .expect("kubectl is there")
}

/// The minor version of kubectl, of its 1.x.
pub(crate) fn kubectl_minor() -> u32 {
    let place = Place::new();
    let mut version = place.command(real_kubectl());
    let told = ran(version.args(["version", "--client", "-o", "json"]), "").good();
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    let minor = told["clientVersion"]["minor"].as_str().expect("a text");
    // Some builds write `27+`.
    let digits = minor.trim_end_matches(|c: char| !c.is_ascii_digit());
    digits.parse().expect("a number")
}

/// kubectl, with only the program itself and the system's folders on its path.
pub(crate) fn kubectl(place: &Place) -> Command {
    let bin = place.path().join("bin");
    if !bin.exists() {
        std::fs::create_dir(&bin).expect("made");
        std::fs::hard_link(PROGRAM, bin.join("kubectl-batch"))
            .or_else(|_| std::fs::copy(PROGRAM, bin.join("kubectl-batch")).map(|_| ()))
            .expect("installed");
    }
    let mut command = place.command(real_kubectl());
    command.env("PATH", &bin);
    command
}

#[test]
fn kubectl_finds_it_and_hands_over_arguments_streams_and_exit_codes() {
    if !has("kubectl") {
        return;
    }
    let place = Place::new();
    let through = ran(
        kubectl(&place).args(["batch", "expand", "--items", "apple,banana"]),
        "",
    )
    .good();
    assert_eq!(through, place.run("expand --items apple,banana").good());
    let failed = ran(
        kubectl(&place).args(["batch", "expand", "--items-from", "-"]),
        "",
    );
    assert_eq!(failed.code, Some(2), "{failed:?}");
    let help = ran(kubectl(&place).args(["batch", "--help"]), "").good();
    assert!(help.contains("Usage: kubectl batch "), "{help}");
}

#[test]
fn kubectl_lists_it_without_a_warning() {
    if !has("kubectl") {
        return;
    }
    let place = Place::new();
    let listed = ran(kubectl(&place).args(["plugin", "list"]), "");
    assert_eq!(
        (listed.code, listed.err.as_str()),
        (Some(0), ""),
        "{listed:?}"
    );
    assert!(listed.out.contains("kubectl-batch"), "{listed:?}");
}

const OLD_SERVER: Answer = Answer {
    status: "200 OK",
    headers: "",
    body: r#"{"kind":"Job","apiVersion":"batch/v1","metadata":{"name":"p"},"spec":{"podFailurePolicy":{}}}"#,
};

#[test]
fn version_tells_what_both_sides_are_and_what_the_server_can_do() {
    let place = Place::new();
    let client = concat!("v", env!("CARGO_PKG_VERSION"));
    let told = place.run("version --client").good();
    assert_eq!(told, format!("Client Version: {client}\n"));
    let server = serve("plain", None, OLD_SERVER, &Notes::default());
    let server = format!("http://{server}");
    let json = place
        .run_with(&["version", "-o", "json", "-s", &server], "")
        .good();
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["clientVersion"]["gitVersion"], client);
    assert_eq!(json["serverVersion"]["gitVersion"], "v1.30.1");
    assert_eq!(json["features"]["podFailurePolicy"], true);
    assert_eq!(json["features"]["managedBy"], false);
    // It answers, but never says that the list has ended.
    assert_eq!(json["features"]["WatchList"], false);
    let yaml = place
        .run_with(&["version", "-o", "yaml", "-s", &server], "")
        .good();
    assert!(
        yaml.contains("features:\n  podFailurePolicy: true\n"),
        "{yaml}"
    );
    let without = place.run_with(&["version", "-s", "http://127.0.0.1:1"], "");
    assert_eq!(
        (without.code, without.out),
        (Some(5), format!("Client Version: {client}\n"))
    );
}

#[test]
fn manual_pages_are_written_for_every_command() {
    let place = Place::new();
    let page = place.run("man").good();
    assert!(page.contains(".TH kubectl-batch 1"), "{page}");
    place.run("man --dir pages").good();
    let pages = place.list("pages");
    for name in [
        "kubectl-batch.1",
        "kubectl-batch-run.1",
        "kubectl-batch-template-new.1",
    ] {
        assert!(pages.iter().any(|own| own == name), "{pages:?}");
    }
    assert!(
        place
            .read("pages/kubectl-batch-run.1")
            .contains("max\\-active")
    );
}
