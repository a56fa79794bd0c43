//! The members that a batch yields: the model of what is expected, and the objects that are created.

use serde_json::Value;

use super::CliResult;
use super::input::Batch;
use crate::cluster::submit::Prepared;
use crate::group::{Group, Place};
use crate::items::Item;
use crate::template::{Names, Template, is_member};

/// The model with all members of the list; every item is expanded once, so that nothing is created if one does not fit.
pub(super) fn expected(batch: &Batch, namespace: &str) -> CliResult<Group> {
    let (mut group, mut names) = (Group::default(), Names::default());
    for item in &batch.items {
        let expansion = batch.template.expand_checked(item, &mut names)?;
        for job in expansion.members() {
            let place = place_of(job, namespace);
            let text = if item.text().is_empty() {
                place.name.clone()
            } else {
                item.text().into_owned()
            };
            group.expect(place, text, item.index);
        }
    }
    Ok(group)
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
fn by_member(objects: Vec<Value>, namespace: &str) -> Vec<Prepared> {
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
