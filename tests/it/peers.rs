//! The same templates through the programs that people use today: sed, Python's Jinja2, and kubectl's reader of YAML.

use kubectl_batch::manifest::yaml::documents;
use serde_json::Value;

use crate::support::{Place, has, ran};

const TEMPLATE: &str = include_str!("../../templates/process-item.yaml");
/// The template of the Kubernetes documentation that holds its own list ("Parallel Processing using Expansions").
const WITH_LIST: &str = include_str!("data/docs-jinja.yaml.jinja2");

fn read(text: &str) -> Vec<Value> {
    let documents = documents(text).unwrap_or_else(|error| panic!("{error:?} in\n{text}"));
    documents
        .into_iter()
        .map(|document| document.value)
        .collect()
}

/// The objects without what the tool adds.
fn bare(mut objects: Vec<Value>) -> Vec<Value> {
    for object in &mut objects {
        let metadata = object["metadata"].as_object_mut().expect("metadata");
        metadata.remove("annotations");
    }
    objects
}

/// Whether Python's Jinja2 is there; `jinja2` in `KUBECTL_BATCH_REQUIRE` says that it must be.
fn has_jinja(place: &Place) -> bool {
    let mut python = place.command("/usr/bin/python3");
    let found = python
        .args(["-c", "import jinja2"])
        .output()
        .is_ok_and(|output| output.status.success());
    let required = std::env::var("KUBECTL_BATCH_REQUIRE").unwrap_or_default();
    assert!(
        found || !required.split(',').any(|name| name == "jinja2"),
        "jinja2 is required and not there"
    );
    if !found {
        eprintln!("skipped: Python's Jinja2 is not there");
    }
    found
}

#[test]
fn the_sed_loop_gives_the_same() {
    if !has("sed") {
        return;
    }
    let place = Place::new();
    place.file("job-tmpl.yaml", TEMPLATE);
    let script = "mkdir ./jobs; for i in apple banana cherry; do cat job-tmpl.yaml | sed \"s/\\$ITEM/$i/\" > ./jobs/job-$i.yaml; done";
    ran(place.command("sh").args(["-c", script]), "").good();
    let theirs: Vec<Value> = ["apple", "banana", "cherry"]
        .iter()
        .flat_map(|item| read(&place.read(&format!("jobs/job-{item}.yaml"))))
        .collect();
    let ours = place
        .run("expand -f job-tmpl.yaml --items apple,banana,cherry")
        .good();
    assert_eq!(bare(read(&ours)), theirs);
}

#[test]
fn pythons_jinja_gives_the_same_for_a_template_with_its_own_list() {
    let place = Place::new();
    if !has_jinja(&place) {
        return;
    }
    place.file("job.yaml.jinja2", WITH_LIST);
    let script =
        "from jinja2 import Template; import sys; print(Template(sys.stdin.read()).render())";
    let theirs = ran(
        place.command("/usr/bin/python3").args(["-c", script]),
        WITH_LIST,
    )
    .good();
    let ours = place.run("expand -f job.yaml.jinja2").good();
    let ours = bare(read(&ours));
    assert_eq!(ours.len(), 3);
    assert_eq!(ours, read(&theirs));
}

#[test]
fn pythons_jinja_gives_the_same_for_items() {
    let place = Place::new();
    if !has_jinja(&place) {
        return;
    }
    let template = TEMPLATE.replace("$ITEM", "{{ item }}");
    let template = template.replace("      restartPolicy", "{% if item != 'b' %}\n        env:\n        - {name: UPPER, value: \"{{ item | upper }}\"}\n{% endif %}\n      restartPolicy");
    place.file("job.yaml", &template);
    let script = "from jinja2 import Template; import sys; t = Template(sys.stdin.read());\nfor i in 'abc': print('---'); print(t.render(item=i))";
    let theirs = ran(
        place.command("/usr/bin/python3").args(["-c", script]),
        &template,
    )
    .good();
    let ours = place.run("expand -f job.yaml --items a,b,c").good();
    assert_eq!(bare(read(&ours)), read(&theirs));
}

