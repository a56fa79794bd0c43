//! What records know of a group's members, for commands that look at it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cli::screen::warn;
use crate::cli::session::Session;
use crate::cli::target::Target;
use crate::cluster::record::{Store, Stored, list_heads};
use crate::group::Recorded;
use crate::group::record::{Head, Identity, Record, RecordError};

/// A group's namespace and name.
pub(in crate::cli) type GroupKey = (String, String);

/// The members of a record.
pub(in crate::cli) fn recorded(record: &Record) -> Vec<Recorded> {
    let row = |row: &crate::group::record::Row| Recorded {
        place: row.place.clone(),
        item: if row.item.text().is_empty() {
            row.place.name.clone()
        } else {
            row.item.text().into_owned()
        },
        index: row.item.index,
        last: row.last().cloned(),
    };
    record.members.iter().map(row).collect()
}

/// The store of one group's record.
pub(in crate::cli) fn store_of(session: &Session, target: &Target) -> Option<Store> {
    let (label, group) = target.group_of()?;
    let identity = Identity {
        namespace: session.namespace.clone(),
        label: label.to_owned(),
        group: group.to_owned(),
    };
    Some(Store::new(&session.client, identity))
}

/// The records of a group in one namespace or in all: none where they cannot be read, which is not what the command is about.
pub(in crate::cli) async fn recall(
    session: &Session,
    namespace: Option<&str>,
    target: &Target,
) -> Vec<Stored> {
    let Some((label, _)) = target.group_of() else {
        return Vec::new();
    };
    let heads = match list_heads(&session.client, namespace, &target.selector).await {
        Ok(heads) => heads,
        Err(problem) => {
            tracing::debug!(%problem, "no record can be read");
            return Vec::new();
        }
    };
    let mut records = Vec::new();
    for head in &heads {
        match read(session, label, head).await {
            Ok(stored) => records.extend(stored),
            Err(why) => warn(&why),
        }
    }
    records
}

/// The records of all groups that have fewer Jobs than members: what became of the others only the record knows.
pub(in crate::cli) async fn read_incomplete(
    session: &Session,
    namespace: Option<&str>,
    label: &str,
    jobs: impl Fn(&GroupKey) -> usize,
) -> BTreeMap<GroupKey, Stored> {
    let heads = list_heads(&session.client, namespace, label).await;
    let mut records = BTreeMap::new();
    for object in heads.unwrap_or_default() {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let group = object
            .pointer("/metadata/labels")
            .and_then(|labels| labels.get(label)?.as_str());
        let key = (
            text("/metadata/namespace").unwrap_or_default().to_owned(),
            group.unwrap_or_default().to_owned(),
        );
        let is_complete = Head::read(&object).is_ok_and(|head| head.total <= jobs(&key));
        if is_complete {
            continue;
        }
        match read(session, label, &object).await {
            Ok(stored) => records.extend(stored.map(|stored| (key, stored))),
            Err(why) => warn(&why),
        }
    }
    records
}

async fn read(session: &Session, label: &str, head: &Value) -> Result<Option<Stored>, String> {
    let Some(store) = Store::of_head(&session.client, label, head) else {
        return Ok(None);
    };
    // A head that was listed may have been replaced since: the whole is read at once, from the current one.
    match Head::read(head) {
        Err(error @ (RecordError::Foreign(_) | RecordError::Version { .. })) => {
            Err(error.to_string())
        }
        _ => store.read().await.map_err(|error| error.to_string()),
    }
}
