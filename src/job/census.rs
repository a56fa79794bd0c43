//! What a pass counts in the Job's Pods: the numbers and indexes that every decision rests on
//! (`pkg/controller/job/job_controller.go`, `syncJob`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::claim::Claims;
use super::indexes::IndexSet;
use super::{BackoffRecord, FailureAction, Job, Memory, Phase, Pod, finish_time};

/// The numbers of one pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) active: i32,
    pub(super) ready: i32,
    pub(super) terminating: i32,
    pub(super) succeeded: i32,
    pub(super) failed: i32,
}

/// One of the Job's own Pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) pod: Arc<Pod>,
    /// Where its tracking finalizer stands; `None` if it has none, or lost it although that is not seen yet.
    pub(super) finalizer_at: Option<usize>,
    /// Its completion index, if the Job has such an index.
    pub(super) index: Option<i32>,
    /// Whether it may be counted: it has a valid index, or the Job has none.
    pub(super) countable: bool,
    /// Whether it counts as a failure already.
    pub(super) failed: bool,
}

/// The state of the indexes of an `Indexed` Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Indexes {
    pub(super) completions: i32,
    /// Those that the status had as completed.
    pub(super) before: IndexSet,
    pub(super) succeeded: IndexSet,
    /// Only with `backoffLimitPerIndex`.
    pub(super) failed: Option<IndexSet>,
    /// For each index that waits for a new Pod, the place in `pods` of the failed Pod that holds its failure count:
    /// it keeps its finalizer, and is not counted, until the new Pod has taken the count over.
    pub(super) held: BTreeMap<i32, usize>,
}

/// Everything counted in one pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Census {
    pub(super) pods: Vec<Seen>,
    pub(super) counts: Counts,
    pub(super) indexes: Option<Indexes>,
    /// The back-off with what is new in this pass.
    pub(super) backoff: BackoffRecord,
}

impl Census {
    pub(super) fn of(job: &Job, claims: Claims, memory: &Memory) -> Self {
        let completions = job.spec.indexes();
        let seen = |(pod, finalizer_at): (Arc<Pod>, Option<usize>)| {
            let in_flight = memory.removals_in_flight.contains(&pod.uid);
            let index = pod.index.filter(|index| Some(*index) < completions);
            Seen {
                finalizer_at: finalizer_at.filter(|_| !in_flight),
                index,
                countable: completions.is_none() || index.is_some(),
                failed: pod.has_failed(job.spec.only_replace_failed),
                pod,
            }
        };
        let pods: Vec<Seen> = claims.pods.into_iter().map(seen).collect();
        let indexes = completions.map(|completions| Indexes::of(job, completions, &pods));
        let (counts, backoff) = count(job, &pods, indexes.as_ref(), memory);
        Self {
            pods,
            counts,
            indexes,
            backoff,
        }
    }

    pub(super) fn active(&self) -> impl Iterator<Item = &Seen> {
        self.pods.iter().filter(|seen| seen.pod.is_active())
    }

    /// Whether this Pod, by its place in `pods`, is held back for its failure count.
    pub(super) fn is_held(&self, place: usize) -> bool {
        let index = self.pods[place].index;
        self.indexes
            .as_ref()
            .zip(index)
            .is_some_and(|(indexes, index)| indexes.held.get(&index) == Some(&place))
    }
}

fn count(
    job: &Job,
    pods: &[Seen],
    indexes: Option<&Indexes>,
    memory: &Memory,
) -> (Counts, BackoffRecord) {
    let status = &job.status;
    let mut counts = Counts {
        succeeded: grown(status.succeeded, status.uncounted.succeeded.len()),
        failed: grown(status.failed, status.uncounted.failed.len()),
        ..Counts::default()
    };
    let (mut successes, mut failures) = (Vec::new(), Vec::new());
    for seen in pods {
        let pod = seen.pod.as_ref();
        counts.active += i32::from(pod.is_active());
        counts.ready += i32::from(pod.is_active() && pod.ready);
        counts.terminating += i32::from(pod.is_terminating());
        if seen.finalizer_at.is_none() || !seen.countable {
            continue;
        }
        let on_record = |list: &BTreeSet<String>| list.contains(&pod.uid);
        if pod.phase == Phase::Succeeded && !on_record(&status.uncounted.succeeded) {
            if !stays_failed(job, pod) {
                successes.push(pod);
            }
        } else if seen.failed && !status.uncounted.failed.contains(&pod.uid) {
            failures.push(pod);
        }
    }
    let counted = failures.iter().filter(|pod| counts_as_failure(job, pod));
    counts.failed = grown(counts.failed, counted.count());
    counts.succeeded = match indexes {
        Some(indexes) => grown(0, indexes.succeeded.len()),
        None => grown(counts.succeeded, successes.len()),
    };
    let backoff = memory.backoff.unwrap_or_default();
    (counts, backoff.after(&successes, &failures))
}

