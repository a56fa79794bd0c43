//! Sets the time to live of members as they end, a bounded number at a time.

use std::sync::Arc;

use kube::Client;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::cli::ttl::TtlArgs;
use crate::cluster::act::set_ttl;
use crate::cluster::problem::Problem;
use crate::group::Member;

/// Changes that are under way at a time.
const AT_ONCE: usize = 16;

/// The changes that are under way.
pub(super) struct Expiry {
    client: Client,
    ttl: TtlArgs,
    turns: Arc<Semaphore>,
    tasks: JoinSet<Result<(), Problem>>,
    /// What went wrong first.
    problem: Option<Problem>,
}

impl Expiry {
    pub(super) fn new(client: Client, ttl: TtlArgs) -> Self {
        Self {
            client,
            ttl,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            tasks: JoinSet::new(),
            problem: None,
        }
    }

    /// A member's phase has changed.
    pub(super) fn settled(&mut self, member: &Member) {
        let Some((seconds, job)) = self.ttl.after(member.state.phase).zip(member.job()) else {
            return;
        };
        if job.ttl_secs == Some(seconds) {
            return;
        }
        let (client, turns) = (self.client.clone(), self.turns.clone());
        let (place, uid) = (job.place.clone(), job.uid.clone());
        self.tasks.spawn(async move {
            let Ok(_turn) = turns.acquire().await else {
                return Ok(());
            };
            set_ttl(&client, &place, &uid, seconds).await
        });
        while let Some(done) = self.tasks.try_join_next() {
            self.note(done.ok());
        }
    }

    /// Waits for what is under way; gives what went wrong first.
    pub(super) async fn finish(&mut self, end: Instant) -> Option<Problem> {
        while let Ok(Some(done)) = timeout_at(end, self.tasks.join_next()).await {
            self.note(done.ok());
        }
        self.problem.take()
    }

    fn note(&mut self, done: Option<Result<(), Problem>>) {
        if let Some(Err(problem)) = done {
            self.problem.get_or_insert(problem);
        }
    }
}
