//! The command tests: one binary, a module for each subject.

#![expect(
    clippy::disallowed_methods,
    reason = "tests run the program, read files and know the time"
)]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod again;
mod bad_input;
mod cluster;
mod expand;
mod files;
mod killed;
mod layering;
mod live;
mod peers;
mod plugin;
mod readme;
mod reconcile;
mod record;
mod reports;
mod run_local;
#[cfg(target_os = "linux")]
mod runaway;
mod status;
mod support;
mod template;
