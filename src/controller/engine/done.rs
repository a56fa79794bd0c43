//! Takes in what tasks of the loop end with: passes, looks, and what was deleted or freed.

use std::time::Duration;

use tokio::task::JoinError;

use super::{Done, Engine};
use crate::controller::expectations::Expectations;
use crate::controller::look::Look;
use crate::controller::pass::{PassReport, Reread};
use crate::job::Pod;

impl Engine {
    pub(in crate::controller) fn take_in(&mut self, done: Result<Done, JoinError>, now: Duration) {
        match done.expect("a pass does not panic and is never aborted") {
            Done::Freed(uids) => self.freeing.retain(|uid| !uids.contains(uid)),
            Done::Pass(report) => self.take_in_pass(*report, now),
            Done::Looked(look) => self.take_in_look(*look, now),
            Done::Expired(key, result) => {
                let result = result.map_err(|error| {
                    tracing::debug!(%error, job = %key, "the Job outlives its time for now");
                });
                self.turn_ends(key, result, now);
            }
        }
    }

    fn take_in_look(&mut self, look: Look, now: Duration) {
        let Look {
            key,
            uid,
            status,
            pods,
        } = look;
        let (pods, version) = match pods {
            Ok(listed) => listed,
            Err(error) => {
                tracing::debug!(%error, job = %key, "its Pods cannot be listed for now");
                self.turn_ends(key, Err(()), now);
                return;
            }
        };
        if let Some(entry) = self.world.job_mut(&key, &uid) {
            entry.trusted = status;
            let job = entry.job.clone();
            let pods = pods
                .iter()
                .filter_map(|pod| Pod::from_value(pod).ok())
                .collect();
            self.world.pods_listed(&job, pods, version);
        }
        self.queue.done(key, Ok(Some(Duration::ZERO)), now);
    }

    fn take_in_pass(&mut self, report: PassReport, now: Duration) {
        for pod in report.pods {
            self.world.pod_seen(pod);
        }
        let freed: Vec<String> = report
            .freed
            .into_iter()
            .filter(|uid| self.world.is_tracked(uid))
            .collect();
        if let Some(entry) = self.world.job_mut(&report.key, &report.uid) {
            for name in &report.not_created {
                entry.expectations.creation_settled(name);
            }
            for uid in &report.not_deleted {
                entry.expectations.deletion_settled(uid);
            }
            if let Some(backoff) = report.backoff {
                entry.memory.backoff = Some(backoff);
            }
            entry.memory.finish_written |= report.finished;
            entry.memory.removals_in_flight.extend(freed);
            if let Some(object) = &report.object {
                entry.trusted = object["status"].clone();
            }
        }
        if let Some(object) = report.object {
            self.world.job_seen(object);
        }
        match report.reread {
            Some(Reread::Found(object)) => drop(self.world.job_seen(object)),
            Some(Reread::Gone) if self.world.job_mut(&report.key, &report.uid).is_some() => {
                self.job_gone(&report.key);
            }
            Some(Reread::Gone) | None => {}
        }
        let result = report.result.map_err(|error| {
            tracing::debug!(%error, job = %report.key, "the pass will be repeated");
        });
        match result {
            Ok(_) => self.ran.good += 1,
            Err(()) => self.ran.failed += 1,
        }
        let again = result.map(|again| again.and_then(|wait| Duration::try_from(wait).ok()));
        let unseen = self.world.job(&report.key).map(|entry| &entry.expectations);
        let forgiven = unseen
            .filter(|unseen| unseen.pending(now))
            .map(Expectations::until);
        self.turn_ends(report.key.clone(), again, now);
        if let Some(at) = forgiven {
            self.queue.add(report.key, at);
        }
    }
}
