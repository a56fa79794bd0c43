//! One Job template, a list of items, any Kubernetes cluster.
//!
//! The library behind the `kubectl-batch` binary. It has two halves. The core decides: values in, values out, with time,
//! randomness and order as inputs. The shell acts: it awaits, spawns, reads and prints. Nothing in the core may import
//! from the shell; `tests/it/layering.rs` reads the `use` lines and holds that line, and `clippy.toml` bans clocks, files,
//! environment and processes wherever no `expect` gives a reason.
//!
//! | core | shell |
//! |---|---|
//! | [`items`], [`template`], [`manifest`], [`job`], [`cron`], [`group`], [`render`] | [`cluster`], [`controller`], [`local`], [`terminal`], [`cli`] |

pub mod cron;
pub mod group;
pub mod items;
pub mod job;
pub mod manifest;
pub mod render;
pub mod template;

pub mod cli;
pub mod cluster;
pub mod controller;
pub mod local;
pub mod terminal;
