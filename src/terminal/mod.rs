//! The terminal: its size, the live region at its end, and the signals that come from it.

mod live;
mod signals;

pub use live::{Live, size};
pub use signals::Signals;
