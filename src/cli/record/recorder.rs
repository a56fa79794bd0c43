//! Writes what is seen of a group into its record, now and then and at the end, beside the work.

#![expect(clippy::disallowed_methods, reason = "writes are spaced by a clock")]

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::cluster::record::{Store, StoreError};
use crate::group::record::{Attempt, Record};
use crate::group::{Group, Member, Place};
use crate::terminal::Signals;

/// The time between two writes; of a large group, whose outcomes take a while to send, it is longer.
const PAUSE: Duration = Duration::from_secs(20);
const PAUSE_LARGE: Duration = Duration::from_secs(60);
const LARGE: usize = 20_000;
/// The last write may take so long.
const LAST_MAX: Duration = Duration::from_secs(15);

/// What was seen, and whether the command still creates members.
#[derive(Clone)]
struct Seen {
    members: Vec<(Place, Attempt)>,
    is_creating: bool,
}

/// The way into a record.
pub(in crate::cli) struct Recorder {
    store: Store,
    /// Only this record is written: one that was deleted is not brought back.
    uid: Option<String>,
    is_creator: bool,
    due: Instant,
    sender: mpsc::Sender<Seen>,
    task: JoinHandle<()>,
}

impl Recorder {
    /// For a command that creates members.
    pub(super) fn of_creator(store: Store, uid: Option<String>) -> Self {
        Self::new(store, uid, true)
    }

    /// For a command that only watches.
    pub(in crate::cli) fn of_watcher(store: Store) -> Self {
        Self::new(store, None, false)
    }

    fn new(store: Store, uid: Option<String>, is_creator: bool) -> Self {
        let (sender, mut seen) = mpsc::channel::<Seen>(1);
        let (own, only) = (store.clone(), uid.clone());
        let task = tokio::spawn(async move {
            while let Some(seen) = seen.recv().await {
                match write(&own, only.as_deref(), &seen, is_creator).await {
                    Err(error) if !error.is_unreachable() && error != StoreError::Busy => {
                        tracing::debug!(%error, "the record is not kept any more");
                        return;
                    }
                    _ => {}
                }
            }
        });
        Self {
            store,
            uid,
            is_creator,
            due: Instant::now() + PAUSE,
            sender,
            task,
        }
    }

    /// Whose record it is.
    pub(in crate::cli) fn store(&self) -> &Store {
        &self.store
    }

    /// Writes what is known of a group, if it is time for that; never waits.
    pub(in crate::cli) fn tell(&mut self, group: &Group, is_creating: bool) {
        if Instant::now() < self.due {
            return;
        }
        let is_large = group.tally().total() > LARGE;
        self.due = Instant::now() + if is_large { PAUSE_LARGE } else { PAUSE };
        // What does not fit now is part of what is told the next time.
        let _ = self.sender.try_send(seen(group, is_creating));
    }

    /// Writes all that is known, and that nothing more is created by this command.
    pub(in crate::cli) async fn finish(self, group: &Group) {
        let (store, uid, last) = (self.store, self.uid, seen(group, false));
        drop(self.sender);
        let write = async {
            // A write that is under way comes first.
            let _ = self.task.await;
            write(&store, uid.as_deref(), &last, self.is_creator).await
        };
        tokio::select! {
            written = write => if let Err(error) = written {
                tracing::debug!(%error, "the record was not written");
            },
            () = tokio::time::sleep(LAST_MAX) => tracing::debug!("the record was not written in time"),
            () = interrupted() => {}
        }
    }
}

/// A signal, after those that the command itself took.
async fn interrupted() {
    match Signals::new() {
        Ok(mut signals) => signals.next().await,
        Err(_) => std::future::pending().await,
    }
}

fn seen(group: &Group, is_creating: bool) -> Seen {
    let attempt = |member: &Member| Some((member.place.clone(), member.attempt()?));
    Seen {
        members: group.members().iter().filter_map(attempt).collect(),
        is_creating,
    }
}

async fn write(
    store: &Store,
    only: Option<&str>,
    seen: &Seen,
    is_creator: bool,
) -> Result<(), StoreError> {
    let change = |old: Option<Record>| {
        let mut record = old?;
        let mut is_news = record.learn(&seen.members);
        if is_creator {
            is_news |= seen.is_creating || record.is_creating != seen.is_creating;
            record.is_creating = seen.is_creating;
            record.beat += 1;
        }
        is_news.then_some(record)
    };
    store.update(only, change).await.map(|_| ())
}
