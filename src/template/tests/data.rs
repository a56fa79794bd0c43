//! Lists and maps as values, and the filters that write them.

use serde_json::{Value, json};

use super::{compile, job, written};
use crate::items::Item;
use crate::manifest::yaml::documents;
use crate::template::TemplateError;

fn record() -> Item {
    Item {
        index: 0,
        count: None,
        value: json!({
            "name": "a", "args": ["x: y", "4", "#\n\"'"], "limits": {"cpu": 1, "note": "on"},
            "text": "one: 1\ntwo: [2", "none": null, "flag": true,
        }),
    }
}

/// The container of a Job with more fields.
fn container(fields: &str) -> Result<Value, TemplateError> {
    let text = job("").replace("$ITEM", "{{ item.name }}");
    let text = text.replace("image: busybox\n", &format!("image: busybox\n{fields}"));
    let template = compile(&text)?;
    let mut out = Vec::new();
    template.write_yaml(&record(), &mut out)?;
    let text = String::from_utf8(out).expect("UTF-8");
    let mut read = documents(&text).expect(&text);
    let object = template.expand(&record())?.objects.remove(0);
    assert_eq!(read.remove(0).value, object, "{text}");
    Ok(object["spec"]["template"]["spec"]["containers"][0].clone())
}

#[test]
fn a_bare_expression_of_a_list_or_a_map_is_that_list_or_map() {
    let record = record().value;
    for (written, expected) in [
        ("{{ item.args }}", &record["args"]),
        ("{{ item.args | to_yaml }}", &record["args"]),
        ("{{ item.args | tojson }}", &record["args"]),
        ("{{ item.args | to_yaml | indent(10) }}", &record["args"]),
        (
            "[{{ item.args[0] }}, '4', {{ item.args[2] }}]",
            &record["args"],
        ),
        (
            "[{{ item.args[0] | tojson }}, {{ item.args[1] | to_yaml }}, {{ item.args[2] | tojson }}]",
            &record["args"],
        ),
        (
            "\n{{ item.args | to_yaml | indent(10, true) }}",
            &record["args"],
        ),
        (
            "\n{{ item.args | to_yaml | indent(10, first=true) }}",
            &record["args"],
        ),
    ] {
        let made = container(&format!("        args: {written}\n")).expect(written);
        assert_eq!(&made["args"], expected, "{written}");
    }
    let made =
        container("        resources:\n          limits: {{ item.limits }}\n").expect("a map");
    assert_eq!(made["resources"]["limits"], record["limits"]);
}