/// Every block of the document that the project grew from that holds a manifest.
#[test]
fn every_manifest_of_the_seed_expands_unchanged() {
    let place = Place::new();
    let seed = include_str!("data/seed-manifests.yaml");
    let blocks: Vec<&str> = seed
        .split("# ---- next manifest ----\n")
        .filter(|block| block.contains("kind:"))
        .collect();
    assert!(blocks.len() >= 9, "{} blocks", blocks.len());
    for block in blocks {
        place.file("t.yaml", block);
        let items = if block.contains("$ITEM") {
            " --items apple"
        } else {
            ""
        };
        let out = place.run(&format!("expand -f t.yaml{items}")).good();
        let ours = &bare(read(&out))[0];
        let theirs = &read(
            &block
                .replace("$ITEM", "apple")
                .replace("batch/v1beta1", "batch/v1"),
        )[0];
        assert_eq!(ours["spec"]["schedule"], theirs["spec"]["schedule"]);
        let spec = |object: &Value| {
            let job = if object["kind"] == "CronJob" {
                object["spec"]["jobTemplate"]["spec"].clone()
            } else {
                object["spec"].clone()
            };
            let mut job = job;
            job["template"]
                .as_object_mut()
                .expect("a template")
                .remove("metadata");
            job
        };
        assert_eq!(spec(ours), spec(theirs), "{block}");
    }
}

/// Texts that mean something to YAML, to Jinja, or to a shell.
const NASTY: &[&str] = &[
    "on",
    "off",
    "yes",
    "no",
    "y",
    "n",
    "true",
    "~",
    "null",
    "",
    " ",
    "012",
    "0o14",
    "0x1F",
    "1_000",
    "1e3",
    ".inf",
    ".nan",
    "1:30",
    "2001-01-01",
    "- a",
    "a: b",
    "a #b",
    "#",
    "'",
    "\"",
    "''",
    "\\",
    "\\n",
    "a\nb",
    "a\n",
    "\na",
    "a\n\nb\n\n",
    "\t",
    "a\tb",
    "{a}",
    "[a]",
    "{{ a }}",
    "{% if %}",
    "{# x #}",
    "$ITEM",
    "${ITEM}",
    "$HOME",
    "$(A)",
    "$$",
    "%",
    "@",
    "`",
    "!a",
    "&a",
    "*a",
    "|",
    ">",
    "|-",
    "?",
    ": ",
    ",",
    "<<",
    "=",
    "é",
    "日本",
    "\u{feff}",
    "\u{202e}x",
    "\u{85}",
    "\u{2028}",
    "\u{a0}",
    "\u{7f}",
    "\u{1}",
    "\u{1f600}",
    "---",
    "...",
    "--- a",
    "%YAML 1.2",
];

/// Those texts, long ones, and random ones.
fn nasty_items() -> Vec<String> {
    let mut items: Vec<String> = NASTY.iter().map(|text| (*text).to_owned()).collect();
    items.push("x".repeat(100_000));
    items.push("long words ".repeat(40));
    let mut random = fastrand::Rng::with_seed(11);
    while items.len() < 300 {
        let length = random.usize(1..12);
        let text: String = (0..length)
            .map(|_| {
                if random.bool() {
                    char::from(random.u8(32..127))
                } else {
                    random
                        .choice([
                            '\n', ' ', ':', '"', '\'', '#', '\\', '-', '{', '%', '\u{e9}',
                            '\u{3000}',
                        ])
                        .expect("not empty")
                }
            })
            .collect();
        items.push(text);
    }
    items.sort();
    items.dedup();
    items.retain(|item| !item.is_empty());
    items
}