/// Whether a Pod was going when it was put on record as failed, and stays a failure although it ended well then. Upstream takes it for
/// a success in its pass and for a failure when it counts, so that a Job completes with a success, or an index, too few.
fn stays_failed(job: &Job, pod: &Pod) -> bool {
    job.status.uncounted.failed.contains(&pod.uid)
}

impl Indexes {
    fn of(job: &Job, completions: i32, pods: &[Seen]) -> Self {
        let tracked = || pods.iter().filter(|seen| seen.finalizer_at.is_some());
        let before = IndexSet::lenient(&job.status.completed_indexes, completions);
        let succeeded = before.with(
            tracked()
                .filter(|seen| seen.pod.phase == Phase::Succeeded && !stays_failed(job, &seen.pod))
                .filter_map(|seen| seen.index),
        );
        let failed = job.spec.backoff_limit_per_index.map(|limit| {
            let text = job.status.failed_indexes.as_deref().unwrap_or_default();
            IndexSet::lenient(text, completions).with(
                tracked()
                    .filter(|seen| seen.failed && index_has_failed(job, limit, &seen.pod))
                    .filter_map(|seen| seen.index)
                    // The server refuses an index that is in both lists.
                    .filter(|index| !succeeded.contains(*index)),
            )
        });
        let held = match &failed {
            Some(failed) => held(pods, &succeeded.union(failed)),
            None => BTreeMap::new(),
        };
        Self {
            completions,
            before,
            succeeded,
            failed,
            held,
        }
    }
}

/// The failed Pod of each index that is to be tried again (`getPodsWithDelayedDeletionPerIndex`).
fn held(pods: &[Seen], settled: &IndexSet) -> BTreeMap<i32, usize> {
    let active = IndexSet::default().with(
        pods.iter()
            .filter(|seen| seen.pod.is_active())
            .filter_map(|seen| seen.index),
    );
    let failures = |pod: &Pod| i64::from(pod.failures) + i64::from(pod.ignored_failures);
    let later = |held: &Pod, pod: &Pod| {
        failures(pod) >= failures(held) && finish_time(pod) >= finish_time(held)
    };
    let mut held: BTreeMap<i32, usize> = BTreeMap::new();
    for (place, seen) in pods.iter().enumerate() {
        let Some(index) = seen
            .index
            .filter(|_| seen.failed && seen.finalizer_at.is_some())
        else {
            continue;
        };
        if settled.contains(index) || active.contains(index) {
            continue;
        }
        let known = held.entry(index).or_insert(place);
        if later(&pods[*known].pod, &seen.pod) {
            *known = place;
        }
    }
    held
}

/// Whether a failed Pod counts towards the limits: the failure policy does not ignore it.
pub(super) fn counts_as_failure(job: &Job, pod: &Pod) -> bool {
    let policy = job.spec.pod_failure_policy.as_ref();
    policy.is_none_or(|policy| policy.action(pod) != FailureAction::Ignore)
}

fn index_has_failed(job: &Job, limit: i32, pod: &Pod) -> bool {
    let policy = job.spec.pod_failure_policy.as_ref();
    match policy.map(|policy| policy.action(pod)) {
        Some(FailureAction::FailIndex) => true,
        Some(FailureAction::Ignore) => false,
        _ => pod.failures >= limit,
    }
}

/// A counter of the API and so many more; counters of a broken status stay in range.
pub(super) fn grown(counter: i32, by: usize) -> i32 {
    counter.saturating_add(i32::try_from(by).unwrap_or(i32::MAX))
}
