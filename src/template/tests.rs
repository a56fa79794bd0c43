//! Tests of expansion as a whole.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::items::Item;
use crate::manifest::yaml::documents;

fn compile(text: &str) -> Result<Template, TemplateError> {
    let source = Source {
        name: "job.yaml".into(),
        text: text.into(),
    };
    Template::compile(&[source], &Options::default())
}

fn process_item() -> Template {
    compile(
        builtin("process-item")
            .expect("it comes with the tool")
            .text,
    )
    .expect("it compiles")
}

fn job(extra: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: p-$ITEM\nspec:\n{extra}  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - name: c\n        image: busybox\n"
    )
}

fn problem(text: &str) -> String {
    match compile(text).and_then(|template| template.expand(&Item::scalar(0, "apple"))) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_example_of_the_kubernetes_docs_expands() {
    let template = process_item();
    assert_eq!(template.group(), "jobexample");
    let expansion = template
        .expand(&Item::scalar(1, "banana"))
        .expect("it expands");
    let job = &expansion.objects[0];
    assert_eq!(job["metadata"]["name"], "process-item-banana");
    assert_eq!(
        job["spec"]["template"]["spec"]["containers"][0]["command"],
        json!(["sh", "-c", "echo Processing item banana && sleep 5"])
    );
    assert_eq!(
        job["metadata"]["annotations"]["kubectl-batch/item"],
        "banana"
    );
    assert_eq!(job["metadata"]["annotations"]["kubectl-batch/index"], "1");
    assert_eq!(
        job["metadata"]["annotations"]["kubectl-batch/digest"]
            .as_str()
            .map(str::len),
        Some(16)
    );
}

#[test]
fn the_text_that_is_written_is_the_data_that_is_expanded() {
    let template = process_item();
    for text in ["apple", "a: b", "\"", "x\ny", "$HOME {{ item }}", "on", "1"] {
        let item = Item::scalar(0, text);
        let mut written = Vec::new();
        template.write_yaml(&item, &mut written).expect("written");
        let written = String::from_utf8(written).expect("UTF-8");
        let read: Vec<_> = documents(&written)
            .expect(&written)
            .into_iter()
            .map(|document| document.value)
            .collect();
        assert_eq!(
            read,
            template.expand(&item).expect("expanded").objects,
            "{written}"
        );
    }
}

#[test]
fn a_placeholder_alone_has_the_type_of_its_text_and_strings_stay_strings() {
    let text = job("  completions: $ITEM\n  backoffLimit: \"$ITEM\"\n").replace(
        "image: busybox",
        "image: busybox\n        args: [$ITEM]\n        env: [{name: N, value: $ITEM}]",
    );
    let expansion = compile(&text)
        .and_then(|template| template.expand(&Item::scalar(0, "4")))
        .expect("expanded");
    let spec = &expansion.objects[0]["spec"];
    assert_eq!(
        (&spec["completions"], &spec["backoffLimit"]),
        (&json!(4), &json!("4"))
    );
    let container = &spec["template"]["spec"]["containers"][0];
    assert_eq!(
        (&container["args"], &container["env"][0]["value"]),
        (&json!(["4"]), &json!("4"))
    );
}

#[test]
fn jinja_sees_the_item_and_its_values_cannot_break_the_document() {
    let text = job("").replace("$ITEM", "{{ item }}").replace("image: busybox", "image: busybox\n        args:\n{% for n in range(2) %}        - {{ item | upper }}-{{ n }}\n{% endfor %}");
    let template = compile(&text).expect("compiled");
    let expansion = template
        .expand(&Item::scalar(0, "a: [b"))
        .expect("expanded");
    let args = &expansion.objects[0]["spec"]["template"]["spec"]["containers"][0]["args"];
    assert_eq!(args, &json!(["A: [B-0", "A: [B-1"]));
    assert!(
        expansion.objects[0]["metadata"]["name"]
            .as_str()
            .is_some_and(|name| name.starts_with("p-a---b-"))
    );
}

#[test]
fn a_template_with_its_own_list_needs_no_items() {
    let text = format!(
        "{{%- set params = [{{\"name\": \"apple\"}}, {{\"name\": \"banana\"}}] %}}\n{{%- for p in params %}}\n---\n{}{{%- endfor %}}\n",
        job("").replace("$ITEM", "{{ p.name }}")
    );
    let template = compile(&text).expect("compiled");
    assert!(template.holds_list());
    let names: Vec<_> = template
        .expand(&Item::scalar(0, ""))
        .expect("expanded")
        .objects
        .iter()
        .map(|object| object["metadata"]["name"].clone())
        .collect();
    assert_eq!(names, ["p-apple", "p-banana"]);
}

#[test]
fn the_group_is_the_label_or_the_bare_name_and_is_written_on_job_and_pods() {
    let expansion = compile(&job(""))
        .and_then(|template| {
            assert_eq!(template.group(), "p");
            template.expand(&Item::scalar(0, "x"))
        })
        .expect("expanded");
    assert_eq!(expansion.objects[0]["metadata"]["labels"]["jobgroup"], "p");
    assert_eq!(
        expansion.objects[0]["spec"]["template"]["metadata"]["labels"]["jobgroup"],
        "p"
    );
}

#[test]
fn the_digest_changes_with_the_content_and_with_nothing_else() {
    let digest = |text: &str, index| {
        let expansion = compile(text)
            .and_then(|template| template.expand(&Item::scalar(index, "x")))
            .expect("expanded");
        expansion.objects[0]["metadata"]["annotations"]["kubectl-batch/digest"].clone()
    };
    assert_eq!(digest(&job(""), 0), digest(&job(""), 7));
    assert_eq!(
        digest(&job(""), 0),
        digest(&format!("# a comment\n{}", job("")), 0)
    );
    assert_ne!(digest(&job(""), 0), digest(&job("  backoffLimit: 2\n"), 0));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, expected) in [
        ("a: [1\n".to_owned(), "job.yaml:"),
        (
            "kind: Job\n".to_owned(),
            "job.yaml:1:1: this document has no apiVersion",
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n".to_owned(),
            "job.yaml: there is no Job in this template",
        ),
        (
            job("").replace("Never", "Always"),
            "job.yaml:8:7: this restartPolicy is not for Jobs",
        ),
        (
            job("").replace("$ITEM", "$FILE"),
            "job.yaml:4:11: no item provides $FILE",
        ),
        (
            job("").replace("$ITEM", "{{ file }}"),
            "job.yaml:4: undefined value",
        ),
        (job("").replace("$ITEM", "{{ item"), "job.yaml:"),
        (String::new(), "job.yaml: there is no Job in this template"),
    ] {
        assert!(
            problem(&text).starts_with(expected),
            "{text}\n{}",
            problem(&text)
        );
    }
}

