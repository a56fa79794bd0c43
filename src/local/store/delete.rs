//! Deletion: preconditions, finalizers, the grace of Pods, and what becomes of dependents.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{ApiError, Key, State, Store, object};
use crate::local::kind::{Kind, POD};

/// The finalizer that makes an owner wait for its dependents.
const FOREGROUND: &str = "foregroundDeletion";

/// What becomes of the objects that the deleted one owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// They are deleted after it.
    #[default]
    Background,
    /// They are deleted before it.
    Foreground,
    /// They stay.
    Orphan,
}

/// `metav1.DeleteOptions`.
#[derive(Clone, Debug, Default)]
pub struct DeleteOptions {
    /// The object must have this uid.
    pub uid: Option<String>,
    /// The object must have this version.
    pub resource_version: Option<String>,
    /// What becomes of dependents.
    pub propagation: Propagation,
    /// Seconds that a Pod gets; its own wish where none is given.
    pub grace: Option<i64>,
    /// Only check.
    pub dry_run: bool,
}

impl DeleteOptions {
    /// Reads the body of a DELETE.
    pub fn from_value(value: &Value) -> Result<Self, ApiError> {
        let owned = |pointer: &str| object::text(value, pointer).map(str::to_owned);
        let propagation = match object::text(value, "/propagationPolicy") {
            None | Some("Background") => Propagation::Background,
            Some("Foreground") => Propagation::Foreground,
            Some("Orphan") => Propagation::Orphan,
            Some(other) => {
                return Err(ApiError::bad_request(format!(
                    "invalid propagationPolicy \"{other}\""
                )));
            }
        };
        Ok(Self {
            uid: owned("/preconditions/uid"),
            resource_version: owned("/preconditions/resourceVersion"),
            propagation,
            grace: value.pointer("/gracePeriodSeconds").and_then(Value::as_i64),
            dry_run: value.pointer("/dryRun/0").is_some(),
        })
    }
}

impl Store {
    /// Deletes an object, or begins to: the answer is its last state.
    pub fn delete(
        &self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<Arc<Value>, ApiError> {
        self.transact(|state| state.delete(&Key::new(kind, namespace, name), options))
    }
}

impl State {
    fn delete(&mut self, key: &Key, options: &DeleteOptions) -> Result<Arc<Value>, ApiError> {
        let current = self.object(key)?.clone();
        check_preconditions(key, &current, options)?;
        if options.dry_run {
            return Ok(current);
        }
        let mut object = (*current).clone();
        let uid = object::text(&current, "/metadata/uid")
            .unwrap_or_default()
            .to_owned();
        match options.propagation {
            Propagation::Background => {}
            Propagation::Orphan => self.orphan(&uid)?,
            Propagation::Foreground => {
                if self.dependents.contains_key(&uid) {
                    add_finalizer(&mut object, FOREGROUND);
                }
            }
        }
        self.mark(key, &mut object, options.grace);
        let may_go = object::may_go(&object);
        let marked = if object == *current {
            current
        } else {
            self.put(key, object)?
        };
        if may_go {
            return Ok(self.finish_deletion(key).unwrap_or(marked));
        }
        if options.propagation == Propagation::Foreground {
            self.delete_dependents(&uid);
        }
        Ok(self.objects.get(key).cloned().unwrap_or(marked))
    }

    /// Sets the deletion timestamp; a second, shorter grace period moves it forward.
    fn mark(&self, key: &Key, object: &mut Value, asked: Option<i64>) {
        let own = object
            .pointer("/spec/terminationGracePeriodSeconds")
            .and_then(Value::as_i64);
        let finished = matches!(
            object::text(object, "/status/phase"),
            Some("Succeeded" | "Failed")
        );
        let scheduled = object::text(object, "/spec/nodeName").is_some_and(|node| !node.is_empty());
        let grace = if *key.kind == POD && scheduled && !finished {
            asked.or(own).unwrap_or(0).max(0)
        } else {
            0
        };
        let earlier = object
            .pointer("/metadata/deletionGracePeriodSeconds")
            .and_then(Value::as_i64);
        if object::is_deleting(object) && earlier.is_none_or(|earlier| earlier <= grace) {
            return;
        }
        let at = self.now() + jiff::SignedDuration::from_secs(grace);
        object["metadata"]["deletionTimestamp"] = object::instant(at);
        object["metadata"]["deletionGracePeriodSeconds"] = json!(grace);
    }

