//! Which of too many Pods go first: those that have done least (`controller.ActivePodsWithRanks`).

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::census::Seen;
use super::{Phase, Pod};

/// Sorts so that the Pod to remove first is first; names decide between Pods that are otherwise equal.
pub(super) fn sort(pods: &mut [&Seen]) {
    pods.sort_unstable_by(|a, b| compare(&a.pod, &b.pod));
}

fn compare(a: &Pod, b: &Pod) -> Ordering {
    let newest_first = |time: Option<Timestamp>| Reverse(time.unwrap_or(Timestamp::MAX));
    let rank = |pod: &Pod| {
        let phase = match pod.phase {
            Phase::Pending => 0,
            Phase::Unknown => 1,
            _ => 2,
        };
        (
            pod.scheduled,
            phase,
            pod.ready,
            pod.ready.then(|| newest_first(pod.ready_changed)),
            Reverse(pod.restarts_max),
            Reverse(pod.sidecar_restarts_max),
            newest_first(pod.created),
        )
    };
    rank(a).cmp(&rank(b)).then_with(|| a.name.cmp(&b.name))
}

/// Moves those Pods of an `Indexed` Job to the front that have to go in any case, and says how many they are: Pods without
/// a valid index, or with one that another Pod has too, which comes later in removal order.
pub(super) fn superfluous_first(in_order: &mut Vec<&Seen>) -> usize {
    let mut kept = BTreeSet::new();
    let (mut go, mut stay) = (Vec::new(), Vec::new());
    for seen in in_order.drain(..).rev() {
        match seen.index {
            Some(index) if kept.insert(index) => stay.push(seen),
            _ => go.push(seen),
        }
    }
    let superfluous = go.len();
    in_order.extend(go.into_iter().rev().chain(stay.into_iter().rev()));
    superfluous
}
