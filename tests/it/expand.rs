//! `expand`: the stream, the files, the placeholders.

use crate::support::{Place, has, ran};

const TEMPLATE: &str = include_str!("../../templates/process-item.yaml");

#[test]
fn three_items_give_three_manifests_in_one_stream() {
    let place = Place::new();
    place.file("job-tmpl.yaml", TEMPLATE);
    let out = place
        .run("expand -f job-tmpl.yaml --items apple,banana")
        .good();
    insta::assert_snapshot!(out);
}

#[test]
fn the_three_placeholders_give_the_same() {
    let place = Place::new();
    let expand = |text: &str| {
        place.file("t.yaml", text);
        place.run("expand -f t.yaml --items a,b").good()
    };
    let dollars = expand(TEMPLATE);
    assert_eq!(expand(&TEMPLATE.replace("$ITEM", "${ITEM}")), dollars);
    assert_eq!(expand(&TEMPLATE.replace("$ITEM", "{{ item }}")), dollars);
}

#[test]
fn items_come_from_lists_files_and_standard_input_in_the_order_given() {
    let place = Place::new();
    place.file("list.txt", "cherry\r\n\n# date\n");
    let arguments = [
        "expand",
        "--items",
        "a",
        "--items",
        "\"b,c\"",
        "--items-from",
        "list.txt",
        "--items-from",
        "-",
    ];
    let out = place.run_with(&arguments, "elderberry\n").good();
    let items: Vec<&str> = out
        .lines()
        .filter_map(|line| line.trim().strip_prefix("kubectl-batch/item: "))
        .collect();
    assert_eq!(items, ["a", "b,c", "cherry", "\"# date\"", "elderberry"]);
}

#[test]
fn a_directory_gets_a_file_for_each_item_and_kubectl_takes_them() {
    let place = Place::new();
    let ran_files = place.run("expand --items apple,banana,cherry --output-dir jobs");
    assert_eq!(ran_files.err, "3 files written to jobs\n");
    assert_eq!(
        place.list("jobs"),
        ["job-apple.yaml", "job-banana.yaml", "job-cherry.yaml"]
    );
    let stream = place.run("expand --items apple,banana,cherry").good();
    let files =
        ["apple", "banana", "cherry"].map(|item| place.read(&format!("jobs/job-{item}.yaml")));
    assert_eq!(files.concat(), stream);
    if has("kubectl") {
        let mut kubectl = place.command("kubectl");
        kubectl.args(["annotate", "--local", "-f", "jobs", "x=1", "-o", "name"]);
        let read = ran(&mut kubectl, "").good();
        assert_eq!(read.matches("job.batch/process-item-").count(), 3, "{read}");
    }
}

#[test]
fn files_that_are_there_are_kept_unless_told_otherwise() {
    let place = Place::new();
    place.file("jobs/job-b.yaml", "mine");
    let (code, error) = place.run("expand --items a,b --output-dir jobs").bad();
    assert_eq!(code, 2);
    insta::assert_snapshot!(error, @r"
    error: jobs/job-b.yaml: this file is there already, and nothing was written
    hint: --overwrite replaces the files of the items
    ");
    assert_eq!(place.list("jobs"), ["job-b.yaml"]);
    place
        .run("expand --items a,b --output-dir jobs --overwrite")
        .good();
    assert_eq!(place.list("jobs"), ["job-a.yaml", "job-b.yaml"]);
    assert!(place.read("jobs/job-b.yaml").contains("process-item-b"));
}

#[test]
fn a_template_without_placeholders_needs_no_items() {
    let place = Place::new();
    let out = place.run("expand -t pi").good();
    assert_eq!(out.matches("kind: Job").count(), 1);
}

#[test]
fn a_pipe_that_closes_early_ends_it_quietly() {
    let place = Place::new();
    let list: Vec<String> = (0..100_000)
        .map(|number| format!("item-{number}"))
        .collect();
    place.file("list.txt", &list.join("\n"));
    let mut shell = place.command("sh");
    shell.arg("-c").arg(format!(
        "{} expand --items-from list.txt | head -1",
        crate::support::PROGRAM
    ));
    let ran = ran(&mut shell, "");
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("---\n", ""));
}

/// The items of a list, as their annotations say.
fn items(out: &str) -> Vec<String> {
    let items = out
        .lines()
        .filter_map(|line| line.trim().strip_prefix("kubectl-batch/item: "));
    items.map(str::to_owned).collect()
}

#[test]
fn every_source_gives_its_items() {
    let place = Place::new();
    place.file("t.csv", "item,size\na,1\nb,2\n");
    place.file("t.json", "[\"x\", \"z\"]");
    place.file("t.yaml", "- p\n- q\n");
    place.file("data/2.csv", "");
    place.file("data/10.csv", "");
    for (arguments, expected) in [
        ("--range 08..10", "\"08\" \"09\" \"10\""),
        ("--array 0-4:2,9%3", "\"0\" \"2\" \"4\" \"9\""),
        ("--glob data/*.csv", "data/10.csv data/2.csv"),
        ("--items-from t.json --items-from t.yaml", "x z p q"),
        ("--items a,b,a --skip-duplicates", "a b"),
        ("--range 1..9 --limit 2", "\"1\" \"2\""),
    ] {
        let out = place.run(&format!("expand {arguments}")).good();
        assert_eq!(items(&out).join(" "), expected, "{arguments}");
    }
    let sample = || {
        items(
            &place
                .run("expand --range 1..100 --sample 3 --seed 5")
                .good(),
        )
    };
    assert_eq!((sample().len(), sample()), (3, sample()));
}

