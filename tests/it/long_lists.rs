//! Lists longer than what memory keeps of them: what comes twice is found in the temporary files too.

use crate::support::{PROGRAM, Place, Ran, ran};

/// More than the 114,688 items that memory keeps.
const LENGTH: usize = 120_000;

/// Expands a long list whose first item comes again, with this folder for temporary files.
fn expand(temporary: &str, flags: &[&str]) -> Ran {
    let place = Place::new();
    let mut command = place.command(PROGRAM);
    for name in ["TMPDIR", "TMP", "TEMP"] {
        command.env(name, place.path().join(temporary));
    }
    command.args(["expand", "--items-from", "-", "-o", "name"]);
    let items = (1..=LENGTH).chain([1]);
    let list: Vec<String> = items.map(|number| format!("i{number}")).collect();
    let result = ran(command.args(flags), &list.join("\n"));
    assert!(place.list(".").is_empty(), "a file is left");
    result
}

#[test]
fn an_item_that_left_memory_is_known_when_it_comes_again() {
    // Where no file can be made it is kept in memory.
    for temporary in [".", "not-there"] {
        let (code, error) = expand(temporary, &[]).bad();
        let expected =
            "error: item \"i1\" is there twice, as standard input:1 and as standard input:120001:";
        assert!(code == 2 && error.starts_with(expected), "{error}");
    }
    let rest = expand(".", &["--skip-duplicates"]).good();
    assert_eq!(rest.lines().count(), LENGTH);
}
