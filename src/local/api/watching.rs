//! Watches: changes after a version, as they come, with bookmarks.

#![expect(clippy::disallowed_methods, reason = "a watch ends after a time")]

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::query::Query;
use super::respond::Answer;
use crate::local::kind::Kind;
use crate::local::selector::Filter;
use crate::local::store::{Change, ChangeKind, Store};

/// How long a watch without `timeoutSeconds` lives; the API server takes 30 to 60 minutes.
const DEFAULT_TIMEOUT: u64 = 1800;
/// The longest that a client may ask for.
const MAX_TIMEOUT: u64 = 24 * 3600;
/// A bookmark comes this often while nothing happens.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);

struct Watch {
    store: Arc<Store>,
    kind: &'static Kind,
    namespace: Option<String>,
    filter: Filter,
    revision: u64,
    bookmarks: bool,
    ends: Instant,
    ready: VecDeque<Value>,
    broken: bool,
}

/// Begins a watch.
pub(super) fn watch(
    store: &Arc<Store>,
    kind: &'static Kind,
    namespace: Option<String>,
    query: &Query,
) -> Answer {
    let mut ready = VecDeque::new();
    let mut broken = false;
    let revision = match query.resource_version.filter(|revision| *revision > 0) {
        Some(revision) if !query.initial_events => {
            // The API server answers a watch from too long ago with 200 and an event that says so; a client that gets 410
            // as the answer itself does not know that it has to list again.
            if let Err(error) = store.changes_after(kind, revision) {
                ready.push_back(json!({"type": "ERROR", "object": error.status()}));
                broken = true;
            }
            revision
        }
        _ => {
            let listed = store.list(kind, namespace.as_deref(), &query.filter, None, None);
            ready.extend(listed.objects.iter().map(|object| event("ADDED", object)));
            if query.initial_events {
                ready.push_back(bookmark(kind, listed.revision, true));
            }
            listed.revision
        }
    };
    let seconds = query.timeout.unwrap_or(DEFAULT_TIMEOUT).min(MAX_TIMEOUT);
    let watch = Watch {
        store: store.clone(),
        kind,
        namespace,
        filter: query.filter.clone(),
        revision,
        bookmarks: query.bookmarks,
        ends: Instant::now() + Duration::from_secs(seconds),
        ready,
        broken,
    };
    let events = stream::unfold(watch, |mut watch| async move {
        let event = watch.next().await?;
        let mut line = event.to_string();
        line.push('\n');
        Some((Ok(Bytes::from(line)), watch))
    });
    Answer::Events(events.boxed())
}

impl Watch {
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.broken {
                return None;
            }
            self.read();
            if !self.ready.is_empty() {
                continue;
            }
            let until = self.ends.min(Instant::now() + BOOKMARK_EVERY);
            match timeout_at(until, self.store.beyond(self.revision)).await {
                Err(_) if until == self.ends => return None,
                Err(_) if self.bookmarks => return Some(bookmark(self.kind, self.revision, false)),
                Ok(()) | Err(_) => {}
            }
        }
    }

    /// Takes over what changed since the last time.
    fn read(&mut self) {
        match self.store.changes_after(self.kind, self.revision) {
            Ok((changes, revision)) => {
                let events = changes.iter().filter_map(|change| self.event_of(change));
                self.ready = events.collect();
                self.revision = revision;
            }
            Err(error) => {
                self.ready
                    .push_back(json!({"type": "ERROR", "object": error.status()}));
                self.broken = true;
            }
        }
    }

    /// What the change is for this watch: an object may begin or cease to match.
    fn event_of(&self, change: &Change) -> Option<Value> {
        let wanted = |object: &Value| {
            let namespace = object
                .pointer("/metadata/namespace")
                .and_then(Value::as_str);
            self.namespace
                .as_deref()
                .is_none_or(|wanted| namespace == Some(wanted))
                && self.filter.matches(object)
        };
        let before = change.before.as_deref().is_some_and(wanted);
        let after = change.change != ChangeKind::Deleted && wanted(&change.object);
        let what = match (before, after) {
            (false, false) => return None,
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
        };
        Some(event(what, &change.object))
    }
}

fn event(what: &str, object: &Value) -> Value {
    json!({"type": what, "object": object})
}

fn bookmark(kind: &Kind, revision: u64, ends_list: bool) -> Value {
    let mut metadata = json!({"resourceVersion": revision.to_string(), "creationTimestamp": null});
    if ends_list {
        metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    event(
        "BOOKMARK",
        &json!({"kind": kind.kind, "apiVersion": kind.api_version(), "metadata": metadata}),
    )
}
