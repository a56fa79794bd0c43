//! The command tests: one binary, a module for each subject.

#![expect(
    clippy::disallowed_methods,
    reason = "tests run the program, read files and know the time"
)]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod again;
mod archive;
mod authorizer;
mod bad_input;
mod calls;
mod cluster;
mod completion;
mod connection;
mod documents;
mod errors;
mod escapes;
mod expand;
mod files;
mod killed;
mod krew;
mod layering;
mod lead;
mod live;
mod logs;
mod long_lists;
mod peers;
mod pending;
mod plugin;
mod rbac;
mod readme;
mod reconcile;
mod record;
mod recorder;
mod reference;
mod reports;
mod run_local;
#[cfg(target_os = "linux")]
mod runaway;
mod status;
mod support;
mod template;
mod workflows;
