//! Who may read an output now, and how many wait for their turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Waiting that is shorter than this is not told.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bounded number of places.
pub(super) struct Turns {
    places: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    /// Since when somebody waits.
    since: Option<Instant>,
    is_told: bool,
}

impl Turns {
    pub(super) fn new(places: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places)),
            waiting: Arc::default(),
            since: None,
            is_told: false,
        }
    }

    /// Waits for a place, from now on; it is free again when what this gives is dropped.
    pub(super) fn wait(&self) -> impl Future<Output = Option<OwnedSemaphorePermit>> + use<> {
        let (places, waiting) = (self.places.clone(), self.waiting.clone());
        waiting.fetch_add(1, Ordering::Relaxed);
        async move {
            let turn = places.acquire_owned().await.ok();
            waiting.fetch_sub(1, Ordering::Relaxed);
            turn
        }
    }

    /// How many wait, if some have for a while; only once.
    pub(super) fn crowd(&mut self, now: Instant) -> Option<usize> {
        let waiting = self.waiting.load(Ordering::Relaxed);
        if waiting == 0 {
            self.since = None;
            return None;
        }
        let since = *self.since.get_or_insert(now);
        let is_due = !self.is_told && now.duration_since(since) >= PATIENCE;
        self.is_told |= is_due;
        is_due.then_some(waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn those_that_wait_for_a_while_are_told_once() {
        let mut turns = Turns::new(1);
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let first = turns.wait().await;
        assert!(first.is_some());
        assert_eq!(turns.crowd(after(9)), None, "nobody waits");
        let waits = (turns.wait(), turns.wait());
        assert_eq!(turns.crowd(after(10)), None, "not for long");
        assert_eq!(turns.crowd(after(11)), Some(2));
        assert_eq!(turns.crowd(after(12)), None, "it was told");
        drop(first);
        drop(waits.0.await);
        drop(waits.1.await);
        assert_eq!(turns.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn who_gets_a_place_soon_is_not_told() {
        let mut turns = Turns::new(1);
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let waits = turns.wait();
        assert_eq!(turns.crowd(start), None);
        drop(waits.await);
        assert_eq!(turns.crowd(after(2)), None);
        let _waits = turns.wait();
        assert_eq!(turns.crowd(after(3)), None, "it counts anew");
    }
}
