//! The logs of local containers: one file a try, in the CRI format, bounded in size, readable while they grow.

mod cri;
mod read;
mod registry;
mod serve;
mod write;

pub use read::LogOptions;
pub use registry::LogRegistry;
pub(crate) use registry::TryKey;
pub(crate) use write::LogWriter;
