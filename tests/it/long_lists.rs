//! Lists that several threads expand: the order, and what is said of a wrong item far behind.

use std::fmt::Write as _;
use std::ops::Range;

use crate::support::Place;

const TEMPLATE: &str = include_str!("../../templates/process-item.yaml");

/// A line for each number, with a text in front of it.
fn lines(numbers: Range<u32>, front: &str) -> String {
    numbers.fold(String::new(), |mut text, number| {
        writeln!(text, "{front}{number}").expect("memory");
        text
    })
}

#[test]
fn a_long_list_comes_out_in_its_order_in_every_format() {
    let place = Place::new();
    place.file("list.txt", &lines(0..3000, "item-"));
    place.file("dollars.yaml", TEMPLATE);
    // Jinja is expanded by one thread, dollars by several.
    place.file("jinja.yaml", &TEMPLATE.replace("$ITEM", "{{ item }}"));
    for format in ["yaml", "json", "jsonl", "name"] {
        let expand = |template: &str| {
            let from = format!("expand -f {template} --items-from list.txt -o {format}");
            place.run(&from).good()
        };
        assert!(expand("dollars.yaml") == expand("jinja.yaml"), "{format}");
    }
    let names = place.run("expand -f dollars.yaml --items-from list.txt -o name");
    let expected = lines(0..3000, "job.batch/process-item-item-");
    assert!(names.good() == expected);
}

#[test]
fn a_wrong_item_far_behind_is_named_and_nothing_is_printed() {
    let place = Place::new();
    let job = TEMPLATE.replace("process-item-$ITEM", "$ITEM");
    let both = format!("{job}---\n{}", job.replace("name: $ITEM", "name: b-$ITEM"));
    place.file("t.yaml", &both);
    let list = |last: &str| {
        place.file("list.txt", &(lines(0..2000, "item-") + last));
        let out = place.run("expand -f t.yaml --items-from list.txt");
        assert_eq!((out.code, out.out.as_str()), (Some(2), ""));
        out.err
    };
    let again = list("b-item-10\nitem-10\n");
    assert!(
        again.contains("item 2001 \"b-item-10\": it gives Job \"b-item-10\", as item 11 does"),
        "{again}"
    );
    let nul = list("a\0b\n");
    assert!(
        nul.contains("list.txt:2001: this item holds a NUL"),
        "{nul}"
    );
    let twice = list("item-7\n");
    assert!(
        twice.contains("item \"item-7\" is there twice, as list.txt:8 and as list.txt:2001"),
        "{twice}"
    );
}