#[test]
fn records_products_and_links_give_their_fields() {
    let place = Place::new();
    place.file("t.csv", "name,size\na,1\nb,2\n");
    place.file(
        "t.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c-$INDEX\ndata:\n  x: $NAME of $SIZE, $TAG, {{ item.size }}, $COUNT\n---\napiVersion: batch/v1\nkind: Job\nmetadata:\n  name: j-$INDEX\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - {name: c, image: busybox}\n",
    );
    let values = |arguments: &str| -> Vec<String> {
        let out = place
            .run(&format!("expand -f t.yaml --set TAG=v1 {arguments}"))
            .good();
        let lines = out
            .lines()
            .filter_map(|line| line.trim().strip_prefix("x: "));
        lines
            .map(|line| line.trim_matches('"').to_owned())
            .collect()
    };
    assert_eq!(
        values("--items-from t.csv"),
        ["a of 1, v1, 1, 2", "b of 2, v1, 2, 2"]
    );
    assert_eq!(
        values("--matrix name=x,y --matrix size=s --limit 1"),
        ["x of s, v1, s, 1"]
    );
    assert_eq!(
        values("--matrix name=x,y --matrix size=s,t --link"),
        ["x of s, v1, s, 2", "y of t, v1, t, 2"]
    );
    let (code, error) = place
        .run("expand -f t.yaml --matrix name=x,y --matrix size=s --link")
        .bad();
    assert_eq!(code, 2);
    assert!(
        error.contains("--matrix name has 2 items and --matrix size has 1"),
        "{error}"
    );
}

#[test]
fn the_same_objects_in_every_format() {
    let place = Place::new();
    let yaml = place.run("expand --items a,b").good();
    let list: serde_json::Value =
        serde_json::from_str(&place.run("expand --items a,b -o json").good()).expect("JSON");
    let lines = place.run("expand --items a,b -o jsonl").good();
    let objects: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(list["items"], serde_json::json!(objects));
    assert_eq!((&list["kind"], objects.len()), (&"List".into(), 2));
    let read = kubectl_batch::manifest::yaml::documents(&yaml).expect("YAML");
    assert_eq!(
        read.into_iter()
            .map(|document| document.value)
            .collect::<Vec<_>>(),
        objects
    );
    assert_eq!(
        place.run("expand --items a,b -o name").good(),
        "job.batch/process-item-a\njob.batch/process-item-b\n"
    );
}

#[test]
fn a_command_needs_no_file() {
    let place = Place::new();
    let arguments = [
        "expand",
        "--image",
        "alpine:3",
        "--items",
        "a",
        "-o",
        "jsonl",
        "--",
        "sh",
        "-c",
        "echo $ITEM",
    ];
    let out = place.run_with(&arguments, "").good();
    assert!(
        out.contains(r#""image":"alpine:3""#) && out.contains(r#""command":["sh","-c","echo a"]"#),
        "{out}"
    );
}

#[test]
fn labels_annotations_names_and_the_namespace_are_overlaid() {
    let place = Place::new();
    let out = place
        .run("expand --items a -n ci --group mine --label team=x --annotate why=$ITEM --name-template go-$ITEM -o jsonl")
        .good();
    let job: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(job["metadata"]["name"], "go-a");
    assert_eq!(job["metadata"]["namespace"], "ci");
    assert_eq!(
        job["metadata"]["labels"],
        serde_json::json!({"jobgroup": "mine", "team": "x"})
    );
    assert_eq!(job["metadata"]["annotations"]["why"], "a");
    assert_eq!(
        job["spec"]["template"]["metadata"]["labels"]["jobgroup"],
        "mine"
    );
}

#[test]
fn a_kustomization_is_built_by_kubectl() {
    if !has("kubectl") {
        return;
    }
    let place = Place::new();
    place.file("k/job.yaml", TEMPLATE);
    place.file(
        "k/kustomization.yaml",
        "resources: [job.yaml]\nnamePrefix: pre-\n",
    );
    let out = place.run("expand -k k --items a -o name").good();
    assert_eq!(out, "job.batch/pre-process-item-a\n");
}

#[test]
fn a_template_may_be_a_url() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = std::thread::spawn(move || {
        for reply in [
            "HTTP/1.1 302 Found\r\nlocation: /job.yaml\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{TEMPLATE}", TEMPLATE.len()),
        ] {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            stream.write_all(reply.as_bytes()).expect("sent");
        }
    });
    let place = Place::new();
    let out = place.run(&format!("expand -f http://{address}/ --items a -o name"));
    server.join().expect("it ends");
    assert_eq!(out.good(), "job.batch/process-item-a\n");
}

#[test]
fn lint_names_what_is_wrong() {
    let place = Place::new();
    place.file(
        "t.yaml",
        &TEMPLATE.replace(
            "  template:\n    metadata",
            "  backofLimit: 3\n  template:\n    metadata",
        ),
    );
    let ran = place.run("lint -f t.yaml");
    assert!(
        ran.out.contains("t.yaml:8:3: spec.backofLimit: ") && ran.out.contains("backoffLimit"),
        "{ran:?}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&place.run("lint -f t.yaml -o json").out).expect("JSON");
    assert_eq!(json["notices"][0]["line"], 8);
    place.file("t.yaml", &TEMPLATE.replace("Never", "Always"));
    let ran = place.run("lint -f t.yaml -o json");
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(
        (ran.code, &json["notices"][0]["severity"]),
        (Some(2), &"error".into()),
        "{ran:?}"
    );
    assert_eq!(place.run("lint").good(), "");
}
