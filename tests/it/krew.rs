//! The manifest for krew: krew's own checks, without krew.
//!
//! Their source: krew `internal/index/validation/validate.go` and `cmd/validate-krew-manifest/main.go`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use kubectl_batch::manifest::yaml::documents;
use serde_json::Value;

/// The pairs that krew knows, and so a selector must match one of.
const PLATFORMS: &[(&str, &str)] = &[
    ("windows", "386"),
    ("windows", "amd64"),
    ("windows", "arm64"),
    ("linux", "386"),
    ("linux", "amd64"),
    ("linux", "arm"),
    ("linux", "arm64"),
    ("linux", "ppc64le"),
    ("darwin", "386"),
    ("darwin", "amd64"),
    ("darwin", "arm64"),
];
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn yaml(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("a file");
    let mut documents = documents(&text).expect("YAML");
    assert_eq!(documents.len(), 1, "{}", path.display());
    documents.remove(0).value
}

pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Everything that krew, or the review of its index, refuses.
pub(crate) fn problems(manifest: &Value, file: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut check = |good: bool, what: &str| {
        if !good {
            problems.push(what.to_owned());
        }
    };
    let name = text(manifest, "/metadata/name");
    let is_word = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    let reserved = ["con", "prn", "aux", "nul"];
    check(
        text(manifest, "/apiVersion") == "krew.googlecontainertools.github.com/v1alpha2",
        "V1 apiVersion",
    );
    check(text(manifest, "/kind") == "Plugin", "V2 kind");
    check(
        is_word(name) && !reserved.contains(&name.to_lowercase().as_str()),
        "V3 name",
    );
    check(file == format!("{name}.yaml"), "V4, T1, T2 file name");
    let short = text(manifest, "/spec/shortDescription");
    check(
        !short.is_empty() && !short.contains(['\n', '\r']),
        "V5, V6 shortDescription",
    );
    check(
        short.chars().count() <= 50,
        "review: shortDescription over 50 characters",
    );
    let lines = text(manifest, "/spec/description").lines();
    check(
        lines.clone().count() > 0 && lines.clone().all(|line| line.len() <= 80),
        "review: description",
    );
    check(
        text(manifest, "/spec/homepage").starts_with("https://"),
        "review: homepage",
    );
    check(is_version(text(manifest, "/spec/version")), "V8 version");
    problems.extend(platform_problems(manifest));
    problems
}

/// What is wrong with the platforms.
fn platform_problems(manifest: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let mut check = |good: bool, what: &str| {
        if !good {
            problems.push(what.to_owned());
        }
    };
    let platforms = manifest
        .pointer("/spec/platforms")
        .and_then(Value::as_array);
    let platforms = platforms.map(Vec::as_slice).unwrap_or_default();
    check(!platforms.is_empty(), "V7 platforms");
    let mut pairs = BTreeSet::new();
    for platform in platforms {
        check(text(platform, "/uri").starts_with("https://"), "V9 uri");
        let sum = text(platform, "/sha256");
        let is_hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        check(sum.len() == 64 && sum.chars().all(is_hex), "V10 sha256");
        check(
            !text(platform, "/bin").is_empty() && !text(platform, "/bin").contains(".."),
            "V11, I7 bin",
        );
        check(
            platform.get("files").is_none(),
            "V12 files: the default is meant",
        );
        let labels = platform
            .pointer("/selector/matchLabels")
            .and_then(Value::as_object);
        let keys = labels.map(|labels| labels.keys().map(String::as_str).collect::<BTreeSet<_>>());
        check(
            keys == Some(BTreeSet::from(["arch", "os"])),
            "V13 to V16 selector",
        );
        let own =
            |label: &str| text(platform, &format!("/selector/matchLabels/{label}")).to_owned();
        let pair = (own("os"), own("arch"));
        check(
            PLATFORMS.contains(&(pair.0.as_str(), pair.1.as_str())),
            "T3 platform",
        );
        check(
            Path::new(text(platform, "/bin"))
                .extension()
                .is_some_and(|end| end == "exe")
                == (pair.0 == "windows"),
            "bin of Windows",
        );
        check(
            text(platform, "/uri").ends_with(&format!("_{}_{}.tar.gz", pair.0, pair.1)),
            "uri of the platform",
        );
        check(pairs.insert(pair), "T4 platform twice");
    }
    problems
}

/// `vMAJOR.MINOR.PATCH`, without zeros in front, and what may follow.
fn is_version(text: &str) -> bool {
    let Some(version) = text.strip_prefix('v') else {
        return false;
    };
    let (numbers, rest) = version.split_at(version.find(['-', '+']).unwrap_or(version.len()));
    let parts: Vec<&str> = numbers.split('.').collect();
    let is_number = |part: &&str| {
        part.parse::<u32>()
            .is_ok_and(|number| number.to_string() == **part)
    };
    let rest = rest.get(1..).unwrap_or_default();
    parts.len() == 3
        && parts.iter().all(is_number)
        && rest
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-.+".contains(c))
}

#[test]
fn the_manifest_passes_every_check_of_krew() {
    let manifest = yaml(&root().join("krew-manifest.yaml"));
    assert_eq!(problems(&manifest, "batch.yaml"), [""; 0]);
    let package = concat!("v", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        text(&manifest, "/spec/version"),
        package,
        "the version is the package's"
    );
    let offered = manifest["spec"]["platforms"]
        .as_array()
        .expect("a list")
        .len();
    assert_eq!(offered, 5);
}

#[test]
fn the_checks_see_what_is_wrong() {
    let good = fs::read_to_string(root().join("krew-manifest.yaml")).expect("a file");
    for (from, to, problem) in [
        ("v1alpha2", "v1alpha1", "V1 apiVersion"),
        ("name: batch", "name: nul", "V3 name"),
        ("version: v0", "version: 0", "V8 version"),
        ("version: v0.", "version: v00.", "V8 version"),
        (
            "shortDescription: ",
            "shortDescription: Here and now and at last, ",
            "review: shortDescription over 50 characters",
        ),
        ("sha256: \"0", "sha256: \"A", "V10 sha256"),
        ("arch: arm64", "arch: amd64", "T4 platform twice"),
        ("os: darwin", "os: plan9", "T3 platform"),
        (
            "bin: kubectl-batch.exe",
            "bin: kubectl-batch",
            "bin of Windows",
        ),
    ] {
        let wrong = good.replace(from, to);
        let manifest = documents(&wrong).expect("YAML").remove(0).value;
        let found = problems(&manifest, "batch.yaml");
        assert!(found.iter().any(|own| own == problem), "{to}: {found:?}");
    }
}
