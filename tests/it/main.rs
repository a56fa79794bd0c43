//! The command tests: one binary, a module for each subject.

#![expect(
    clippy::disallowed_methods,
    reason = "tests run the program, read files and know the time"
)]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod bad_input;
mod cluster;
mod connection;
mod expand;
mod files;
mod layering;
mod live;
mod peers;
mod plugin;
mod readme;
mod recorder;
mod run_local;
mod support;
mod template;
