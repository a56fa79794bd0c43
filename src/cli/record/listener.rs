//! Listens to the records of a group: options that were set, members that were added, outcomes that others saw.

use std::collections::{BTreeMap, VecDeque};

use futures::stream::{self, BoxStream, StreamExt};
use kube::Client;
use serde_json::Value;

use super::recorded;
use crate::cli::target::Target;
use crate::cluster::record::{Store, heads};
use crate::cluster::rest::CONFIGMAPS;
use crate::cluster::watching::{Seen, watch};
use crate::group::Recorded;
use crate::group::record::{Head, Settings};

/// What a record says that it did not say before.
#[derive(Debug)]
pub(in crate::cli) enum News {
    /// The options of the group.
    Settings(Settings),
    /// Some command creates members, or none does any more.
    Creating(bool),
    /// Members, with what became of them.
    Members(Vec<Recorded>),
}

/// The digests of a record's list and outcomes.
type Content = (String, String);

struct Listener {
    client: Client,
    label: String,
    seen: BoxStream<'static, Seen>,
    with_members: bool,
    known: BTreeMap<String, Content>,
    told: VecDeque<News>,
}

/// News as they come; never for a selector that is no group's.
pub(super) fn listen(
    client: &Client,
    namespace: Option<&str>,
    target: &Target,
    with_members: bool,
) -> BoxStream<'static, News> {
    let Some((label, _)) = target.group_of() else {
        return stream::pending().boxed();
    };
    let listener = Listener {
        client: client.clone(),
        label: label.to_owned(),
        seen: watch(
            client,
            CONFIGMAPS,
            namespace,
            Some(&heads(&target.selector)),
        ),
        with_members,
        known: BTreeMap::new(),
        told: VecDeque::new(),
    };
    stream::unfold(listener, |mut listener| async move {
        let news = listener.next().await?;
        Some((news, listener))
    })
    .boxed()
}

impl Listener {
    async fn next(&mut self) -> Option<News> {
        loop {
            if let Some(news) = self.told.pop_front() {
                return Some(news);
            }
            match self.seen.next().await? {
                Seen::Present(object) => self.heard(&object).await,
                Seen::Trouble(error) => tracing::debug!(error, "watching the group's record"),
                _ => {}
            }
        }
    }

    async fn heard(&mut self, object: &Value) {
        let Ok(head) = Head::read(object) else {
            return;
        };
        self.told.push_back(News::Settings(head.settings.clone()));
        // Members that are not created yet are waited for, and those that were created last are no such members.
        if head.is_creating {
            self.told.push_back(News::Creating(true));
        }
        if self.with_members {
            self.members(object, &head).await;
        }
        if !head.is_creating {
            self.told.push_back(News::Creating(false));
        }
    }

    async fn members(&mut self, object: &Value, head: &Head) {
        let (list, outcomes) = head.content();
        let content = (list.to_owned(), outcomes.to_owned());
        if self.known.get(&head.uid) == Some(&content) {
            return;
        }
        let Some(store) = Store::of_head(&self.client, &self.label, object) else {
            return;
        };
        match store.whole(head).await {
            Ok(record) => {
                self.known.insert(head.uid.clone(), content);
                self.told.push_back(News::Members(recorded(&record)));
            }
            // The next head comes soon, with parts that are there.
            Err(error) => tracing::debug!(%error, "reading the group's record"),
        }
    }
}
