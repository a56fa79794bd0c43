//! The workflows cannot run here; their syntax, and that they build what the manifest offers, can be checked.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::krew::{root, text, yaml};

#[test]
fn the_workflows_build_what_the_manifest_offers() {
    let folder = root().join(".github/workflows");
    for file in ["ci.yml", "release.yml"] {
        let workflow = yaml(&folder.join(file));
        assert!(
            workflow.get("name").is_some() && workflow.get("on").is_some(),
            "{file}"
        );
        assert!(
            workflow.get("permissions").is_some(),
            "{file} says what it may"
        );
        let jobs = workflow["jobs"].as_object().expect("jobs");
        for (name, job) in jobs {
            assert!(job.get("runs-on").is_some(), "{file} {name}");
            let steps = job["steps"].as_array().expect("steps");
            let is_step = |step: &Value| step.get("run").is_some() != step.get("uses").is_some();
            assert!(
                !steps.is_empty() && steps.iter().all(is_step),
                "{file} {name}"
            );
        }
    }
    let ci = fs::read_to_string(folder.join("ci.yml")).expect("a file");
    assert!(
        ci.contains("bash .ci/run") && ci.contains("macos-latest, windows-latest"),
        "{ci}"
    );
    let release = yaml(&folder.join("release.yml"));
    let built = release
        .pointer("/jobs/archive/strategy/matrix/include")
        .and_then(Value::as_array);
    let built: BTreeSet<&str> = built
        .expect("a matrix")
        .iter()
        .map(|row| text(row, "/target"))
        .collect();
    let expected = [
        "aarch64-apple-darwin",
        "aarch64-unknown-linux-musl",
        "x86_64-apple-darwin",
        "x86_64-pc-windows-msvc",
        "x86_64-unknown-linux-musl",
    ];
    assert_eq!(built, BTreeSet::from(expected));
}
