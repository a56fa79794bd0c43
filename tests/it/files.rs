//! No test file is forgotten.

use std::path::Path;

#[test]
fn every_file_beside_this_one_is_a_module() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let declared = std::fs::read_to_string(folder.join("main.rs")).expect("main.rs");
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("a name");
        assert!(
            name == "main" || declared.contains(&format!("mod {name};")),
            "tests/it/main.rs does not declare {name}"
        );
    }
}
