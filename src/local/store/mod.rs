//! The embedded cluster's memory: objects, one growing resourceVersion, and a bounded history for watches.
//!
//! The rules are the API server's: optimistic locking, uids, finalizers, owner references, graceful deletion of Pods. Time and
//! randomness come from an [`Environment`], so that a simulation can drive it.

mod admission;
mod create;
mod delete;
mod error;
mod growth;
mod history;
mod object;
mod update;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use serde_json::{Value, json};

pub use error::ApiError;
use growth::Growth;
use history::History;
pub use history::{Change, ChangeKind};

use super::kind::{self, Kind};
use super::selector::Filter;
pub use delete::{DeleteOptions, Propagation};
pub use update::{Patch, Target};

/// Bytes of one object, as etcd limits them (`--max-request-bytes`).
const MAX_OBJECT: usize = 1_572_864;

/// Where time and randomness come from.
pub struct Environment {
    /// The wall clock.
    pub now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    /// Uids and name suffixes.
    pub random: fastrand::Rng,
}

/// Where an object stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    kind: &'static Kind,
    namespace: String,
    name: String,
}

/// The store. Every call is one transaction.
pub struct Store {
    state: Mutex<State>,
    growth: Growth,
}

pub(super) struct State {
    environment: Environment,
    revision: u64,
    objects: BTreeMap<Key, Arc<Value>>,
    /// Where each uid stands.
    keys: BTreeMap<String, Key>,
    /// Uids of owners, with the objects that name them.
    dependents: BTreeMap<String, BTreeSet<Key>>,
    history: History,
}

/// One page of a list.
pub struct Listed {
    /// The objects, by namespace and name.
    pub objects: Vec<Arc<Value>>,
    /// The version of the store that this list shows.
    pub revision: u64,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

impl Store {
    /// An empty store with the namespaces of a new cluster.
    pub fn new(environment: Environment) -> Self {
        let store = Self {
            state: Mutex::new(State {
                environment,
                revision: 0,
                objects: BTreeMap::new(),
                keys: BTreeMap::new(),
                dependents: BTreeMap::new(),
                history: History::default(),
            }),
            growth: Growth::default(),
        };
        for name in ["default", "kube-system"] {
            let namespace = json!({"metadata": {"name": name}, "status": {"phase": "Active"}});
            store
                .create(&kind::NAMESPACE, "", namespace, false)
                .expect("a new store has no namespaces");
        }
        store
    }

    /// One object.
    pub fn get(
        &self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
    ) -> Result<Arc<Value>, ApiError> {
        let key = Key::new(kind, namespace, name);
        self.lock().object(&key).cloned()
    }

    /// The objects of a kind that a filter wants, in a namespace or in all, at most `limit` from `after` on.
    pub fn list(
        &self,
        kind: &'static Kind,
        namespace: Option<&str>,
        filter: &Filter,
        limit: Option<usize>,
        after: Option<&str>,
    ) -> Listed {
        let state = self.lock();
        let first = Key::new(kind, namespace.unwrap_or(""), "");
        let mut matching = state
            .objects
            .range(first..)
            .take_while(|(key, _)| {
                key.kind == kind && namespace.is_none_or(|ns| ns == key.namespace)
            })
            .filter(|(key, _)| after.is_none_or(|after| key.position().as_str() > after))
            .filter(|(_, object)| filter.matches(object));
        let page: Vec<_> = matching
            .by_ref()
            .take(limit.unwrap_or(usize::MAX))
            .collect();
        let next = page
            .last()
            .map(|(key, _)| key.position())
            .filter(|_| matching.next().is_some());
        Listed {
            objects: page.into_iter().map(|(_, object)| object.clone()).collect(),
            revision: state.revision,
            next,
        }
    }

    /// The changes of a kind after a revision, and the revision up to which they reach.
    pub fn changes_after(
        &self,
        kind: &Kind,
        revision: u64,
    ) -> Result<(Vec<Change>, u64), ApiError> {
        let state = self.lock();
        Ok((state.history.after(kind, revision)?, state.revision))
    }

    /// The version of the store.
    pub fn revision(&self) -> u64 {
        self.lock().revision
    }

    /// Waits until the revision is above this one; those who wait are told in the order in which they came.
    pub async fn beyond(&self, revision: u64) {
        self.growth.beyond(revision).await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no transaction panics half way")
    }

    /// Runs one transaction and tells the watchers.
    fn transact<T>(
        &self,
        act: impl FnOnce(&mut State) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut state = self.lock();
        let result = act(&mut state);
        let revision = state.revision;
        drop(state);
        self.growth.tell(revision);
        result
    }
}

impl Key {
    pub(super) fn new(kind: &'static Kind, namespace: &str, name: &str) -> Self {
        Self {
            kind,
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// Grows with the order of the keys of one kind.
    fn position(&self) -> String {
        format!("{}\0{}", self.namespace, self.name)
    }
}

impl State {
    fn now(&self) -> Timestamp {
        (self.environment.now)()
    }

    fn object(&self, key: &Key) -> Result<&Arc<Value>, ApiError> {
        self.objects
            .get(key)
            .ok_or_else(|| ApiError::not_found(key.kind, &key.name))
    }

    /// Stores a new version of an object, and records the change.
    fn put(&mut self, key: &Key, mut object: Value) -> Result<Arc<Value>, ApiError> {
        let size = object.to_string().len();
        if size > MAX_OBJECT {
            return Err(ApiError::too_large(size));
        }
        self.revision += 1;
        object["metadata"]["resourceVersion"] = self.revision.to_string().into();
        let object = Arc::new(object);
        if let Some(uid) = object::text(&object, "/metadata/uid") {
            self.keys.insert(uid.to_owned(), key.clone());
        }
        let before = self.objects.insert(key.clone(), object.clone());
        if let Some(before) = &before {
            self.forget_owners(key, before);
        }
        for uid in object::owner_uids(&object) {
            self.dependents.entry(uid).or_default().insert(key.clone());
        }
        let change = match &before {
            None => ChangeKind::Added,
            Some(_) => ChangeKind::Modified,
        };
        self.record(key.kind, change, &object, before);
        Ok(object)
    }

    /// Removes an object for good; the watchers see its last state with a new version.
    fn remove(&mut self, key: &Key) -> Option<Arc<Value>> {
        let before = self.objects.remove(key)?;
        if let Some(uid) = object::text(&before, "/metadata/uid") {
            self.keys.remove(uid);
        }
        self.forget_owners(key, &before);
        self.revision += 1;
        let mut last = (*before).clone();
        last["metadata"]["resourceVersion"] = self.revision.to_string().into();
        let last = Arc::new(last);
        self.record(key.kind, ChangeKind::Deleted, &last, Some(before));
        Some(last)
    }

    fn record(
        &mut self,
        kind: &'static Kind,
        change: ChangeKind,
        object: &Arc<Value>,
        before: Option<Arc<Value>>,
    ) {
        self.history.push(Change {
            revision: self.revision,
            kind,
            change,
            object: object.clone(),
            before,
        });
    }

    fn forget_owners(&mut self, key: &Key, object: &Value) {
        for uid in object::owner_uids(object) {
            if let Some(keys) = self.dependents.get_mut(&uid) {
                keys.remove(key);
                if keys.is_empty() {
                    self.dependents.remove(&uid);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
