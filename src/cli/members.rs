//! The members that a batch yields: the model of what is expected, and the objects that are created.

use serde_json::Value;

use super::CliResult;
use super::input::Batch;
use crate::cluster::submit::{DIGEST, Prepared};
use crate::group::{Group, Place, Wanted};
use crate::items::Item;
use crate::template::{Names, Template, is_member};

/// The members of a list, before anything is created.
pub(super) struct Members {
    /// The model with all of them, in the order of the list.
    pub(super) group: Group,
    /// Its Jobs, to be held against the cluster. A `CronJob` is compared when it is created.
    pub(super) wanted: Vec<Wanted>,
    /// No other objects come with its Jobs.
    pub(super) only_jobs: bool,
}

/// Expands every item once, so that nothing is created if one does not fit.
pub(super) fn members(batch: &Batch, namespace: &str) -> CliResult<Members> {
    let (mut members, mut names, mut only_jobs) = (Vec::new(), Names::default(), true);
    for item in &batch.items {
        let expansion = batch.template.expand_checked(item, &mut names)?;
        only_jobs &= expansion.objects.iter().all(is_member);
        for job in expansion.members() {
            members.push((wanted(job, item, namespace), job["kind"] == "Job"));
        }
    }
    members.sort_by_key(|(wanted, _)| wanted.index);
    let mut group = Group::default();
    for (wanted, _) in &members {
        group.expect(wanted.place.clone(), wanted.item.clone(), wanted.index);
    }
    let jobs = members.into_iter().filter(|(_, is_job)| *is_job);
    Ok(Members {
        group,
        wanted: jobs.map(|(wanted, _)| wanted).collect(),
        only_jobs,
    })
}

fn wanted(job: &Value, item: &Item, namespace: &str) -> Wanted {
    let place = place_of(job, namespace);
    let text = item.text();
    Wanted {
        item: if text.is_empty() {
            place.name.clone()
        } else {
            text.into_owned()
        },
        index: item.index,
        digest: job
            .pointer(DIGEST)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        place,
    }
}

/// The objects of all items, expanded as they are taken; they were all expanded before without an error.
pub(super) fn prepared<'a>(
    template: &'a Template,
    items: &'a [Item],
    namespace: &'a str,
) -> impl Iterator<Item = Prepared> + 'a {
    items.iter().flat_map(move |item| {
        let expansion = template.expand(item).expect("the item was expanded before");
        by_member(expansion.objects, namespace)
    })
}

/// The objects of one item, divided by its Jobs: what is no Job goes with the first one.
pub(super) fn by_member(objects: Vec<Value>, namespace: &str) -> Vec<Prepared> {
    let (jobs, mut others): (Vec<_>, Vec<_>) = objects.into_iter().partition(is_member);
    jobs.into_iter()
        .map(|job| {
            let place = place_of(&job, namespace);
            let mut objects = std::mem::take(&mut others);
            objects.push(job);
            Prepared { place, objects }
        })
        .collect()
}

fn place_of(object: &Value, namespace: &str) -> Place {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
    Place {
        namespace: text("/metadata/namespace").unwrap_or(namespace).to_owned(),
        name: text("/metadata/name").unwrap_or_default().to_owned(),
    }
}
