//! The release archive: the same bytes twice, and installed as krew installs it, it runs as a plugin.
//!
//! Source of the checks: krew `internal/installation/{install,move}.go` and `internal/download/{downloader,verifier}.go`.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::krew::{problems, root, text, yaml};
use crate::plugin::real_kubectl;
use crate::support::{PROGRAM, Place, has, ran};

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

/// What gzip makes of an archive.
fn unpacked(archive: &Path) -> Vec<u8> {
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
    tar
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
    let sum = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat();
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
    let tar = unpacked(archive);
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
