//! Records, constants and the names that every item has.

use serde_json::json;

use super::{compile, job, with};
use crate::items::{Format, Item, Source, list};
use crate::template::{Options, Template};

fn records(text: &str, format: Format) -> (Vec<Item>, Options) {
    let source = Source::Text {
        name: "f".into(),
        bytes: text.into(),
        format,
    };
    let list = list(&[source], &crate::items::ListOptions::default()).expect("a list");
    let options = Options {
        variables: list.variables,
        ..Options::default()
    };
    (list.items, options)
}

fn arguments(template: &Template, item: &Item) -> serde_json::Value {
    let expansion = template.expand(item).expect("expanded");
    expansion.objects[0]["spec"]["template"]["spec"]["containers"][0]["args"].clone()
}

fn with_arguments(arguments: &str) -> String {
    let container = format!("image: busybox\n        args: {arguments}");
    job("").replace("image: busybox", &container)
}

#[test]
fn each_column_is_a_variable_and_a_field() {
    let (items, options) = records("name,file size\na,1\nb,2\n", Format::Csv);
    let text = with_arguments("[$NAME, '${FILE_SIZE}', '{{ item.name }}', $INDEX/$COUNT]")
        .replace("$ITEM", "$NAME");
    let template = with(&text, &options).expect("compiled");
    assert_eq!(
        arguments(&template, &items[1]),
        json!(["b", "2", "b", "1/2"])
    );
    let object = &template.expand(&items[1]).expect("expanded").objects[0];
    assert_eq!(object["metadata"]["name"], "p-b");
    assert_eq!(
        object["metadata"]["annotations"]["kubectl-batch/item"],
        r#"{"name":"b","file size":"2"}"#
    );
}

#[test]
fn nested_fields_are_reached_in_jinja_and_a_field_named_item_is_the_item() {
    let text = "{\"item\": \"x\", \"a\": {\"b\": [1, 2]}, \"index\": 7}\n";
    let (items, options) = records(text, Format::Jsonl);
    let text = with_arguments("['{{ item.a.b[1] }}', $ITEM, $INDEX, '{{ ITEM }}', '{{ index }}']");
    let template = with(&text, &options).expect("compiled");
    assert_eq!(
        arguments(&template, &items[0]),
        json!(["2", "x", "7", "x", "0"])
    );
    let object = &template.expand(&items[0]).expect("expanded").objects[0];
    let annotations = &object["metadata"]["annotations"];
    assert_eq!(annotations["kubectl-batch/index"], "0");
    assert!(
        annotations["kubectl-batch/item"]
            .as_str()
            .is_some_and(|item| item.starts_with('{'))
    );
}

#[test]
fn a_record_without_the_field_is_an_error_and_never_an_empty_text() {
    let (items, options) = records(
        "{\"name\":\"a\",\"n\":1}\n{\"name\":\"b\"}\n",
        Format::Jsonl,
    );
    let template = with(&job("").replace("$ITEM", "$NAME-$N"), &options).expect("compiled");
    assert!(template.expand(&items[0]).is_ok());
    let error = template
        .expand(&items[1])
        .expect_err("no field")
        .to_string();
    assert!(
        error.starts_with("item 2 \"{\"name\":\"b\"}\": it has no field for $N\nhint:"),
        "{error}"
    );
}

#[test]
fn a_constant_is_a_variable_by_its_name_and_in_capitals() {
    let options = Options {
        constants: vec![("tag".into(), "v1: #".into()), ("Tag".into(), "v2".into())],
        ..Options::default()
    };
    let text = with_arguments("[$tag, $Tag, $TAG, '{{ tag }}', $tAG]");
    let template = with(&text, &options).expect("compiled");
    assert_eq!(
        arguments(&template, &Item::scalar(0, "x")),
        json!(["v1: #", "v2", "v1: #", "v1: #", "$tAG"])
    );
}

#[test]
fn the_count_is_provided_where_it_is_known() {
    for (text, uses) in [
        (with_arguments("[$COUNT]"), true),
        (with_arguments("['{{ count }}']"), true),
        (with_arguments("['{{ COUNT }}']"), true),
        (with_arguments("[$INDEX, $COUNTER, '{{ index }}']"), false),
    ] {
        let template = compile(&text).expect("compiled");
        assert_eq!(template.uses_count(), uses, "{text}");
        let mut item = Item::scalar(2, "x");
        assert_eq!(template.expand(&item).is_err(), uses, "{text}");
        item.count = Some(9);
        assert_eq!(arguments(&template, &item)[0] == "9", uses, "{text}");
    }
    let error = compile(&with_arguments("[$COUNT]"))
        .and_then(|template| template.expand(&Item::scalar(0, "x")))
        .expect_err("no count");
    assert!(
        error
            .to_string()
            .contains("the length of its list is not known"),
        "{error}"
    );
}
