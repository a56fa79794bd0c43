//! Templates and lists that would never end, or take all memory: one clear message, soon, and in little memory.
//!
//! The time is that of the processor, as the machine that runs the tests may be busy. Without optimisation everything takes some eight
//! times as long, so the bound is ten seconds there; in a release build it is one.

use std::fmt::Write as _;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::{PROGRAM, Place};

const TIME_MAX: Duration = Duration::from_secs(if cfg!(debug_assertions) { 10 } else { 1 });
const MEMORY_MAX_KIB: u64 = 200 * 1024;

const JOB: &str = "apiVersion: batch/v1
kind: Job
metadata:
  name: j-$INDEX
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: c
        image: busybox
        args: [HERE]
";

/// What a process used: processor time, and the most resident memory in KiB.
#[derive(Clone, Copy, Debug, Default)]
struct Used {
    time: Duration,
    memory_kib: u64,
}

/// What `/proc` says of a process that has not been waited for; a process that has ended says nothing of its memory.
fn look(child: &Child, used: &mut Used) {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{}/{name}", child.id()));
    if let Ok(status) = read("status") {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|text| text.trim().split(' ').next()?.parse().ok());
        used.memory_kib = used.memory_kib.max(peak.unwrap_or(0));
    }
    if let Ok(stat) = read("stat") {
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
        let ticks = |at: usize| {
            fields
                .get(at)
                .and_then(|text| text.parse().ok())
                .unwrap_or(0)
        };
        // Fields 14 and 15 of proc(5), in hundredths of a second.
        used.time = used
            .time
            .max(Duration::from_millis((ticks(11) + ticks(12)) * 10));
    }
}

