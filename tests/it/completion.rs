//! Completion as a person gets it: through kubectl, and in a bash.

use serde_json::json;

use crate::plugin::{kubectl, kubectl_minor, real_kubectl};
use crate::recorder::{Answer, Notes, serve};
use crate::support::{PROGRAM, Place, has, ran};

const JOBS: Answer = Answer {
    status: "200 OK",
    headers: "",
    body: r#"{"kind":"JobList","apiVersion":"batch/v1","metadata":{},"items":[
        {"metadata":{"name":"a-1","uid":"1","namespace":"first","labels":{"jobgroup":"fruit"},"annotations":{"kubectl-batch/item":"red apple"}}},
        {"metadata":{"name":"a-2","uid":"2","namespace":"first","labels":{"jobgroup":"fruit"},"annotations":{"kubectl-batch/item":"banana"}}}]}"#,
};

/// A place with a cluster, a kubeconfig for it, and both programs on the path.
fn place() -> Place {
    let place = Place::new();
    let server = serve("plain", None, JOBS, &Notes::default());
    let kubeconfig = json!({"current-context": "one",
        "clusters": [{"name": "c", "cluster": {"server": format!("http://{server}")}}],
        "contexts": [{"name": "one", "context": {"cluster": "c", "namespace": "first"}},
                     {"name": "other", "context": {"cluster": "c"}}]});
    place.file(".kube/config", &kubeconfig.to_string());
    let shim = ran(kubectl(&place).args(["batch", "completion", "kubectl"]), "").good();
    // kubectl hands over its own path only since 1.37, so the shim finds it where everybody does.
    let bin = place.path().join("bin");
    std::os::unix::fs::symlink(real_kubectl(), bin.join("kubectl")).expect("linked");
    let file = place.file("bin/kubectl_complete-batch", &shim);
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(file, executable).expect("executable");
    place
}

/// What kubectl answers to the completion script of a shell.
fn completed(place: &Place, words: &[&str]) -> Vec<String> {
    let mut command = kubectl(place);
    let ran = ran(command.args(["__complete", "batch"]).args(words), "");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let value = |line: &str| line.split('\t').next().unwrap_or_default().to_owned();
    ran.out.lines().map(value).collect()
}

/// Whether there is a kubectl that asks plugins for words: since 1.26.
fn asks_plugins() -> bool {
    let asks = has("kubectl") && kubectl_minor() >= 26;
    if !asks {
        eprintln!("skipped: no kubectl that completes the words of plugins");
    }
    asks
}

#[test]
fn kubectl_completes_commands_names_and_what_the_cluster_has() {
    if !asks_plugins() {
        return;
    }
    let place = place();
    for (words, expected) in [
        (
            &["template", "show", "process"][..],
            &["process-item", ":4"][..],
        ),
        (&["--context", ""], &["one", "other", ":4"]),
        (
            &["status", "--context=o"],
            &["--context=one", "--context=other", ":4"],
        ),
        (&["watch", ""], &["fruit", ":4"]),
        (&["watch", "-l", ""], &["jobgroup=fruit", ":4"]),
        (
            &["logs", "fruit", "--item", ""],
            &["banana", "red apple", ":4"],
        ),
        (&["reconcile", "--explain", ""], &["a-1", "a-2", ":4"]),
        (&["--context", "gone", "watch", ""], &[":4"]),
        (&["expand", "-f", ""], &[":0"]),
        (&["wat"], &["watch", ":4"]),
    ] {
        assert_eq!(completed(&place, words), expected, "{words:?}");
    }
}

#[test]
fn a_bash_completes_kubectl_batch_and_kubectl_dash_batch() {
    if !asks_plugins() || !has("bash") {
        return;
    }
    let place = place();
    let script = r#"
        _get_comp_words_by_ref() { words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; cur=${words[cword]}; prev=${words[cword-1]}; }
        compopt() { :; }
        typed() { local start=$1; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
            COMP_TYPE=9; COMPREPLY=(); "$start" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"; echo "${COMPREPLY[@]}"; }
        source <(kubectl completion bash)
        typed __start_kubectl kubectl batch wat
        typed __start_kubectl kubectl batch watch fr
        source <(kubectl-batch completion bash)
        typed _clap_complete_kubectl_batch kubectl-batch wat
        typed _clap_complete_kubectl_batch kubectl-batch watch f
        typed _clap_complete_kubectl_batch kubectl-batch --context o
    "#;
    let mut bash = place.command("bash");
    let path = format!("{}:/usr/bin:/bin", place.path().join("bin").display());
    let ran = ran(bash.env("PATH", path).args(["-c", script]), "");
    assert_eq!(
        ran.out, "watch\nfruit\nwatch\nfruit\none other\n",
        "{ran:?}"
    );
}

#[test]
fn every_shell_has_a_script() {
    let place = Place::new();
    for (shell, word) in [
        ("bash", "complete -o"),
        ("zsh", "#compdef kubectl-batch"),
        ("fish", "complete --keep-order"),
        ("powershell", "Register-ArgumentCompleter"),
        ("kubectl", "__complete \"$@\""),
    ] {
        let script = place.run(&format!("completion {shell}")).good();
        assert!(script.contains(word), "{shell}: {script}");
    }
    let link = place.path().join("kubectl-job_group");
    std::os::unix::fs::symlink(PROGRAM, &link).expect("linked");
    let shim = ran(place.command(&link).args(["completion", "kubectl"]), "").good();
    assert!(shim.contains("exec kubectl job-group __complete"), "{shim}");
}