    /// Removes an object that nothing holds any more, and lets go what depended on it.
    pub(super) fn finish_deletion(&mut self, key: &Key) -> Option<Arc<Value>> {
        let last = self.remove(key)?;
        let uid = object::text(&last, "/metadata/uid")
            .unwrap_or_default()
            .to_owned();
        self.delete_dependents(&uid);
        self.release_owners(&last);
        Some(last)
    }

    fn dependents_of(&self, uid: &str) -> Vec<Key> {
        let keys = self.dependents.get(uid);
        keys.into_iter().flatten().cloned().collect()
    }

    /// Deletes what has no other owner left, as the garbage collector does.
    fn delete_dependents(&mut self, uid: &str) {
        for key in self.dependents_of(uid) {
            let owned_by_others = self.objects.get(&key).is_some_and(|dependent| {
                object::owner_uids(dependent)
                    .iter()
                    .any(|owner| owner != uid && self.keys.contains_key(owner))
            });
            if !owned_by_others {
                // The dependent was there a line ago, and no preconditions are set.
                let _ = self.delete(&key, &DeleteOptions::default());
            }
        }
    }

    /// An owner that waits in the foreground goes once its last dependent has gone.
    fn release_owners(&mut self, gone: &Value) {
        for owner in object::owner_uids(gone) {
            if self.dependents.contains_key(&owner) {
                continue;
            }
            let Some(key) = self.keys.get(&owner).cloned() else {
                continue;
            };
            let Some(object) = self.objects.get(&key).filter(|object| {
                let finalizers = object::list(object, "/metadata/finalizers");
                finalizers.iter().any(|name| name == FOREGROUND)
            }) else {
                continue;
            };
            let mut object = (**object).clone();
            if let Some(finalizers) = object["metadata"]["finalizers"].as_array_mut() {
                finalizers.retain(|name| name != FOREGROUND);
            }
            let may_go = object::may_go(&object);
            if self.put(&key, object).is_ok() && may_go {
                self.finish_deletion(&key);
            }
        }
    }

    /// Takes the owner off its dependents.
    fn orphan(&mut self, uid: &str) -> Result<(), ApiError> {
        for key in self.dependents_of(uid) {
            let mut dependent = (**self.object(&key)?).clone();
            if let Some(owners) = dependent["metadata"]["ownerReferences"].as_array_mut() {
                owners.retain(|owner| object::text(owner, "/uid") != Some(uid));
            }
            self.put(&key, dependent)?;
        }
        Ok(())
    }
}

fn check_preconditions(
    key: &Key,
    current: &Value,
    options: &DeleteOptions,
) -> Result<(), ApiError> {
    for (asked, pointer, word) in [
        (&options.uid, "/metadata/uid", "UID"),
        (
            &options.resource_version,
            "/metadata/resourceVersion",
            "ResourceVersion",
        ),
    ] {
        let found = object::text(current, pointer);
        if let Some(asked) = asked.as_deref().filter(|asked| Some(*asked) != found) {
            let why = format!(
                "Precondition failed: {word} in precondition: {asked}, {word} in object meta: {}",
                found.unwrap_or_default()
            );
            return Err(ApiError::conflict(key.kind, &key.name, &why));
        }
    }
    Ok(())
}

fn add_finalizer(object: &mut Value, name: &str) {
    if !object["metadata"]["finalizers"].is_array() {
        object["metadata"]["finalizers"] = json!([]);
    }
    if let Some(finalizers) = object["metadata"]["finalizers"].as_array_mut()
        && !finalizers.iter().any(|known| known == name)
    {
        finalizers.push(name.into());
    }
}
