//! A group's record in the cluster: read, changed, deleted.
//!
//! Writers compete for the head alone: it is replaced only in the version that was read, and whoever comes second reads again and
//! adds its part to what it finds.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::try_join_all;
use kube::Client;
use serde_json::{Value, json};

use super::act;
use super::problem::{Class, Problem};
use super::rest::{self, CONFIGMAPS};
use crate::group::record::{HEAD, Head, Identity, ROLE, Record, RecordError, Written, write};

/// How often a change is tried when others change the record at the same time, and the pause that grows with each try.
const TRIES: u32 = 12;
const PAUSE: Duration = Duration::from_millis(40);

/// Why a record cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Nobody may do this here.
    #[error("{0}")]
    Forbidden(Problem),
    /// The server cannot be reached, or said no.
    #[error("{0}")]
    Problem(Problem),
    /// What is there cannot be read, or what should be there is too large.
    #[error("{0}")]
    Record(RecordError),
    /// The record was deleted, or is another one now.
    #[error("the group's record was deleted")]
    Deleted,
    /// Others change it all the time.
    #[error("the group's record was changed by others {TRIES} times in a row")]
    Busy,
}

impl StoreError {
    /// Whether the server cannot be reached at all.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Problem(problem) if problem.class == Class::Unreachable)
    }
}

impl From<kube::Error> for StoreError {
    fn from(error: kube::Error) -> Self {
        let forbidden = rest::is_status(&error, 403) && !error.to_string().contains("quota");
        let problem = Problem::from(error);
        if forbidden {
            Self::Forbidden(problem)
        } else {
            Self::Problem(problem)
        }
    }
}

impl From<RecordError> for StoreError {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

/// The record of one group.
#[derive(Clone)]
pub struct Store {
    client: Client,
    identity: Identity,
}

/// A record with the head that it was read from.
pub struct Stored {
    /// Where it is.
    pub store: Store,
    /// The head.
    pub head: Head,
    /// All of it.
    pub record: Record,
}

/// Selects the heads of the records of groups that a label selector names.
pub fn heads(selector: &str) -> String {
    format!("{selector},{ROLE}={HEAD}")
}

impl Store {
    /// Nothing is asked yet.
    pub fn new(client: &Client, identity: Identity) -> Self {
        Self {
            client: client.clone(),
            identity,
        }
    }

    /// The store of the record whose head this is.
    pub fn of_head(client: &Client, label: &str, head: &Value) -> Option<Self> {
        let text = |pointer: &str| Some(head.pointer(pointer)?.as_str()?.to_owned());
        let identity = Identity {
            namespace: text("/metadata/namespace")?,
            group: head
                .pointer("/metadata/labels")?
                .get(label)?
                .as_str()?
                .to_owned(),
            label: label.to_owned(),
        };
        Some(Self::new(client, identity))
    }

    /// Whose record it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The whole record, if there is one.
    pub async fn read(&self) -> Result<Option<Stored>, StoreError> {
        for number in 0..TRIES {
            let Some(object) = self.get(&self.identity.name()).await? else {
                return Ok(None);
            };
            let head = Head::read(&object)?;
            match self.whole(&head).await {
                // Somebody replaced the head after it was read, and its parts with it.
                Err(StoreError::Record(RecordError::Incomplete(_))) if number + 1 < TRIES => {
                    tokio::time::sleep(PAUSE * number).await;
                }
                record => {
                    let record = record?;
                    let store = self.clone();
                    return Ok(Some(Stored {
                        store,
                        head,
                        record,
                    }));
                }
            }
        }
        Err(StoreError::Busy)
    }

    /// The record that a head names.
    pub async fn whole(&self, head: &Head) -> Result<Record, StoreError> {
        let read = |name: &str| {
            let name = name.to_owned();
            async move { Ok::<_, StoreError>(self.get(&name).await?.map(|part| (name, part))) }
        };
        let parts = try_join_all(head.parts().map(read)).await?;
        let parts: BTreeMap<String, Value> = parts.into_iter().flatten().collect();
        Ok(head.record(&parts)?)
    }