#[test]
fn elsewhere_the_filters_give_their_text_and_no_item_breaks_the_quotes() {
    let limits = r#"{"cpu":1,"note":"on"}"#;
    for (written, expected) in [
        ("'{{ item.limits | tojson }}'", limits.to_owned()),
        ("\"{{ item.limits | tojson }}\"", limits.to_owned()),
        ("x {{ item.limits | tojson }}", format!("x {limits}")),
        (
            "\"{{ item.limits | to_yaml }}\"",
            "cpu: 1\nnote: \"on\"".to_owned(),
        ),
        ("'{{ item.args[2] | tojson }}'", r##""#\n\"'""##.to_owned()),
        ("{{ item.args[2] | quote }}", "'#\n\"'\\'''".to_owned()),
    ] {
        let made =
            container(&format!("        env: [{{name: A, value: {written}}}]\n")).expect(written);
        assert_eq!(made["env"][0]["value"], expected, "{written}");
    }
}

#[test]
fn an_indent_that_is_layout_adds_nothing_to_a_block() {
    let record = record();
    let text = record.value["text"].as_str().expect("a text");
    let plain = format!("{text}\n");
    for (block, expected) in [
        ("|\n          {{ item.text }}", plain.clone()),
        ("|\n          {{ item.text | indent(10) }}", plain.clone()),
        (
            "|\n          {{ item.text | indent(width=10) }}",
            plain.clone(),
        ),
        ("|-\n{{ item.text | indent(10, true) }}", text.to_owned()),
        (
            "|\n          {{ item.text | indent(2) }}",
            "one: 1\n  two: [2\n".to_owned(),
        ),
        (
            "|\n          {{ item.limits | to_yaml | indent(10) }}",
            "cpu: 1\nnote: \"on\"\n".to_owned(),
        ),
        (
            "\"{{ item.text | indent(2, true) }}\"",
            "  one: 1\n  two: [2".to_owned(),
        ),
    ] {
        let fields = format!("        command:\n        - {block}\n");
        let made = container(&fields).expect(block);
        assert_eq!(made["command"][0], expected, "{block}");
    }
}

#[test]
fn safe_text_goes_in_as_it_is_also_through_an_indent() {
    let fields = "        env:\n{{ '- name: A\\n  value: b' | safe | indent(8, true) }}\n";
    let made = container(fields).expect("a list");
    assert_eq!(made["env"], json!([{"name": "A", "value": "b"}]));
}

#[test]
fn captured_blocks_and_macros_keep_the_texts_of_their_values() {
    let front =
        "{% macro greet(x) %}hello {{ x }}{% endmacro %}{% set block %}<{{ item }}>{% endset %}\n";
    let text = job("").replace("$ITEM", "{{ index }}").replace(
        "image: busybox",
        "image: busybox\n        args: ['{{ greet(item) }}', \"{{ block }}\", '{{ block | upper }}', '{{ block }}{{ block }}']",
    );
    let template = compile(&format!("{front}{text}")).expect("compiled");
    let item = Item::scalar(0, "a'\"\n");
    let object = template.expand(&item).expect("expanded").objects.remove(0);
    let args = &object["spec"]["template"]["spec"]["containers"][0]["args"];
    assert_eq!(
        args,
        &json!(["hello a'\"\n", "<a'\"\n>", "<a'\"\n>", "<a'\"\n><a'\"\n>"])
    );
    let read = documents(&written(&template, "a'\"\n"))
        .expect("YAML")
        .remove(0)
        .value;
    assert_eq!(read, object);
}

#[test]
fn the_tool_says_where_it_cannot_add_its_own_entries() {
    for (fields, path) in [
        ("  labels: {{ item }}\n", "metadata.labels"),
        ("  annotations: {{ item }}\n", "metadata.annotations"),
    ] {
        let text = job("")
            .replace("$ITEM", "x")
            .replace("spec:\n  template", &format!("{fields}spec:\n  template"));
        let error = compile(&text)
            .and_then(|template| template.expand(&Item::scalar(0, "x")))
            .expect_err(path);
        let expected =
            format!("job.yaml:1:1: {path} is no map, and the tool adds entries to it\nhint:");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}

#[test]
fn keys_stay_apart_and_short() {
    let text = format!(
        "{}---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c-$ITEM\ndata:\n  a-$ITEM: x\n  a-b: \"y\"\n",
        job("")
    );
    let template = compile(&text).expect("compiled");
    let long = "x".repeat(2000);
    for (item, expected) in [
        ("c", ""),
        ("k: \"v\"\n", ""),
        ("b", "it gives the key a-b twice"),
        (long.as_str(), "a key of 2002 bytes cannot stand in YAML"),
    ] {
        let item = Item::scalar(0, item);
        let mut out = Vec::new();
        let results = [
            template.expand(&item).map(|_| ()),
            template.write_yaml(&item, &mut out),
        ];
        for result in results {
            let said = result.map_or_else(|error| error.to_string(), |()| String::new());
            assert!(
                said.contains(expected) && said.is_empty() == expected.is_empty(),
                "{said}"
            );
        }
        if expected.is_empty() {
            let objects = template.expand(&item).expect("expanded").objects;
            let read = documents(&String::from_utf8(out).expect("UTF-8")).expect("YAML");
            assert_eq!(read[1].value, objects[1]);
        }
    }
}
