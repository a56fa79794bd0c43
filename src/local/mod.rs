//! The embedded cluster: store, API, process node.

pub mod api;
pub mod kind;
pub mod logs;
#[cfg(unix)]
pub mod node;
pub mod selector;
pub mod store;
