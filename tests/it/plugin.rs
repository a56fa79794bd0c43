//! As a plugin of a real kubectl.

use std::process::Command;

use crate::support::{PROGRAM, Place, has, ran};

/// kubectl, with only the program itself and the system's folders on its path.
fn kubectl(place: &Place) -> Command {
    let bin = place.path().join("bin");
    if !bin.exists() {
        std::fs::create_dir(&bin).expect("made");
        std::fs::hard_link(PROGRAM, bin.join("kubectl-batch"))
            .or_else(|_| std::fs::copy(PROGRAM, bin.join("kubectl-batch")).map(|_| ()))
            .expect("installed");
    }
    let real = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join("kubectl"))
        .find(|path| path.is_file())
        .expect("kubectl is there");
    let mut command = place.command(real);
    command.env("PATH", &bin);
    command
}

#[test]
fn kubectl_finds_it_and_hands_over_arguments_streams_and_exit_codes() {
    if !has("kubectl") {
        return;
    }
    let place = Place::new();
    let through = ran(
        kubectl(&place).args(["batch", "expand", "--items", "apple,banana"]),
        "",
    )
    .good();
    assert_eq!(through, place.run("expand --items apple,banana").good());
    let failed = ran(
        kubectl(&place).args(["batch", "expand", "--items-from", "-"]),
        "",
    );
    assert_eq!(failed.code, Some(2), "{failed:?}");
    let help = ran(kubectl(&place).args(["batch", "--help"]), "").good();
    assert!(help.contains("Usage: kubectl batch "), "{help}");
}

#[test]
fn kubectl_lists_it_without_a_warning() {
    if !has("kubectl") {
        return;
    }
    let place = Place::new();
    let listed = ran(kubectl(&place).args(["plugin", "list"]), "");
    assert_eq!(
        (listed.code, listed.err.as_str()),
        (Some(0), ""),
        "{listed:?}"
    );
    assert!(listed.out.contains("kubectl-batch"), "{listed:?}");
}
