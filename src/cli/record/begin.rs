//! The first write of a record: the list, the template and the options, before the first member is created.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Recorder;
use crate::cli::input::Batch;
use crate::cli::screen::warn;
use crate::cli::session::Session;
use crate::cli::{CliResult, Failure};
use crate::cluster::record::{Store, StoreError};
use crate::group::record::{Identity, Record, Settings};
use crate::group::{Place, Wanted};
use crate::items::Item;

/// Writes the record of a group whose members are about to be created; where that cannot be done, one warning says what is missed.
pub(in crate::cli) async fn begin(
    session: &Session,
    label: &str,
    batch: &Batch,
    wanted: &[Wanted],
    settings: &Settings,
) -> CliResult<Option<Recorder>> {
    let identity = Identity {
        namespace: session.namespace.clone(),
        label: label.to_owned(),
        group: batch.template.group().to_owned(),
    };
    let store = Store::new(&session.client, identity);
    let (template, list) = (template(batch)?, list(batch, wanted));
    let change = |old: Option<Record>| {
        let mut record = old.unwrap_or_default();
        record.plan(template.clone(), list.clone());
        record.settings.clone_from(settings);
        record.is_creating = true;
        record.beat += 1;
        Some(record)
    };
    let begun = store.update(None, change).await;
    started(store, begun)
}

/// Says in a record that its members are created again, under these options.
pub(in crate::cli) async fn go_on(
    store: Store,
    settings: &Settings,
) -> CliResult<Option<Recorder>> {
    let change = |old: Option<Record>| {
        let mut record = old?;
        record.settings.clone_from(settings);
        record.is_creating = true;
        record.beat += 1;
        Some(record)
    };
    let begun = store.update(None, change).await;
    started(store, begun)
}

/// The recorder of a record that was written, or nothing and a warning.
fn started(store: Store, begun: Result<Option<String>, StoreError>) -> CliResult<Option<Recorder>> {
    match begun {
        Ok(uid) => Ok(Some(Recorder::of_creator(store, uid))),
        Err(error) if error.is_unreachable() => Err(Failure::cluster(error)),
        Err(error) => {
            warn(&format!(
                "the group gets no record, so retry, status and continue will know only what its Jobs tell: {error}"
            ));
            Ok(None)
        }
    }
}

/// The template to keep. One that makes Secrets is not kept: whoever may read ConfigMaps may not read Secrets.
fn template(batch: &Batch) -> CliResult<Value> {
    let Some(first) = batch.items.first() else {
        return Ok(Value::Null);
    };
    let expansion = batch.template.expand(first)?;
    let has_secret = expansion
        .objects
        .iter()
        .any(|object| object["kind"] == "Secret");
    Ok(if has_secret {
        Value::Null
    } else {
        batch.template.saved()
    })
}

/// The Jobs with their items.
fn list(batch: &Batch, wanted: &[Wanted]) -> Vec<(Place, Item)> {
    let items: BTreeMap<usize, &Item> = batch.items.iter().map(|item| (item.index, item)).collect();
    let item = |member: &Wanted| {
        let item = items.get(&member.index)?;
        Some((member.place.clone(), (*item).clone()))
    };
    wanted.iter().filter_map(item).collect()
}
