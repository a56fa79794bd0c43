//! The terminal: its size, the live region at its end, and the signals that come from it.

mod job_control;
mod live;
mod signals;

pub use job_control::{Pause, Pauses};
pub use live::{Live, put_back_on_panic, size};
pub use signals::Signals;