#[test]
fn kubectl_reads_back_exactly_the_items() {
    if !has("kubectl") {
        return;
    }
    let place = Place::new();
    let items = nasty_items();
    for syntax in ["$ITEM", "{{ item }}"] {
        let template = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c-$INDEX\ndata:\n  plain: {syntax}\n  single: '{syntax}'\n  double: \"{syntax}\"\n  block: |-\n    {syntax}\n  mixed: before {syntax} after\n---\n{}",
            TEMPLATE
                .replace("process-item-$ITEM", "p-$INDEX")
                .replace("$ITEM", syntax)
        );
        place.file("t.yaml", &template);
        let list = serde_json::to_string(&items).expect("JSON");
        place.file("items.json", &list);
        let ours = place.run("expand -f t.yaml --items-from items.json").good();
        place.file("out.yaml", &ours);
        let mut kubectl = place.command("kubectl");
        kubectl.args(["annotate", "--local", "-f", "out.yaml", "x=1", "-o", "json"]);
        let theirs = ran(&mut kubectl, "").good();
        let objects: Vec<Value> = serde_json::Deserializer::from_str(&theirs)
            .into_iter::<Value>()
            .flat_map(|value| {
                let value = value.expect("JSON");
                value["items"]
                    .as_array()
                    .cloned()
                    .unwrap_or_else(|| vec![value])
            })
            .collect();
        let maps: Vec<&Value> = objects
            .iter()
            .filter(|object| object["kind"] == "ConfigMap")
            .collect();
        let jobs: Vec<&Value> = objects
            .iter()
            .filter(|object| object["kind"] == "Job")
            .collect();
        assert_eq!((maps.len(), jobs.len()), (items.len(), items.len()));
        for ((map, job), item) in maps.iter().zip(&jobs).zip(&items) {
            for key in ["plain", "single", "double", "block"] {
                assert_eq!(
                    map["data"][key],
                    item.as_str(),
                    "{key} of {item:?} with {syntax}"
                );
            }
            assert_eq!(map["data"]["mixed"], format!("before {item} after"));
            assert_eq!(
                job["metadata"]["annotations"]["kubectl-batch/item"],
                item.as_str()
            );
            let command = &job["spec"]["template"]["spec"]["containers"][0]["command"][2];
            assert_eq!(command, &format!("echo Processing item {item} && sleep 5"));
        }
    }
}

/// Texts of one to six characters that look like numbers, or nearly.
fn near_numbers() -> Vec<String> {
    const LIKELY: &[u8] = b"0123456789_.+-eExob";
    let mut random = fastrand::Rng::with_seed(7);
    let mut texts: Vec<String> = [
        "__2", "08", "._5", "1_000", "+.5", "0x_1F", "1e3", "2.", "-0b1_1", "~",
    ]
    .map(String::from)
    .to_vec();
    for _ in 0..600 {
        let count = random.usize(1..=6);
        let text = (0..count).map(|_| char::from(LIKELY[random.usize(..LIKELY.len())]));
        texts.push(text.collect());
    }
    texts.sort();
    texts.dedup();
    // `- ` and `---` are no scalars, and what is beyond every float is refused in a template.
    texts.retain(|text| {
        !text.trim_matches('-').is_empty() && !text.parse().is_ok_and(f64::is_infinite)
    });
    texts
}

#[test]
fn a_bare_item_has_the_type_that_kubectl_reads() {
    if !has("kubectl") {
        return;
    }
    let place = Place::new();
    let texts = near_numbers();
    let written = texts.join("\n- ");
    let head = "apiVersion: example.com/v1\nkind: Typed\nmetadata:\n  name: t-$INDEX\nspec:\n";
    let list = format!("{}- {written}\n", head.replace("$INDEX", "0"));
    place.file("sed.yaml", &list);
    let mut kubectl = place.command("kubectl");
    kubectl.args(["annotate", "--local", "-f", "sed.yaml", "x=1", "-o", "json"]);
    let theirs: Value = serde_json::from_str(&ran(&mut kubectl, "").good()).expect("JSON");
    let job = TEMPLATE.replace("process-item-$ITEM", "p-$INDEX");
    place.file("t.yaml", &format!("{head}  value: $ITEM\n---\n{job}"));
    place.file("items.txt", &texts.join("\n"));
    let ours = place
        .run("expand -f t.yaml --items-from items.txt -o jsonl")
        .good();
    let ours = ours
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let ours = ours.filter(|object| object["kind"] == "Typed");
    let differing: Vec<_> = ours
        .zip(theirs["spec"].as_array().expect("a list"))
        .zip(&texts)
        .filter(|((ours, theirs), _)| ours["spec"]["value"] != **theirs)
        .map(|((ours, theirs), text)| format!("{text}: {} and not {theirs}", ours["spec"]["value"]))
        .collect();
    assert!(differing.is_empty(), "{differing:#?}");
}
