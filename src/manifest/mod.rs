//! Manifests as data: YAML, names, digests.

pub mod again;
pub mod digest;
pub mod names;
pub mod yaml;
