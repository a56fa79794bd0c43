//! What is fuzzed: functions from bytes that panic when a promise is broken.
//!
//! The core of the tool needs neither files nor a network, so its folders are built here by themselves: that takes seconds, and all
//! of it is instrumented.

#[path = "../../src/items/mod.rs"]
pub mod items;
#[path = "../../src/manifest/mod.rs"]
pub mod manifest;
#[path = "../../src/template/mod.rs"]
pub mod template;

use items::{Format, Item, ListOptions, Separator, Source as ListSource, Stream};
use manifest::yaml;
use serde_json::Value;
use template::{Options, Source, Syntax, Template};

/// Every place in which a placeholder may stand, in both syntaxes.
const PLACES: &str = include_str!("places.yaml");

/// Any template: it compiles or is refused, and what is written is read back as what was meant.
pub fn template(data: &[u8]) {
    let Some((first, text)) = data.split_first() else {
        return;
    };
    let options = Options {
        syntax: [Syntax::Auto, Syntax::Dollar, Syntax::Jinja][usize::from(first % 3)],
        ..Options::default()
    };
    let text = String::from_utf8_lossy(text).into_owned();
    if let Ok(template) = compile(&text, &options) {
        let item = Item::scalar(0, "it's: {a} # b");
        let _ = template.notices(&item);
        same_both_ways(&template, &item);
    }
}

/// Any item in a template that uses it everywhere: its text comes out as it went in.
pub fn expand(data: &[u8]) {
    thread_local! {
        static TEMPLATE: Template = compile(PLACES, &Options::default()).expect("the template is sound");
    }
    let item = Item::scalar(0, String::from_utf8_lossy(data));
    TEMPLATE.with(|template| {
        let Some(objects) = same_both_ways(template, &item) else {
            return;
        };
        for text in objects[1]["data"].as_object().expect("a map").values() {
            assert_eq!(text.as_str(), Some(&*item.text()), "the item's exact text");
        }
        for name in objects.iter().map(|object| &object["metadata"]["name"]) {
            let name = name.as_str().expect("a name");
            assert!(manifest::names::is_object_name(name), "{name}");
        }
    });
}

/// Any list in any format: it is read or refused, and read alike as a whole and line by line.
pub fn items(data: &[u8]) {
    const FORMATS: [Format; 7] = [
        Format::Lines,
        Format::Null,
        Format::Csv,
        Format::Tsv,
        Format::Json,
        Format::Jsonl,
        Format::Yaml,
    ];
    let Some((first, bytes)) = data.split_first() else {
        return;
    };
    let format = FORMATS[usize::from(*first) % FORMATS.len()];
    let separator = match format {
        Format::Lines => Some(Separator::Line),
        Format::Null => Some(Separator::Null),
        _ => None,
    };
    let source = ListSource::Text {
        name: "f".into(),
        bytes: bytes.to_vec(),
        format,
    };
    let whole = items::list(&[source], &ListOptions::default()).map(|list| list.items);
    if let (Some(separator), Ok(whole)) = (separator, &whole) {
        let streamed: Result<Vec<Item>, _> = Stream::new("f", bytes, separator).collect();
        let texts = |items: &[Item]| {
            items
                .iter()
                .map(|item| item.text().into_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(streamed.map(|items| texts(&items)), Ok(texts(whole)));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let flags = [
            ListSource::Comma,
            ListSource::Range,
            ListSource::Array,
            ListSource::Matrix,
        ];
        let flag = flags[usize::from(*first) % flags.len()];
        let bounded = text.len() < 6 || !text.contains(['.', '-']);
        if bounded {
            let _ = items::list(&[flag(text.to_owned())], &ListOptions::default());
        }
        let _ = items::constant(text);
    }
}

/// Any YAML: what is read and written again is read as the same.
pub fn yaml(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = yaml::data(&text);
    for document in yaml::documents(&text).unwrap_or_default() {
        let written = yaml::to_yaml(&document.value);
        assert_eq!(read(&written), [document.value], "{written}");
    }
    let resolved = yaml::resolve(&text);
    if yaml::is_plain_safe(&text) {
        assert_eq!(resolved, Value::from(&*text));
    }
}

fn compile(text: &str, options: &Options) -> Result<Template, template::TemplateError> {
    let source = Source {
        name: "t.yaml".into(),
        text: text.into(),
    };
    Template::compile(&[source], options)
}

/// The objects of an item, if it is not refused: the same as values and as YAML.
fn same_both_ways(template: &Template, item: &Item) -> Option<Vec<Value>> {
    let objects = template.expand(item).ok()?.objects;
    let mut out = Vec::new();
    template
        .write_yaml(item, &mut out)
        .expect("it was expanded just now");
    let out = String::from_utf8(out).expect("UTF-8 is written");
    assert_eq!(read(&out), objects, "{out}");
    Some(objects)
}

fn read(text: &str) -> Vec<Value> {
    let documents = yaml::documents(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    documents
        .into_iter()
        .map(|document| document.value)
        .collect()
}
