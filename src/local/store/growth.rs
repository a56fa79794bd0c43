//! Tells those who wait that the store's version grew, in the order in which they began to wait.
//!
//! A `tokio::sync::watch` channel would wake them in an order that it rolls dice for, and no seed of a simulation would mean anything.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// The version as far as it was told.
#[derive(Default)]
pub(super) struct Growth {
    revision: AtomicU64,
    waiting: Notify,
}

impl Growth {
    /// The store has this version now.
    pub(super) fn tell(&self, revision: u64) {
        if self.revision.fetch_max(revision, Ordering::AcqRel) < revision {
            self.waiting.notify_waiters();
        }
    }

    /// Waits for a version above this one.
    pub(super) async fn beyond(&self, revision: u64) {
        loop {
            let mut told = pin!(self.waiting.notified());
            // In line before the look, so that nothing told in between is missed.
            told.as_mut().enable();
            if self.revision.load(Ordering::Acquire) > revision {
                return;
            }
            told.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn who_waits_first_is_told_first() {
        let (growth, order) = (
            Arc::new(Growth::default()),
            Arc::new(Mutex::new(Vec::<i32>::new())),
        );
        let waiters: Vec<_> = (0..20)
            .map(|number| {
                let (growth, order) = (growth.clone(), order.clone());
                tokio::spawn(async move {
                    growth.beyond(1).await;
                    order.lock().expect("no panic").push(number);
                })
            })
            .collect();
        tokio::task::yield_now().await;
        growth.tell(1);
        tokio::task::yield_now().await;
        assert!(order.lock().expect("no panic").is_empty());
        growth.tell(2);
        for waiter in waiters {
            waiter.await.expect("it ends");
        }
        let order = order.lock().expect("no panic").clone();
        assert_eq!(order, (0..20).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn what_was_told_before_is_not_waited_for() {
        let growth = Growth::default();
        growth.tell(7);
        growth.tell(3);
        growth.beyond(6).await;
    }
}
