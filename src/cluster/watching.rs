//! Watches of Jobs and Pods as one stream of plain observations; heals itself, and says when a list is complete.

use std::fmt::Debug;

use futures::stream::{BoxStream, StreamExt};
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject};
use kube::core::DynamicResourceScope;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::cut::Cut;
use super::rest::Resource;

/// One thing that a watch saw.
#[derive(Debug)]
pub enum Seen {
    /// The object exists, in this version.
    Present(Value),
    /// The object is gone.
    Gone(Value),
    /// A full list begins: what it does not name until [`Seen::Complete`] is gone.
    Listing,
    /// The full list ends.
    Complete,
    /// The watch broke; it goes on by itself.
    Trouble(String),
}

/// Watches one kind in a namespace, or everywhere. Its objects are whole, and listed in pages.
pub fn watch(
    client: &Client,
    resource: Resource,
    namespace: Option<&str>,
    selector: Option<&str>,
) -> BoxStream<'static, Seen> {
    let config = selector.map_or_else(watcher::Config::default, |selector| {
        watcher::Config::default().labels(selector)
    });
    watch_with::<DynamicObject>(client, resource, namespace, config)
}

/// Watches Jobs or Pods of a group: what its model does not need of them is never held. The list may come as the beginning of
/// the watch, where the server can do that ([`has_watch_list`](super::features::has_watch_list)): it need not hold it either.
pub fn watch_cut(
    client: &Client,
    resource: Resource,
    namespace: Option<&str>,
    selector: &str,
    is_streamed: bool,
) -> BoxStream<'static, Seen> {
    let config = watcher::Config::default().labels(selector);
    let config = if is_streamed {
        config.streaming_lists()
    } else {
        config
    };
    watch_with::<Cut>(client, resource, namespace, config)
}

/// An object as it is decoded.
trait Decoded:
    kube::Resource<DynamicType = ApiResource, Scope = DynamicResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Send
    + 'static
{
    fn into_value(self) -> serde_json::Result<Value>;
}

impl Decoded for DynamicObject {
    fn into_value(self) -> serde_json::Result<Value> {
        serde_json::to_value(self)
    }
}

impl Decoded for Cut {
    fn into_value(self) -> serde_json::Result<Value> {
        Ok(self.object)
    }
}

fn watch_with<K: Decoded>(
    client: &Client,
    resource: Resource,
    namespace: Option<&str>,
    config: watcher::Config,
) -> BoxStream<'static, Seen> {
    let kind = resource.api_resource();
    let api: Api<K> = match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &kind),
        None => Api::all_with(client.clone(), &kind),
    };
    watcher(api, config)
        .default_backoff()
        .map(|event| match event {
            Ok(Event::Apply(object) | Event::InitApply(object)) => {
                with_value(object, Seen::Present)
            }
            Ok(Event::Delete(object)) => with_value(object, Seen::Gone),
            Ok(Event::Init) => Seen::Listing,
            Ok(Event::InitDone) => Seen::Complete,
            Err(error) => Seen::Trouble(error.to_string()),
        })
        .boxed()
}

fn with_value<K: Decoded>(object: K, seen: impl Fn(Value) -> Seen) -> Seen {
    match object.into_value() {
        Ok(value) => seen(value),
        Err(error) => Seen::Trouble(error.to_string()),
    }
}

#[cfg(test)]
#[path = "watching/tests.rs"]
mod tests;