/// Runs a command that must end with a message within the bounds, and gives the message.
#[track_caller]
fn stopped(place: &Place, arguments: &[&str]) -> String {
    let mut command = place.command(PROGRAM);
    command.args(arguments).stdin(Stdio::null());
    let errors = place.path().join("errors");
    command.stdout(Stdio::null());
    command.stderr(std::fs::File::create(&errors).expect("made"));
    let mut child = command.spawn().expect("it starts");
    let (mut used, start) = (Used::default(), Instant::now());
    let status = loop {
        look(&child, &mut used);
        if let Some(status) = child.try_wait().expect("it is there") {
            break status;
        }
        if used.time > 2 * TIME_MAX || start.elapsed() > 20 * TIME_MAX {
            child.kill().expect("ended");
            child.wait().expect("ended");
            panic!("{arguments:?} does not end: {used:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let error = place.read("errors");
    assert_eq!(status.code(), Some(2), "{arguments:?}: {status} {error}");
    assert!(error.starts_with("error: "), "{error}");
    assert!(used.time <= TIME_MAX, "{arguments:?}: {used:?} {error}");
    assert!(
        used.memory_kib <= MEMORY_MAX_KIB,
        "{arguments:?}: {used:?} {error}"
    );
    error
}

/// The message about a template whose only argument is this.
#[track_caller]
fn template(argument: &str) -> String {
    let place = Place::new();
    place.file("t.yaml", &JOB.replace("HERE", argument));
    stopped(&place, &["expand", "-f", "t.yaml", "--items", "a"])
}

#[track_caller]
fn all(templates: &[&str], expected: &str) {
    for argument in templates {
        let error = template(argument);
        assert!(error.contains(expected), "{argument:.80}: {error}");
    }
}

#[test]
fn a_loop_that_does_not_end() {
    all(
        &[
            "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
            "{% set ns = namespace(x='aaaa') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
            "{{ range(99999) | join(range(9999) | join(',')) }}",
            "{{ 'x' * 1000000000 }}",
            "{{ '%1000000000d' | format(1) }}",
            "{{ ('a\\n' * 100000) | indent(256) }}",
            "{{ (\"'\" * 1000000) | quote | quote | quote | quote | quote }}",
            "{{ ('<' * 8000000) | b64encode | b64encode }}",
        ],
        "this template does not end: one item took more than 2000000 steps",
    );
    all(
        &["{% for i in range(1000000000) %}{% endfor %}"],
        "range has too many elements",
    );
}

#[test]
fn a_value_that_holds_itself_again_and_again() {
    let twice = "{% set a = namespace(x=[1]) %}{% set b = namespace(x=[1]) %}{% for i in range(60) %}{% set a.x = [a.x, a.x] %}{% set b.x = [b.x, b.x] %}{% endfor %}";
    for end in ["{{ a.x }}", "{{ a.x | tojson }}", "{{ a.x | to_yaml }}"] {
        all(
            &[&format!("{twice}{end}")],
            "one item renders to more than 8388608 bytes",
        );
    }
    all(
        &[&format!("{twice}{{{{ a.x == b.x }}}}")],
        "item 1: its expansion takes more than",
    );
    all(
        &[
            "{% set a = namespace(x=[1]) %}{% for i in range(60) %}{% set a.x = a.x + a.x %}{% endfor %}{{ a.x | length }}",
        ],
        "item 1: its expansion takes more than",
    );
}

#[test]
fn recursion() {
    all(
        &[
            "{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}",
            "{% block a %}{{ self.a() }}{% endblock %}",
            "{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
            &format!("{{{{ {}1{} }}}}", "(".repeat(50_000), ")".repeat(50_000)),
            &"{% if true %}".repeat(20_000),
        ],
        "recursion limit",
    );
    all(
        &[
            "{% set a = namespace(x=[1]) %}{% for i in range(90000) %}{% set a.x = [a.x] %}{% endfor %}{{ a.x }}",
        ],
        "more than 64 lists or maps in each other",
    );
    // The parser of MiniJinja does not count these.
    all(
        &[
            &format!("{{{{ item{} }}}}", ".a".repeat(400_000)),
            &format!("{{{{ item{} }}}}", "|upper".repeat(400_000)),
        ],
        "the template takes more than 128 MiB of memory",
    );
}

#[test]
fn a_gigabyte_from_one_item() {
    all(
        &[
            "{% for i in range(30000) %}{{ 'x' * 30000 }}{% endfor %}",
            "{% for i in range(30000) %}{{ ('x' * 30000) | safe }}{% endfor %}",
            "{% set x %}{% for i in range(30000) %}{{ 'x' * 30000 }}{% endfor %}{% endset %}{{ x }}",
        ],
        "one item renders to more than 8388608 bytes",
    );
    let place = Place::new();
    let config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c-$INDEX\ndata:\n";
    let mut text = JOB.replace("HERE", "a") + config;
    for key in 0..10_000 {
        writeln!(text, "  k{key}: $ITEM").expect("a string");
    }
    place.file("t.yaml", &text);
    place.file("list.txt", &"x".repeat(100_000));
    for output in ["yaml", "json"] {
        let arguments = [
            "expand",
            "-f",
            "t.yaml",
            "--items-from",
            "list.txt",
            "-o",
            output,
        ];
        let error = stopped(&place, &arguments);
        assert!(
            error.contains("it gives an object of more than 16777216 bytes"),
            "{error}"
        );
    }
}

#[test]
fn yaml_and_json_that_grow_or_nest_without_end() {
    let mut bomb = String::from("b0: &b0 [lol, lol]\n");
    for level in 1..40 {
        let aliases = vec![format!("*b{}", level - 1); 9].join(", ");
        writeln!(bomb, "b{level}: &b{level} [{aliases}]").expect("a string");
    }
    let list = bomb
        .lines()
        .fold(String::new(), |list, line| list + "- {" + line + "}\n");
    let deep = |open: &str, close: &str| open.repeat(100_000) + "1" + &close.repeat(100_000);
    let job = JOB.replace("HERE", "a");
    for (name, text, expected) in [
        ("t.yaml", format!("{job}{bomb}"), "budget breached"),
        (
            "t.yaml",
            format!("{job}x: {}", deep("[", "]")),
            "recursion limit",
        ),
        (
            "t.yaml",
            format!("{job}x: {}", deep("{a: ", "}")),
            "budget breached: Depth",
        ),
        ("t.json", deep("{\"a\":", "}"), "budget breached: Depth"),
        ("i.yaml", list, "budget breached"),
        ("i.yaml", format!("- {}", deep("[", "]")), "recursion limit"),
        ("i.json", deep("[", "]"), "recursion limit"),
        ("i.jsonl", deep("{\"a\":", "}"), "recursion limit"),
    ] {
        let place = Place::new();
        place.file(name, &text);
        let error = if name.starts_with('t') {
            stopped(&place, &["expand", "-f", name, "--items", "a"])
        } else {
            stopped(&place, &["expand", "--items-from", name])
        };
        assert!(
            error.contains(name) && error.contains(expected),
            "{name}: {error}"
        );
    }
}

#[test]
fn lists_that_are_one_huge_line() {
    let place = Place::new();
    for name in ["i.csv", "i.tsv", "i.jsonl"] {
        place.file(name, &format!("\"a\"\n\"{}\"\n", "x".repeat(20_000_000)));
        let error = stopped(&place, &["expand", "--items-from", name]);
        assert!(
            error.contains(&format!("{name}:2: a line of more than 1048576 bytes")),
            "{error}"
        );
    }
    place.file("i.txt", &"x".repeat(20_000_000));
    let error = stopped(&place, &["expand", "--items-from", "i.txt"]);
    assert!(
        error.contains("i.txt:1: an item of 131074 bytes"),
        "{error}"
    );
    place.file("i.json", &format!("[\"{}\"]", "x".repeat(20_000_000)));
    let error = stopped(&place, &["expand", "--items-from", "i.json"]);
    assert!(
        error.contains("entry 1 of i.json: an item of 20000000 bytes"),
        "{error}"
    );
    let columns =
        vec!["a"; 200_000]
            .iter()
            .enumerate()
            .fold(String::new(), |mut text, (at, name)| {
                write!(text, "{}{name}{at}", if at > 0 { "," } else { "" }).expect("a string");
                text
            });
    place.file("i.csv", &format!("{columns}\n{columns}\n"));
    let error = stopped(&place, &["expand", "--items-from", "i.csv"]);
    assert!(error.contains("i.csv:1: a line of more than"), "{error}");
    if std::path::Path::new("/dev/zero").exists() {
        let arguments = ["expand", "--items", "a", "--items-from", "/dev/zero"];
        let error = stopped(&place, &arguments);
        assert!(
            error.contains("/dev/zero:1: a line of more than 1048576 bytes"),
            "{error}"
        );
    }
}
