//! The embedded cluster: store, API, process node.

pub mod api;
pub mod kind;
pub mod selector;
pub mod store;
