//! What all Pods of the node share.

use std::path::PathBuf;

use tokio::sync::Semaphore;

use super::api::NodeApi;
use super::guard::Guard;
use super::recipe::Base;
use crate::local::logs::LogRegistry;

/// How many processes are being started at a time; more only wait for each other in the kernel.
pub(super) const STARTS_MAX: usize = 4;

/// What all Pods of the node share.
pub(super) struct Context {
    pub(super) api: NodeApi,
    pub(super) logs: LogRegistry,
    pub(super) log_folder: PathBuf,
    pub(super) base: Base,
    pub(super) guard: Guard,
    pub(super) starts: Semaphore,
}
