//! The record beside a group that is followed: what is heard from it, and what is written into it.

#![expect(
    clippy::disallowed_methods,
    reason = "a creator that says nothing is given up by a clock"
)]

use std::time::Duration;

use futures::stream::{BoxStream, StreamExt};
use kube::Client;
use tokio::time::Instant;

use super::listener::{News, listen};
use super::{Recorder, recorded};
use crate::cli::target::Target;
use crate::cluster::record::{Store, Stored};
use crate::group::{Group, Observation};

/// A creator that gives no sign for so long is taken for dead; it gives one every 20 seconds, or every 60 for a large group.
const CREATOR_MAX: Duration = Duration::from_secs(150);

/// What follows a group beside its Jobs.
pub(in crate::cli) struct Ledger {
    recorder: Option<Recorder>,
    news: BoxStream<'static, News>,
    is_creator: bool,
    /// When another command last said that it creates members.
    creator_seen: Option<Instant>,
}

impl Ledger {
    /// For a command that creates the members itself: only the options can be news.
    pub(in crate::cli) fn of_creator(client: &Client, target: &Target, recorder: Recorder) -> Self {
        let namespace = recorder.store().identity().namespace.clone();
        Self {
            news: listen(client, Some(&namespace), target, false),
            recorder: Some(recorder),
            is_creator: true,
            creator_seen: None,
        }
    }

    /// For a command that watches; `records` are what was read so far, and `store` is where it may write.
    pub(in crate::cli) fn of_watcher(
        client: &Client,
        namespace: Option<&str>,
        target: &Target,
        records: &[Stored],
        store: Option<Store>,
    ) -> Self {
        let is_creating = records.iter().any(|stored| stored.head.is_creating);
        Self {
            news: listen(client, namespace, target, true),
            recorder: store.map(Recorder::of_watcher),
            is_creator: false,
            creator_seen: is_creating.then(Instant::now),
        }
    }

    /// The next news; pends while there is none.
    pub(in crate::cli) async fn news(&mut self) -> News {
        match self.news.next().await {
            Some(News::Creating(is_creating)) => {
                self.creator_seen = is_creating.then(Instant::now);
                News::Creating(is_creating)
            }
            Some(news) => news,
            None => std::future::pending().await,
        }
    }

    /// Whether another command will create more members, as far as that can be known.
    pub(in crate::cli) fn others_create(&self) -> bool {
        let seen = self.creator_seen.filter(|_| !self.is_creator);
        seen.is_some_and(|seen| seen.elapsed() < CREATOR_MAX)
    }

    /// Writes what is known, if it is time for that.
    pub(in crate::cli) fn tell(&mut self, group: &Group, is_creating: bool) {
        if let Some(recorder) = &mut self.recorder {
            recorder.tell(group, is_creating);
        }
    }

    /// Writes the end.
    pub(in crate::cli) async fn finish(self, group: &Group) {
        if let Some(recorder) = self.recorder {
            recorder.finish(group).await;
        }
    }
}

/// What records say, for the model.
pub(in crate::cli) fn observations(records: &[Stored]) -> impl Iterator<Item = Observation> {
    let members = records.iter().flat_map(|stored| recorded(&stored.record));
    members.map(|member| Observation::Recorded(Box::new(member)))
}
