//! Events of members that do not start while neither their Job nor a Pod says why: read one object at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::Client;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::cluster::act::events_of;
use crate::group::{Explained, Group, Observation, Place, PodState, explanation};

/// A member is asked about when it has not started for this time.
const AFTER: SignedDuration = SignedDuration::from_secs(5);
/// At most one request in this time.
const PACE: Duration = Duration::from_millis(500);
/// The same member is asked about again after this time.
const AGAIN: Duration = Duration::from_secs(60);
/// Members that are looked at to find one to ask about.
const LOOKED_AT: usize = 200;

/// The one request that is under way, and when members were asked about.
pub(super) struct Events {
    client: Client,
    asked: BTreeMap<Place, Instant>,
    task: JoinSet<Option<Observation>>,
    next: Instant,
}

impl Events {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            asked: BTreeMap::new(),
            task: JoinSet::new(),
            next: Instant::now() + PACE,
        }
    }

    /// Asks about the member that has waited longest without anybody knowing why, if it is time to.
    pub(super) fn look(&mut self, group: &Group, now: Timestamp) {
        let clock = Instant::now();
        if clock < self.next || !self.task.is_empty() {
            return;
        }
        self.next = clock + PACE;
        self.asked.retain(|_, at| clock.duration_since(*at) < AGAIN);
        let mut members = group
            .unexplained()
            .take_while(|(since, _)| now.duration_since(*since) >= AFTER)
            .take(LOOKED_AT);
        let Some((_, member)) = members.find(|(_, member)| !self.asked.contains_key(&member.place))
        else {
            return;
        };
        let place = member.place.clone();
        self.asked.insert(place.clone(), clock);
        let pods = member.pods();
        let waiting = pods
            .iter()
            .find(|pod| matches!(pod.state, PodState::Pending(_)));
        let job = member.job().map(|job| &job.uid);
        let Some(uid) = waiting.map(|pod| &pod.uid).or(job).cloned() else {
            return;
        };
        let client = self.client.clone();
        self.task.spawn(async move {
            match events_of(&client, &place.namespace, &uid).await {
                Ok(events) => {
                    let wait = explanation(&events)?;
                    Some(Observation::Explained(place, Explained { uid, wait }))
                }
                // Whoever may see Jobs may not always see these.
                Err(error) => {
                    tracing::debug!(%error, "reading Events");
                    None
                }
            }
        });
    }

    /// What was found; pends while nothing is asked.
    pub(super) async fn next(&mut self) -> Option<Observation> {
        match self.task.join_next().await {
            Some(found) => found.ok().flatten(),
            None => std::future::pending().await,
        }
    }
}
