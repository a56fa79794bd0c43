//! Tests of expansion as a whole.

use std::fmt::Write;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::items::Item;
use crate::manifest::yaml::documents;

mod data;
mod published;
mod records;

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
            .is_some_and(|name| name.starts_with("p-a-b-"))
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
            "job.yaml:4:14: undefined value",
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

/// A template with a slot in every style that YAML has, and comments.
const STYLES: &str = "\
# The header of $ITEM
apiVersion: batch/v1
kind: Job # a Job
metadata:
  name: \"p-$ITEM\" # named after $ITEM
spec:
  # tries
  completions: 1
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: c
        image: busybox
        args: [$ITEM, '$ITEM', \"$ITEM\", plain $ITEM,
          $ITEM]
        command:
        - sh
        - -c
        - |
          set -e
          if true; then
            echo \"$ITEM\" # data $ITEM
          fi
        env:
        - {name: A, value: $ITEM}
        - name: B
          value: >-
            folded
            $ITEM
        # the last line
";

fn written(template: &Template, text: &str) -> String {
    let mut written = Vec::new();
    template
        .write_yaml(&Item::scalar(0, text), &mut written)
        .expect(text);
    String::from_utf8(written).expect("UTF-8")
}

#[test]
fn comments_and_style_of_the_template_survive() {
    let template = compile(STYLES).expect("compiled");
    let text = written(&template, "a\nb");
    for line in [
        "# The header of a b",
        "kind: Job # a Job",
        "  # tries",
        "        # the last line",
        "        args: [\"a\\nb\", \"a\\nb\", \"a\\nb\", \"plain a\\nb\",",
        "        - {name: A, value: \"a\\nb\"}",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[test]
fn a_character_that_yaml_does_not_take_is_escaped_or_left_out_of_a_comment() {
    let template = compile(STYLES).expect("compiled");
    for c in [
        '\u{7}', '\u{85}', '\u{2028}', '\u{feff}', '\u{fffe}', '\u{ffff}',
    ] {
        let text = written(&template, &format!("a{c}\nb"));
        assert!(!text.contains(c), "{c:?}\n{text}");
        assert!(text.contains("# The header of a  b\n"), "{c:?}\n{text}");
    }
}

#[test]
fn the_example_keeps_its_own_text() {
    let text = written(&process_item(), "apple");
    let own = builtin("process-item")
        .expect("it comes with the tool")
        .text;
    let ours = |line: &&str| {
        !line.contains("kubectl-batch/") && !line.contains("annotations:") && *line != "---"
    };
    let kept: Vec<_> = text.lines().filter(ours).collect();
    let own = own.replace("$ITEM", "apple");
    assert_eq!(kept, own.lines().collect::<Vec<_>>());
}

fn with(text: &str, options: &Options) -> Result<Template, TemplateError> {
    let source = Source {
        name: "job.yaml".into(),
        text: text.into(),
    };
    Template::compile(&[source], options)
}

#[test]
fn labels_annotations_names_and_the_namespace_are_written_where_asked() {
    let pair = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
    let options = Options {
        labels: pair("shard", "s-$ITEM"),
        annotations: pair("why", "because of $ITEM"),
        name_template: Some("mine-${ITEM}".into()),
        namespace: Some("ns".into()),
        ..Options::default()
    };
    let template = with(&job(""), &options).expect("compiled");
    let expansion = template.expand(&Item::scalar(0, "A b")).expect("expanded");
    let metadata = &expansion.objects[0]["metadata"];
    let pods = &expansion.objects[0]["spec"]["template"]["metadata"]["labels"];
    assert_eq!(metadata["name"], "mine-a-b-bbc39950");
    assert_eq!(metadata["namespace"], "ns");
    assert_eq!(metadata["labels"]["shard"], pods["shard"]);
    assert!(
        pods["shard"]
            .as_str()
            .is_some_and(|shard| shard.starts_with("s-a-b-"))
    );
    assert_eq!(metadata["annotations"]["why"], "because of A b");
    let read = documents(&written(&template, "A b")).expect("YAML");
    assert_eq!(read[0].value, expansion.objects[0]);
}

#[test]
fn a_list_is_flattened_and_json_is_read() {
    let text = r#"{"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a-$ITEM"}, "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": []}}}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c-$ITEM"}, "data": {"x": "$ITEM"}}]}"#;
    let template = compile(text).expect("compiled");
    let expansion = template.expand(&Item::scalar(0, "4")).expect("expanded");
    assert_eq!(expansion.objects.len(), 2);
    assert_eq!(expansion.members().count(), 1);
    assert_eq!(expansion.objects[1]["data"]["x"], "4");
    assert_eq!(expansion.objects[1]["metadata"]["labels"]["jobgroup"], "a");
}

#[test]
fn an_old_cron_job_is_rewritten_and_odd_fields_are_warned_of() {
    let text = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata:\n  name: hello\nspec:\n  schedule: '* * * * *'\n  suspendd: true\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: OnFailure\n          containers: []\n";
    let template = compile(text).expect("compiled");
    let item = Item::scalar(0, "x");
    let expansion = template.expand(&item).expect("expanded");
    assert_eq!(expansion.objects[0]["apiVersion"], "batch/v1");
    let notices = template.notices(&item).expect("notices");
    let said: Vec<_> = notices.iter().map(Notice::to_string).collect();
    assert_eq!(
        said,
        [
            "job.yaml:13:11: spec.jobTemplate.spec.template.spec.containers: a Pod has at least one container",
            "job.yaml:1:1: apiVersion: batch/v1beta1 is gone since Kubernetes 1.25: written as batch/v1",
            "job.yaml:7:3: spec.suspendd: no Kubernetes version has this field: did you mean suspend?",
        ]
    );
}

#[test]
fn a_placeholder_that_is_left_over_is_warned_of_where_no_program_reads_it() {
    let text = job("  completions: $N\n").replace(
        "image: busybox",
        "image: busybox:$TAG\n        command: [echo, $HOME]",
    );
    let template = compile(&text).expect("compiled");
    let notices = template.notices(&Item::scalar(0, "x")).expect("notices");
    let said: Vec<_> = notices.iter().map(Notice::to_string).collect();
    assert_eq!(
        said,
        [
            "job.yaml:6:3: spec.completions: no item provides $N, so it stands as it is: provided are ITEM, INDEX, COUNT",
            "job.yaml:12:9: spec.template.spec.containers[0].image: no item provides $TAG, so it stands as it is: provided are ITEM, INDEX, COUNT",
            "job.yaml:6:3: spec.completions: invalid type: string \"$N\", expected i32",
        ]
    );
}

#[test]
fn what_comes_with_the_tool_is_sound_and_keeps_its_data() {
    for builtin in builtins() {
        let options = Options {
            annotate: false,
            ..Options::default()
        };
        let template = with(builtin.text, &options).expect(builtin.name);
        assert_eq!(template.uses_item(), builtin.name == "process-item");
        let item = Item::scalar(0, "apple");
        assert_eq!(template.notices(&item), Ok(Vec::new()), "{}", builtin.name);
        let mut own = documents(&builtin.text.replace("$ITEM", "apple")).expect(builtin.name);
        let mut made = template.expand(&item).expect(builtin.name).objects;
        let (own, made) = (&mut own[0].value, &mut made[0]);
        for path in [
            "",
            "/spec/template",
            "/spec/jobTemplate",
            "/spec/jobTemplate/spec/template",
        ] {
            for object in [&mut *own, &mut *made] {
                if let Some(object) = object.pointer_mut(path).and_then(Value::as_object_mut) {
                    let metadata = object.entry("metadata").or_insert_with(|| json!({}));
                    metadata["labels"] = json!("not compared");
                }
            }
        }
        assert_eq!(own, made, "{}", builtin.name);
    }
}

#[test]
fn a_template_without_placeholders_is_one_whole() {
    for (text, uses, holds) in [
        (job(""), true, false),
        (job("").replace("$ITEM", "x"), false, false),
        (format!("{{# a comment #}}\n{}", job("")), true, false),
        (
            format!("{{# a comment #}}\n{}", job("").replace("$ITEM", "x")),
            false,
            true,
        ),
    ] {
        let template = compile(&text).expect("compiled");
        assert_eq!(
            (template.uses_item(), template.holds_list()),
            (uses, holds),
            "{text}"
        );
    }
}

#[test]
fn an_item_for_which_the_template_leaves_its_job_out_is_an_error() {
    let text = format!("{{% if item != 'b' %}}\n{}{{% endif %}}\n", job(""));
    let template = compile(&text).expect("compiled");
    assert!(template.expand(&Item::scalar(0, "a")).is_ok());
    let error = template
        .expand(&Item::scalar(1, "b"))
        .expect_err("no Job")
        .to_string();
    assert!(
        error.starts_with("job.yaml: there is no Job in this template"),
        "{error}"
    );
}

#[test]
fn lines_may_end_in_cr() {
    let template = compile(&STYLES.replace('\n', "\r\n")).expect("compiled");
    let read = documents(&written(&template, "a\nb")).expect("YAML");
    let expansion = template.expand(&Item::scalar(0, "a\nb")).expect("expanded");
    assert_eq!(read[0].value, expansion.objects[0]);
}

#[test]
fn a_name_that_comes_twice_is_refused_with_both_items() {
    let template = compile(&job("").replace("p-$ITEM", "p")).expect("compiled");
    let (mut names, mut out) = (Names::default(), Vec::new());
    let mut write =
        |index, text| template.write_checked(&Item::scalar(index, text), &mut names, &mut out);
    write(0, "a").expect("the first");
    let error = write(1, "b").expect_err("the second").to_string();
    assert!(
        error.starts_with("item 2 \"b\": it gives Job \"p\", as item 1 does"),
        "{error}"
    );
}

#[test]
fn run_away_templates_end_with_an_error() {
    let body = job("").replace("$ITEM", "{{ item }}");
    for (front, expected) in [
        (
            "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}",
            "does not end",
        ),
        (
            "{% for a in range(90000) %}{% for b in range(90000) %}# xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n{% endfor %}{% endfor %}",
            "more than",
        ),
        (
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "recursion",
        ),
        ("# {{ 'x' * 100000000000 }}\n", "does not end"),
    ] {
        let said = problem(&format!("{front}{body}"));
        assert!(said.contains(expected), "{front}: {said}");
    }
    let mut bomb = String::from("a0: &a0 [x, x]\n");
    for level in 1..40 {
        let below = level - 1;
        writeln!(bomb, "a{level}: &a{level} [*a{below}, *a{below}]").expect("a string");
    }
    assert!(problem(&bomb).starts_with("job.yaml:"));
    assert!(problem(&"[".repeat(100_000)).starts_with("job.yaml:"));
    assert!(problem(&job("").replace("p-$ITEM", "p-$ITEM\0")).starts_with("job.yaml:"));
}

#[test]
fn an_item_with_a_nul_is_refused() {
    let error = process_item()
        .expand(&Item::scalar(2, "a\0b"))
        .expect_err("NUL");
    assert!(
        error
            .to_string()
            .contains("item 3 \"a\0b\": it holds a NUL"),
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

    #[test]
    fn in_every_style_what_is_written_is_what_is_expanded(text in "\\PC*|[ -~\n\t]*|[a-z:#{}\\[\\],'\" \n-]{0,12}") {
        for (template, syntax) in [(STYLES.to_owned(), Syntax::Auto), (STYLES.replace("$ITEM", "{{ item }}"), Syntax::Jinja)] {
            let options = Options { syntax, ..Options::default() };
            let template = with(&template, &options).expect("compiled");
            let item = Item::scalar(0, text.clone());
            let written = written(&template, &text);
            let read = documents(&written).map_err(|error| TestCaseError::fail(format!("{error}\n{written}")))?;
            let expansion = template.expand(&item).expect("expanded");
            prop_assert_eq!(&read[0].value, &expansion.objects[0], "{}", written);
            let arguments = &expansion.objects[0]["spec"]["template"]["spec"]["containers"][0]["args"];
            prop_assert_eq!(arguments, &json!([text, text, text, format!("plain {text}"), text]));
        }
    }
}
