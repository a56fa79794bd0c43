//! Bad input: one clear message with its place, nothing written, nothing created.

use crate::support::Place;

const JOB: &str = include_str!("../../templates/process-item.yaml");

/// Runs `expand` into a folder, and `submit` without any cluster: both must say the same, and neither may begin.
#[track_caller]
fn refused(place: &Place, arguments: &str) -> String {
    let (code, error) = place
        .run(&format!("expand {arguments} --output-dir out"))
        .bad();
    assert_eq!(code, 2, "{error}");
    assert_eq!(place.list("out"), [""; 0], "nothing is written");
    let (code, again) = place.run(&format!("run {arguments} --local")).bad();
    assert_eq!(
        (code, again.as_str()),
        (2, error.as_str()),
        "`run` says the same"
    );
    error
}

#[test]
fn what_is_missing_is_named() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("empty")).expect("made");
    place.file("list.txt", "\n \n");
    insta::assert_snapshot!(refused(&place, "-f nothere.yaml --items a"), @"error: nothere.yaml: there is no such file");
    insta::assert_snapshot!(refused(&place, "-f empty --items a"), @r"
    error: empty: there is no manifest in this directory
    hint: recognised extensions are .json, .yaml and .yml; -R looks into subdirectories
    ");
    insta::assert_snapshot!(refused(&place, "--items-from nolist.txt"), @"error: nolist.txt: there is no such file");
    insta::assert_snapshot!(refused(&place, "--items-from list.txt"), @r"
    error: the list of items is empty
    hint: --items a,b,c, or --items-from FILE with an item a line
    ");
    insta::assert_snapshot!(refused(&place, ""), @r"
    error: no items: the template process-item has a placeholder for one
    hint: --items a,b,c, or --items-from FILE with an item a line
    ");
}

#[test]
fn a_template_that_cannot_be_is_refused_with_its_place() {
    let place = Place::new();
    place.file("broken.yaml", "kind: Job\n  name: [");
    place.file(
        "nojob.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c-$ITEM\n",
    );
    place.file(
        "other.yaml",
        &JOB.replace("process-item-$ITEM", "process-$FRUIT"),
    );
    place.file("always.yaml", &JOB.replace("Never", "Always"));
    insta::assert_snapshot!(refused(&place, "-f broken.yaml --items a"), @"error: broken.yaml:2:7: this is not YAML: mapping values are not allowed in this context at line 2, column 7");
    insta::assert_snapshot!(refused(&place, "-f nojob.yaml --items a"), @r"
    error: nojob.yaml: there is no Job in this template
    hint: a template holds at least one manifest with kind: Job
    ");
    insta::assert_snapshot!(refused(&place, "-f other.yaml --items a"), @r"
    error: other.yaml:4:17: no item provides $FRUIT
    hint: provided are ITEM, INDEX, COUNT
    ");
    insta::assert_snapshot!(refused(&place, "-f always.yaml --items a"), @r"
    error: always.yaml:18:7: this restartPolicy is not for Jobs
    hint: write restartPolicy: Never (a new Pod for each try) or OnFailure (restarts in place)
    ");
}

#[test]
fn items_that_do_not_fit_are_refused_with_their_place() {
    let place = Place::new();
    place.file("list.txt", "a\nb\na\n");
    insta::assert_snapshot!(refused(&place, "--items-from list.txt"), @r#"
    error: item "a" is there twice, as list.txt:1 and as list.txt:3: their Jobs would have one name
    hint: remove one of them, or take the first of each with --skip-duplicates
    "#);
    insta::assert_snapshot!(refused(&place, "--items Apple --strict-names"), @r#"
    error: item 1 "Apple": "process-item-Apple" cannot be a name
    hint: names are lower case letters, digits and `-`, at most 63; without --strict-names a safe name is made
    "#);
    place.file("binary.txt", "a\nb");
    std::fs::write(place.path().join("binary.txt"), b"a\nb\xff\n").expect("written");
    insta::assert_snapshot!(refused(&place, "--items-from binary.txt"), @"error: binary.txt:2:2: this is no UTF-8");
}

#[test]
fn without_a_cluster_the_way_out_is_named() {
    let place = Place::new();
    for command in [
        "run --items a",
        "submit --items a",
        "watch -l jobgroup=x",
        "wait x",
        "status",
        "delete x",
    ] {
        let (code, error) = place.run(command).bad();
        assert_eq!(code, 5, "{command}");
        insta::allow_duplicates! {
            insta::assert_snapshot!(error, @r"
            error: no cluster is configured: looked at --kubeconfig, $KUBECONFIG, ~/.kube/config and the service account of a Pod
            hint: name a kubeconfig with --kubeconfig FILE, or try the batch without a cluster: kubectl batch run --local
            ");
        }
    }
}

#[test]
fn a_cluster_that_is_not_there_is_said_so() {
    let place = Place::new();
    for command in ["submit --items a", "status", "delete x"] {
        let ran = place.run(&format!("{command} --server http://127.0.0.1:1"));
        assert_eq!(ran.code, Some(5), "{ran:?}");
        assert!(ran.err.contains("refused"), "{ran:?}");
    }
}
