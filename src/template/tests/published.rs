//! Manifests as people publish them go in unchanged.

use serde_json::{Value, json};

use super::{compile, written};
use crate::items::Item;
use crate::manifest::yaml::documents;
use crate::template::{Notice, Severity};

macro_rules! manifests {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("manifests/", $name, ".yaml")))),*]
    };
}

/// A tutorial's manifests, as they stand in it.
const TUTORIAL: [(&str, &str); 9] = manifests![
    "pi",
    "pi-2",
    "pi-3",
    "process-item",
    "job-wq-1",
    "job-wq-1-2",
    "job-wq-2",
    "hello",
    "pi-with-ttl",
];

/// The Jinja template of "Parallel Processing using Expansions".
const JINJA: &str = include_str!("manifests/docs-jinja.yaml");

/// The object without what the tool adds.
fn bare(mut object: Value) -> Value {
    let places = [
        "",
        "/spec/template",
        "/spec/jobTemplate",
        "/spec/jobTemplate/spec/template",
    ];
    for place in places {
        if let Some(Value::Object(owner)) = object.pointer_mut(place) {
            let metadata = owner.entry("metadata").or_insert_with(|| json!({}));
            metadata["labels"] = Value::Null;
            metadata["annotations"] = Value::Null;
        }
    }
    object
}

#[test]
fn every_manifest_of_the_tutorial_expands_to_itself() {
    for (name, text) in TUTORIAL {
        let template = compile(text).expect(name);
        let item = Item::scalar(0, "apple");
        let plain = text.replace("$ITEM", "apple").replace("v1beta1", "v1");
        let own = documents(&plain).expect(name).remove(0).value;
        let made = template.expand(&item).expect(name).objects.remove(0);
        assert_eq!(bare(made.clone()), bare(own), "{name}");
        let read = documents(&written(&template, "apple"))
            .expect(name)
            .remove(0)
            .value;
        assert_eq!(read, made, "{name}");
        assert_eq!(template.uses_item(), name == "process-item", "{name}");
        assert_eq!(
            template.group(),
            if name == "process-item" {
                "jobexample"
            } else {
                made["metadata"]["name"].as_str().expect("a name")
            }
        );
    }
}

#[test]
fn nothing_is_said_about_them_but_that_a_version_is_old() {
    for (name, text) in TUTORIAL {
        let notices =
            compile(text).and_then(|template| template.notices(&Item::scalar(0, "apple")));
        let said: Vec<_> = notices.expect(name).iter().map(Notice::to_string).collect();
        let expected: &[&str] = match name {
            "hello" => &[
                "job.yaml:1:1: apiVersion: batch/v1beta1 is gone since Kubernetes 1.25: written as batch/v1",
            ],
            _ => &[],
        };
        assert_eq!(said, expected, "{name}");
    }
}

#[test]
fn their_comments_stay() {
    for (name, text) in TUTORIAL {
        let template = compile(text).expect(name);
        let written = written(&template, "apple");
        for line in text.lines().filter(|line| line.contains('#')) {
            assert!(
                written.lines().any(|found| found == line),
                "{name}: {line}\n{written}"
            );
        }
    }
    assert!(TUTORIAL.iter().any(|(_, text)| text.contains('#')));
}

#[test]
fn the_jinja_template_of_the_kubernetes_docs_gives_its_own_three_jobs() {
    let template = compile(JINJA).expect("compiled");
    assert!(template.holds_list());
    assert_eq!(template.group(), "jobexample");
    let item = Item::scalar(0, "");
    let objects = template.expand(&item).expect("expanded").objects;
    let short = |object: &Value| {
        let command = &object["spec"]["template"]["spec"]["containers"][0]["command"][2];
        (object["metadata"]["name"].clone(), command.clone())
    };
    let made: Vec<_> = objects.iter().map(short).collect();
    let expected = ["apple", "banana", "cherry"].map(|fruit| {
        let url = format!(
            "http://dbpedia.org/resource/{}{}",
            fruit[..1].to_uppercase(),
            &fruit[1..]
        );
        (
            json!(format!("jobexample-{fruit}")),
            json!(format!("echo Processing URL {url} && sleep 5")),
        )
    });
    assert_eq!(made, expected);
    let errors = template.notices(&item).expect("notices");
    assert!(
        errors
            .iter()
            .all(|notice| notice.severity != Severity::Error),
        "{errors:?}"
    );
    let read: Vec<_> = documents(&written(&template, ""))
        .expect("YAML")
        .into_iter()
        .map(|document| document.value)
        .collect();
    assert_eq!(read, objects);
}
