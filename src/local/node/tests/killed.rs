//! The tool is killed with -9, and what it started ends.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::stage::Stage;
use super::test_command;
use crate::local::node::system::marked;

/// The tool that gets killed: a node with a Pod that would run for long and one that left its group.
#[tokio::test]
#[ignore = "is the tool that another test kills"]
async fn as_tool() {
    let stage = Stage::new(9).await;
    stage.shell(
        "a",
        "trap '' TERM; setsid sleep 1000 & sleep 1000; sleep 1000",
    );
    stage.phase("a", "Running").await;
    println!("\nmarker {}", stage.marker);
    std::future::pending::<()>().await;
}

#[test]
fn killing_the_tool_leaves_no_process() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let folder = tempfile::TempDir::new().expect("a folder");
    let command = test_command("local::node::tests::killed::as_tool");
    let mut tool = Command::new(&command[0])
        .args(&command[1..])
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a tool");
    let output = BufReader::new(tool.stdout.take().expect("a pipe"));
    let marker = output
        .lines()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("marker ").map(str::to_owned));
    let marker = marker.expect("the tool says its marker");
    assert!(!marked(&marker).is_empty());
    tool.kill().expect("the tool lives");
    tool.wait().expect("the tool is ours");
    for _ in 0..1000 {
        if marked(&marker).is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("processes are left: {:?}", marked(&marker));
}
