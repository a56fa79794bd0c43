//! The guard, as a real second process: the test program itself, told to run one ignored test.

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Guard, Left, guard_main};
use crate::local::node::system::{MARKER_VARIABLE, group_exists, marked, own_group};
use crate::local::node::tests::guard_command;

/// The body of the guard process; by itself it would wait for standard input to end.
#[test]
#[ignore = "is the guard process of other tests"]
fn as_guard() {
    guard_main();
}

#[test]
fn lines_add_and_remove_groups() {
    let left = Left::read(&b"=m\n+5\n+6\n-5\n?\n\n+x\n+7\n-7\n"[..]);
    assert_eq!(
        (
            left.marker.as_str(),
            left.groups.into_iter().collect::<Vec<_>>()
        ),
        ("m", vec![6])
    );
}

fn started(script: &str, marker: &str) -> std::process::Child {
    let mut command = Command::new("sh");
    command.args(["-c", script]).env(MARKER_VARIABLE, marker);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    own_group(&mut command);
    command.spawn().expect("a shell")
}

fn settle(mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(10);
    while Instant::now() < end {
        if condition() {
            return true;
        }
        sleep(Duration::from_millis(20));
    }
    false
}

#[test]
fn what_is_left_is_ended_even_if_it_ignores_term() {
    let guard = Guard::start(&guard_command(), "none-bears-this").expect("a guard");
    let mut child = started("trap '' TERM; sleep 1000 & wait; sleep 1000", "other");
    let group = child.id();
    guard.add(group);
    let reaper = std::thread::spawn(move || child.wait());
    guard.close();
    reaper
        .join()
        .expect("the thread ends")
        .expect("the child ends");
    assert!(settle(|| !group_exists(group)));
}

#[test]
fn a_process_that_left_its_group_is_found_by_its_marker() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let marker = format!("guard-test-{}", std::process::id());
    let guard = Guard::start(&guard_command(), &marker).expect("a guard");
    let mut child = started("setsid sleep 1000 & setsid sleep 1000 & exit 0", &marker);
    child.wait().expect("the shell ends");
    assert!(settle(|| marked(&marker).len() == 2));
    guard.close();
    assert!(marked(&marker).is_empty());
}

#[test]
fn with_nothing_left_the_guard_ends_at_once() {
    let guard = Guard::start(&guard_command(), "none-bears-this").expect("a guard");
    let mut child = started("exit 0", "other");
    guard.add(child.id());
    child.wait().expect("the shell ends");
    guard.remove(child.id());
    let before = Instant::now();
    guard.close();
    assert!(
        before.elapsed() < Duration::from_secs(1),
        "{:?}",
        before.elapsed()
    );
}