    /// Changes the record, or writes the first one: `change` is asked again whenever somebody else was faster.
    ///
    /// `only` is the uid of the head that the change is for. Nothing is written where `change` gives nothing. Gives the head's uid.
    pub async fn update(
        &self,
        only: Option<&str>,
        mut change: impl FnMut(Option<Record>) -> Option<Record>,
    ) -> Result<Option<String>, StoreError> {
        for number in 0..TRIES {
            let (head, record) = match self.read().await? {
                Some(stored) => (Some(stored.head), Some(stored.record)),
                None => (None, None),
            };
            let uid = head.as_ref().map(|head| head.uid.clone());
            if only.is_some() && only != uid.as_deref() {
                return Err(StoreError::Deleted);
            }
            let Some(record) = change(record) else {
                return Ok(uid);
            };
            let nonce = nonce();
            let written = write(&record, &self.identity, head.as_ref(), &nonce)?;
            match self.put(head.as_ref(), &written).await {
                Err(StoreError::Busy) => tokio::time::sleep(PAUSE * number).await,
                result => return result.map(Some),
            }
        }
        Err(StoreError::Busy)
    }

    /// Writes the parts, then the head; takes back the parts if the head is not taken, else what they replace.
    async fn put(&self, before: Option<&Head>, written: &Written) -> Result<String, StoreError> {
        let namespace = &self.identity.namespace;
        let mut done = Vec::new();
        for part in &written.parts {
            match rest::create(&self.client, CONFIGMAPS, namespace, "", part).await {
                Ok(_) => done.push(name_of(part)),
                Err(error) => {
                    self.remove(done).await;
                    return Err(error.into());
                }
            }
        }
        let put = match before {
            None => rest::create(&self.client, CONFIGMAPS, namespace, "", &written.head).await,
            Some(before) => {
                let mut head = written.head.clone();
                head["metadata"]["resourceVersion"] = before.version.as_str().into();
                rest::replace(&self.client, CONFIGMAPS, &head).await
            }
        };
        match put {
            Ok(stored) => {
                let kept = Head::read(&stored)?;
                let is_old = |name: &&str| !kept.parts().any(|kept| kept == *name);
                let old = before.into_iter().flat_map(Head::parts).filter(is_old);
                self.remove(old.map(str::to_owned).collect()).await;
                Ok(kept.uid)
            }
            Err(error) => {
                self.remove(done).await;
                Err(match &error {
                    conflict if rest::is_status(conflict, 409) => StoreError::Busy,
                    gone if rest::is_status(gone, 404) && before.is_some() => StoreError::Deleted,
                    _ => error.into(),
                })
            }
        }
    }

    /// Parts that stay behind harm nobody: `delete` finds them by their label.
    async fn remove(&self, parts: Vec<String>) {
        for name in parts {
            let options = json!({"apiVersion": "v1", "kind": "DeleteOptions"});
            let namespace = &self.identity.namespace;
            let deleted = rest::delete(&self.client, CONFIGMAPS, namespace, &name, &options).await;
            if let Err(error) = deleted {
                tracing::debug!(%error, name, "a part of a record stays behind");
            }
        }
    }

    async fn get(&self, name: &str) -> Result<Option<Value>, StoreError> {
        match rest::get(&self.client, CONFIGMAPS, &self.identity.namespace, name).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if rest::is_status(&error, 404) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The heads of the records that a label selector names.
pub async fn list_heads(
    client: &Client,
    namespace: Option<&str>,
    selector: &str,
) -> Result<Vec<Value>, Problem> {
    act::list(client, CONFIGMAPS, namespace, &heads(selector)).await
}

/// Deletes the records that a label selector names, heads first; gives the names of the heads.
pub async fn delete(
    client: &Client,
    namespace: Option<&str>,
    selector: &str,
    is_dry_run: bool,
) -> Result<Vec<String>, Problem> {
    let all = format!("{selector},{ROLE}");
    let mut objects = act::list(client, CONFIGMAPS, namespace, &all).await?;
    let is_head = |object: &Value| object["metadata"]["labels"][ROLE] == HEAD;
    objects.sort_by_key(|object| !is_head(object));
    let mut heads = Vec::new();
    for object in &objects {
        let uid = object["metadata"]["uid"].as_str().unwrap_or_default();
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
        let mut options = rest::only_uid(uid);
        if is_dry_run {
            options["dryRun"] = json!(["All"]);
        }
        let name = name_of(object);
        match rest::delete(client, CONFIGMAPS, namespace, &name, &options).await {
            Err(error) if !rest::is_status(&error, 404) => return Err(error.into()),
            _ if is_head(object) => heads.push(name),
            _ => {}
        }
    }
    Ok(heads)
}

fn name_of(object: &Value) -> String {
    object["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[expect(clippy::disallowed_methods, reason = "a name that no other write has")]
fn nonce() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    id.chars().take(10).collect()
}

#[cfg(all(test, unix))]
mod tests;
