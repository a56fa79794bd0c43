//! The manifest for krew, the archive that it names, and the workflows that make it: krew's own checks, without krew.
//!
//! Sources of the checks: krew `internal/index/validation/validate.go`, `cmd/validate-krew-manifest/main.go`,
//! `internal/installation/{install,move}.go`, `internal/download/{downloader,verifier}.go`.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use kubectl_batch::manifest::yaml::documents;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::plugin::real_kubectl;
use crate::support::{PROGRAM, Place, has, ran};

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
const LICENCES: &[&str] = &[
    "license",
    "license.txt",
    "license.md",
    "licenses",
    "licenses.txt",
    "licenses.md",
    "copying",
    "copying.txt",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn yaml(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("a file");
    let mut documents = documents(&text).expect("YAML");
    assert_eq!(documents.len(), 1, "{}", path.display());
    documents.remove(0).value
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Everything that krew, or the review of its index, refuses.
fn problems(manifest: &Value, file: &str) -> Vec<String> {
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
            text(platform, "/bin").ends_with(".exe") == (pair.0 == "windows"),
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

/// A file of an archive.
struct Entry {
    name: String,
    mode: u32,
    kind: u8,
    time: String,
    owner: String,
    content: Vec<u8>,
}

/// Reads a tar file as POSIX writes it (`ustar`).
fn entries(tar: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut rest = tar;
    while rest.len() >= 512 && rest[0] != 0 {
        let (head, after) = rest.split_at(512);
        let field = |from: usize, to: usize| {
            let bytes: Vec<u8> = head[from..to]
                .iter()
                .copied()
                .take_while(|b| *b != 0)
                .collect();
            String::from_utf8(bytes).expect("ASCII").trim().to_owned()
        };
        let octal = |from, to| usize::from_str_radix(&field(from, to), 8).expect("octal");
        let size = octal(124, 136);
        entries.push(Entry {
            name: field(0, 100),
            mode: octal(100, 108) as u32,
            kind: head[156],
            time: octal(136, 148).to_string(),
            owner: format!("{}:{}", octal(108, 116), octal(116, 124)),
            content: after[..size].to_vec(),
        });
        rest = &after[size.div_ceil(512) * 512..];
    }
    entries
}

/// The program under test without what a debugger needs, where that can be taken off: a release has none either.
fn small_binary(place: &Place) -> PathBuf {
    let path = place.path().join("kubectl-batch");
    let mut strip = place.command("strip");
    let stripped = strip.arg("-o").arg(&path).arg(PROGRAM).status();
    if !stripped.is_ok_and(|status| status.success()) {
        fs::copy(PROGRAM, &path).expect("copied");
    }
    path
}

/// Packs the program under test as a release would be; gives the archive.
fn release(place: &Place, binary: &Path, out: &str) -> PathBuf {
    let mut script = place.command("bash");
    for name in ["CARGO_HOME", "RUSTUP_HOME"] {
        if let Some(value) = std::env::var_os(name) {
            script.env(name, value);
        }
    }
    script
        .arg(root().join("scripts/release"))
        .args(["build", "--target", "x86_64-unknown-linux-musl"])
        .arg("--binary")
        .arg(binary)
        .arg("--out")
        .arg(place.path().join(out))
        .arg("--manifest")
        .arg(place.path().join("batch.yaml"))
        .env("SOURCE_DATE_EPOCH", "1700000000");
    let printed = ran(&mut script, "").good();
    PathBuf::from(printed.trim())
}

/// Installs an archive as krew does; gives the folder with the links.
fn install(manifest: &Value, archive: &Path, krew: &Path) -> PathBuf {
    let bytes = fs::read(archive).expect("an archive");
    let platform = manifest["spec"]["platforms"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|platform| {
            text(platform, "/selector/matchLabels/os") == "linux"
                && text(platform, "/selector/matchLabels/arch") == "amd64"
        });
    let platform = platform.expect("this platform");
    let sum: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(text(platform, "/sha256"), sum, "I1");
    assert!(
        text(platform, "/uri").ends_with(
            archive
                .file_name()
                .and_then(|name| name.to_str())
                .expect("a name")
        )
    );
    assert_eq!(bytes[..3], [0x1f, 0x8b, 8], "I2 gzip");
    assert_eq!(bytes[4..8], [0; 4], "gzip's own time stamp is left out");
    let mut tar = Vec::new();
    let mut gzip = std::process::Command::new("gzip")
        .arg("-dc")
        .arg(archive)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("gzip");
    gzip.stdout
        .take()
        .expect("a pipe")
        .read_to_end(&mut tar)
        .expect("read");
    assert!(gzip.wait().expect("ended").success());
    let name = text(manifest, "/metadata/name");
    let store = krew
        .join("store")
        .join(name)
        .join(text(manifest, "/spec/version"));
    fs::create_dir_all(&store).expect("made");
    let mut has_licence = false;
    for entry in entries(&tar) {
        assert!(matches!(entry.kind, b'0' | b'5'), "I3 {}", entry.name);
        assert!(
            !entry.name.contains("..") && !entry.name.starts_with(['/', '\\']),
            "I4 {}",
            entry.name
        );
        assert_eq!(
            (entry.time.as_str(), entry.owner.as_str()),
            ("1700000000", "0:0"),
            "{}",
            entry.name
        );
        let path = store.join(&entry.name);
        fs::write(&path, &entry.content).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(entry.mode)).expect("I5 modes");
        has_licence |= LICENCES.contains(&entry.name.to_lowercase().as_str());
    }
    assert!(has_licence, "T6");
    let bin = store.join(text(platform, "/bin"));
    assert!(bin.is_file(), "I7");
    let links = krew.join("bin");
    fs::create_dir_all(&links).expect("made");
    symlink(
        bin,
        links.join(format!("kubectl-{}", name.replace('-', "_"))),
    )
    .expect("I8 linked");
    links
}

#[test]
fn the_archive_is_the_same_twice_and_runs_when_krew_has_installed_it() {
    if !has("kubectl") || !cfg!(target_os = "linux") {
        return;
    }
    let place = Place::new();
    let manifest = fs::read_to_string(root().join("krew-manifest.yaml")).expect("a file");
    place.file("batch.yaml", &manifest);
    let binary = small_binary(&place);
    let first = release(&place, &binary, "first");
    let second = release(&place, &binary, "second");
    assert_eq!(
        fs::read(&first).expect("read"),
        fs::read(second).expect("read"),
        "the same bytes"
    );
    let noted = yaml(&place.path().join("batch.yaml"));
    assert_eq!(problems(&noted, "batch.yaml"), [""; 0]);
    let links = install(&noted, &first, &place.path().join("krew"));
    let mut kubectl = place.command(real_kubectl());
    kubectl
        .env("PATH", &links)
        .args(["batch", "expand", "--items", "a", "-o", "name"]);
    assert_eq!(ran(&mut kubectl, "").good(), "job.batch/process-item-a\n");
    let mut list = place.command(real_kubectl());
    assert_eq!(
        ran(list.env("PATH", &links).args(["plugin", "list"]), "").code,
        Some(0)
    );
}

#[test]
fn the_shim_in_the_archive_is_the_one_that_is_printed() {
    let shipped =
        fs::read_to_string(root().join("scripts/kubectl_complete-batch")).expect("a file");
    assert_eq!(Place::new().run("completion kubectl").good(), shipped);
}

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
