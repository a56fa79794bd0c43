//! Watches of Jobs and Pods as one stream of plain observations; heals itself, and says when a list is complete.

use futures::stream::{BoxStream, StreamExt};
use kube::Client;
use kube::api::{Api, DynamicObject};
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use serde_json::Value;

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

/// Watches one kind in a namespace, or everywhere.
pub fn watch(
    client: &Client,
    resource: Resource,
    namespace: Option<&str>,
    selector: Option<&str>,
) -> BoxStream<'static, Seen> {
    let kind = resource.api_resource();
    let api: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &kind),
        None => Api::all_with(client.clone(), &kind),
    };
    let mut config = watcher::Config::default();
    if let Some(selector) = selector {
        config = config.labels(selector);
    }
    watcher(api, config)
        .default_backoff()
        .map(|event| match event {
            Ok(Event::Apply(object) | Event::InitApply(object)) => {
                with_value(&object, Seen::Present)
            }
            Ok(Event::Delete(object)) => with_value(&object, Seen::Gone),
            Ok(Event::Init) => Seen::Listing,
            Ok(Event::InitDone) => Seen::Complete,
            Err(error) => Seen::Trouble(error.to_string()),
        })
        .boxed()
}

fn with_value(object: &DynamicObject, seen: impl Fn(Value) -> Seen) -> Seen {
    match serde_json::to_value(object) {
        Ok(value) => seen(value),
        Err(error) => Seen::Trouble(error.to_string()),
    }
}