#[test]
fn strict_names_refuse_what_would_be_changed() {
    let source = Source {
        name: "job.yaml".into(),
        text: job(""),
    };
    let options = Options {
        strict_names: true,
        ..Options::default()
    };
    let template = Template::compile(&[source], &options).expect("compiled");
    assert!(template.expand(&Item::scalar(0, "apple")).is_ok());
    let error = template
        .expand(&Item::scalar(3, "A b"))
        .expect_err("no name")
        .to_string();
    assert!(
        error.starts_with("item 4 \"A b\": \"p-A b\" cannot be a name"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn no_item_changes_the_shape_or_is_changed(text in "\\PC*|[ -~\n\t]*") {
        let template = process_item();
        let item = Item::scalar(0, text.clone());
        let mut written = Vec::new();
        template.write_yaml(&item, &mut written).expect("written");
        let written = String::from_utf8(written).expect("UTF-8");
        let read = documents(&written).map_err(|error| TestCaseError::fail(format!("{error}\n{written}")))?;
        prop_assert_eq!(read.len(), 1);
        let job = &read[0].value;
        let command = format!("echo Processing item {text} && sleep 5");
        prop_assert_eq!(&job["spec"]["template"]["spec"]["containers"][0]["command"][2], &json!(command));
        prop_assert_eq!(&job["metadata"]["annotations"]["kubectl-batch/item"], &json!(text));
        let name = job["metadata"]["name"].as_str().unwrap_or_default();
        prop_assert!(crate::manifest::names::is_object_name(name) && name.len() <= 63, "{}", name);
    }
}
