//! The embedded cluster: store, API, process node.

pub mod api;
#[cfg(unix)]
pub mod cluster;
pub mod kind;
pub mod logs;
#[cfg(unix)]
pub mod node;
pub mod selector;
pub mod serve;
pub mod store;
