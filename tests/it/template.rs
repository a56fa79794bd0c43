//! `template list|show|new`.

use crate::support::Place;

#[test]
fn templates_are_listed_shown_and_made_to_order() {
    let place = Place::new();
    let list = place.run("template list").good();
    assert!(list.starts_with("NAME"), "{list}");
    for line in list.lines().skip(1) {
        let name = line.split_whitespace().next().expect("a name");
        let text = place.run(&format!("template show {name}")).good();
        assert!(text.contains("apiVersion: batch/v1"), "{name}");
        assert_eq!(
            place.run(&format!("template new {name}")).good(),
            text,
            "{name}"
        );
    }
}

#[test]
fn a_made_template_expands() {
    let place = Place::new();
    let text = place
        .run("template new --image alpine:3 --backoff-limit 0 --job-name work-$ITEM -- sh -c true")
        .good();
    place.file("t.yaml", &text);
    let out = place.run("expand -f t.yaml --items a").good();
    for line in [
        "name: work-a",
        "image: alpine:3",
        "backoffLimit: 0",
        "command: [\"sh\", \"-c\", \"true\"]",
    ] {
        assert!(out.contains(line), "{line} in\n{out}");
    }
}
