//! How many Pods the Job wants, and which to create or delete for that
//! (`pkg/controller/job/job_controller.go`, `manageJob`).

use jiff::{SignedDuration, Timestamp};

use super::census::{Census, Indexes, Seen, counts_as_failure};
use super::pod_content::{IndexFailures, NewPod};
use super::{BackoffRecord, Job, Pod, PodRef, SCALE_PER_PASS, removal_order};

/// No creation is asked for sooner than this (`syncJobBatchPeriod`).
const BATCH_PERIOD: SignedDuration = SignedDuration::from_secs(1);

/// Which Pods to create or to delete; never both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Nothing.
    None,
    /// Create these, in the order given, in slow-start batches.
    Create(Vec<NewPod>),
    /// Delete these; with `strip_finalizer` the tracking finalizer goes first, so that they are never counted.
    Delete {
        /// Which Pods.
        pods: Vec<PodRef>,
        /// Remove the tracking finalizer before the DELETE.
        strip_finalizer: bool,
    },
}

/// What scaling asks for.
pub(super) struct Scaling {
    pub(super) scale: Scale,
    /// Nothing is created before this time is over.
    pub(super) wait: Option<SignedDuration>,
    /// How many active Pods the Job wants.
    pub(super) wanted: i32,
}

impl Scale {
    /// Deletes all active Pods.
    pub(super) fn delete_active(census: &Census, strip_finalizer: bool) -> Self {
        Self::delete(census.active().collect(), strip_finalizer)
    }

    fn delete(pods: Vec<&Seen>, strip_finalizer: bool) -> Self {
        if pods.is_empty() {
            return Self::None;
        }
        let reference = |seen: &Seen| seen.pod.reference(seen.finalizer_at);
        Self::Delete {
            pods: pods.into_iter().map(reference).collect(),
            strip_finalizer,
        }
    }
}

/// What becomes of missing Pods.
enum Creation {
    Nothing,
    Later(SignedDuration),
    Now(Vec<NewPod>),
}

/// Decides about the Pods of a Job that goes on.
pub(super) fn scaling(job: &Job, census: &Census, now: Timestamp) -> Scaling {
    if job.spec.suspend {
        return Scaling {
            scale: Scale::delete_active(census, true),
            wait: None,
            wanted: 0,
        };
    }
    let wanted = wanted(job, census);
    let surplus = surplus(job, census, wanted);
    if !surplus.is_empty() {
        return Scaling {
            scale: Scale::delete(surplus, true),
            wait: None,
            wanted,
        };
    }
    let (scale, wait) = match creation(job, census, wanted, now) {
        Creation::Nothing => (Scale::None, None),
        Creation::Later(wait) => (Scale::None, Some(wait.max(BATCH_PERIOD))),
        Creation::Now(pods) => (Scale::Create(pods), None),
    };
    Scaling {
        scale,
        wait,
        wanted,
    }
}

fn wanted(job: &Job, census: &Census) -> i32 {
    let parallelism = job.spec.parallelism.max(0);
    match job.spec.completions {
        Some(completions) => completions
            .saturating_sub(census.counts.succeeded)
            .clamp(0, parallelism),
        // A work queue that had a success is running empty.
        None if census.counts.succeeded > 0 => census.counts.active,
        None => parallelism,
    }
}

/// The Pods to remove; of an `Indexed` Job those that have to go in any case come first.
fn surplus<'a>(job: &Job, census: &'a Census, wanted: i32) -> Vec<&'a Seen> {
    let too_many = census.counts.active.saturating_sub(wanted).max(0) as usize;
    let indexed = job.spec.indexes().is_some();
    if too_many == 0 && !indexed {
        return Vec::new();
    }
    let mut pods: Vec<&Seen> = census.active().collect();
    removal_order::sort(&mut pods);
    let superfluous = if indexed {
        removal_order::superfluous_first(&mut pods)
    } else {
        0
    };
    pods.truncate(too_many.max(superfluous).min(SCALE_PER_PASS));
    pods
}

fn creation(job: &Job, census: &Census, wanted: i32, now: Timestamp) -> Creation {
    let counts = census.counts;
    let occupied = if job.spec.only_replace_failed {
        counts.active.saturating_add(counts.terminating)
    } else {
        counts.active
    };
    let missing = wanted.saturating_sub(occupied).max(0) as usize;
    let missing = missing.min(SCALE_PER_PASS);
    if missing == 0 {
        return Creation::Nothing;
    }
    let per_index = job.spec.backoff_limit_per_index.is_some();
    let wait = census.backoff.remaining(now);
    match &census.indexes {
        Some(indexes) if per_index => independent(job, census, indexes, missing, now),
        _ if wait > SignedDuration::ZERO => Creation::Later(wait),
        Some(indexes) => {
            let pod = |index| NewPod {
                index: Some(index),
                failures: None,
            };
            let free = free_indexes(job, census, indexes, missing);
            Creation::Now(free.into_iter().map(pod).collect())
        }
        None => Creation::Now(vec![NewPod::default(); missing]),
    }
}

/// With a limit for each index, an index waits for its own failures only; the others do not take its place.
fn independent(
    job: &Job,
    census: &Census,
    indexes: &Indexes,
    missing: usize,
    now: Timestamp,
) -> Creation {
    let mut waits = Vec::new();
    let mut pods = Vec::new();
    for index in free_indexes(job, census, indexes, missing) {
        let place = indexes.held.get(&index);
        let held = place.map(|place| census.pods[*place].pod.as_ref());
        let wait = held.map_or(SignedDuration::ZERO, |pod| {
            BackoffRecord::of_index(pod).remaining(now)
        });
        if wait > SignedDuration::ZERO {
            waits.push(wait);
        } else {
            pods.push(NewPod {
                index: Some(index),
                failures: Some(held.map_or_else(IndexFailures::default, |pod| failures(job, pod))),
            });
        }
    }
    if pods.is_empty() {
        let shortest = waits.into_iter().min();
        return shortest.map_or(Creation::Nothing, Creation::Later);
    }
    Creation::Now(pods)
}

/// The failures of an index, the held Pod's own included.
fn failures(job: &Job, held: &Pod) -> IndexFailures {
    let counts = counts_as_failure(job, held);
    IndexFailures {
        counted: held.failures.saturating_add(i32::from(counts)),
        ignored: held.ignored_failures.saturating_add(i32::from(!counts)),
    }
}

/// The lowest indexes that nobody works on and that are not settled.
fn free_indexes(job: &Job, census: &Census, indexes: &Indexes, count: usize) -> Vec<i32> {
    let occupied = census
        .pods
        .iter()
        .filter(|seen| {
            seen.pod.is_active() || (job.spec.only_replace_failed && seen.pod.is_terminating())
        })
        .filter_map(|seen| seen.index);
    let mut taken = indexes.succeeded.with(occupied);
    if let Some(failed) = &indexes.failed {
        taken = taken.union(failed);
    }
    taken.missing(indexes.completions).take(count).collect()
}
