//! Simulated time: the server's clock, and that of each process, which may be wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// 2026-01-15T12:00:00Z, when every run begins.
const BEGIN: i64 = 1_768_478_400;

/// The server's clock; it follows the paused clock of the runtime.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    began: Instant,
}

impl Clock {
    /// Begins now; only within a runtime whose time is paused.
    #[expect(
        clippy::disallowed_methods,
        reason = "the runtime's time is paused: this is simulated time"
    )]
    pub(crate) fn begin() -> Self {
        Self {
            began: Instant::now(),
        }
    }

    /// Since the begin of the run.
    pub(crate) fn elapsed(self) -> Duration {
        self.began.elapsed()
    }

    /// What the server's clock shows.
    pub(crate) fn now(self) -> Timestamp {
        Timestamp::from_second(BEGIN).expect("in range")
            + SignedDuration::try_from(self.elapsed()).expect("a run is short")
    }
}

/// How far the clock of one process is off, in milliseconds; it jumps.
#[derive(Clone, Default)]
pub(crate) struct Skew(Arc<AtomicI64>);

impl Skew {
    pub(crate) fn jump(&self, millis: i64) {
        self.0.store(millis, Ordering::Relaxed);
    }

    pub(crate) fn of(&self, time: Timestamp) -> Timestamp {
        time + SignedDuration::from_millis(self.0.load(Ordering::Relaxed))
    }
}
