//! A Lease says which of several processes works: two that see different things may make or count a Pod once more than is wanted.
//!
//! The rules are those of client-go's leader election: a holder that does not renew is gone once its time has passed on the
//! candidate's own clock, counted from when the candidate saw the last renewal; no two clocks are compared.

#![expect(clippy::disallowed_methods, reason = "holding a Lease takes time")]

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::rest::{self, Resource};

/// `coordination.k8s.io/v1` Leases.
const LEASES: Resource = Resource {
    root: "/apis/coordination.k8s.io/v1",
    plural: "leases",
    kind: "Lease",
};
/// How long a Lease is valid after its last renewal.
const DURATION: Duration = Duration::from_secs(15);
/// A holder that could not renew for so long stops working.
const GIVE_UP: Duration = Duration::from_secs(10);
/// Time between two looks at the Lease.
const RETRY: Duration = Duration::from_secs(2);

/// A Lease, and who wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The namespace of the Lease.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The name of whoever wants it, which no other process has.
    pub identity: String,
}

/// Who wants the Lease, and what was seen of it.
#[derive(Clone, Debug)]
pub struct Candidate {
    identity: String,
    /// Version of the Lease and when it was first seen.
    seen: Option<(String, Duration)>,
}

/// What to do about the Lease.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// There is none: make it.
    Create(Value),
    /// It is free, over, or our own: write it.
    Replace(Value),
    /// Somebody else holds it.
    Wait(String),
}

/// How a candidate stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is known yet.
    Asking,
    /// This process is to work.
    Held,
    /// This one works.
    HeldBy(String),
    /// The server does not let us have Leases: everybody works.
    Forbidden(String),
}

impl Standing {
    /// Whether this process is to work.
    pub fn works(&self) -> bool {
        matches!(self, Self::Held | Self::Forbidden(_))
    }
}

impl Candidate {
    /// A candidate of this name.
    pub fn new(identity: String) -> Self {
        Self {
            identity,
            seen: None,
        }
    }

    fn step(&mut self, found: Option<&Value>, wall: Timestamp, now: Duration) -> Step {
        let Some(lease) = found else {
            return Step::Create(self.record(&json!({}), wall));
        };
        let text = |pointer: &str| {
            lease
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let version = text("/metadata/resourceVersion");
        let since = match &self.seen {
            Some((seen, since)) if seen == version => *since,
            _ => {
                self.seen = Some((version.to_owned(), now));
                now
            }
        };
        let holder = text("/spec/holderIdentity");
        let seconds = lease
            .pointer("/spec/leaseDurationSeconds")
            .and_then(Value::as_u64);
        let valid = seconds.map_or(DURATION, Duration::from_secs);
        if holder.is_empty() || holder == self.identity || now.saturating_sub(since) > valid {
            return Step::Replace(self.record(lease, wall));
        }
        Step::Wait(holder.to_owned())
    }

    /// The Lease as it is when we hold it from now on.
    fn record(&self, lease: &Value, wall: Timestamp) -> Value {
        let time = wall.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        let mut record = lease.clone();
        let spec = &mut record["spec"];
        let before = spec["holderIdentity"].as_str().unwrap_or_default();
        if before != self.identity {
            let transitions = spec["leaseTransitions"]
                .as_i64()
                .map_or(0, |count| count.saturating_add(1));
            spec["leaseTransitions"] = transitions.into();
            spec["acquireTime"] = time.clone().into();
        }
        spec["holderIdentity"] = self.identity.clone().into();
        spec["leaseDurationSeconds"] = DURATION.as_secs().into();
        spec["renewTime"] = time.into();
        record
    }
}

/// Tries to get the Lease, renews it, and tells how it stands, until nobody listens any more.
///
/// Whoever cannot renew it for 10 seconds does not hold it any more, also when the server does not answer at all: that is before
/// anybody else may take it, who waits for 15 from a later time on.
pub async fn hold(
    client: Client,
    seat: Seat,
    mut candidate: Candidate,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    standing: watch::Sender<Standing>,
) {
    let began = Instant::now();
    // When the last renewal was sent: it counts from later on for everybody else.
    let mut renewed = None;
    while !standing.is_closed() {
        let asked = Instant::now();
        let ends = renewed.map_or(asked + GIVE_UP, |renewed| renewed + GIVE_UP);
        let attempt = attempt(&client, &seat, &mut candidate, clock(), began.elapsed());
        let now = match timeout_at(ends, attempt).await {
            Ok(Ok(now)) => {
                renewed = (now == Standing::Held).then_some(asked);
                Some(now)
            }
            Ok(Err(error)) if rest::is_status(&error, 403) || rest::is_status(&error, 404) => {
                Some(Standing::Forbidden(error.to_string()))
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "the Lease is out of reach for now");
                None
            }
            Err(_) => {
                tracing::debug!("the Lease is out of reach: no answer");
                renewed = None;
                Some(Standing::Asking)
            }
        };
        if let Some(now) = now {
            standing.send_if_modified(|before| std::mem::replace(before, now.clone()) != now);
        }
        tokio::time::sleep(RETRY.min(ends.saturating_duration_since(Instant::now()))).await;
    }
}

async fn attempt(
    client: &Client,
    seat: &Seat,
    candidate: &mut Candidate,
    wall: Timestamp,
    now: Duration,
) -> kube::Result<Standing> {
    let found = match rest::get(client, LEASES, &seat.namespace, &seat.name).await {
        Err(error) if rest::is_status(&error, 404) => None,
        found => Some(found?),
    };
    match candidate.step(found.as_ref(), wall, now) {
        Step::Wait(holder) => return Ok(Standing::HeldBy(holder)),
        Step::Create(mut lease) => {
            lease["apiVersion"] = "coordination.k8s.io/v1".into();
            lease["kind"] = "Lease".into();
            lease["metadata"] = json!({"name": seat.name, "namespace": seat.namespace});
            rest::create(client, LEASES, &seat.namespace, "", &lease).await?;
        }
        Step::Replace(lease) => {
            rest::replace(client, LEASES, &lease).await?;
        }
    }
    Ok(Standing::Held)
}

/// Lets the Lease go if we hold it, so that the next one need not wait; a failure only costs that time.
pub async fn release(client: &Client, seat: &Seat) {
    let Ok(mut lease) = rest::get(client, LEASES, &seat.namespace, &seat.name).await else {
        return;
    };
    if lease["spec"]["holderIdentity"] == seat.identity {
        lease["spec"]["holderIdentity"] = "".into();
        let _ = rest::replace(client, LEASES, &lease).await;
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use kube::client::Body;

    use super::*;

    const WALL: Timestamp = Timestamp::UNIX_EPOCH;

    fn lease(holder: &str, version: &str) -> Value {
        json!({"metadata": {"resourceVersion": version}, "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15, "leaseTransitions": 4}})
    }

    const fn secs(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn a_lease_is_taken_if_there_is_none_or_nobody_holds_it() {
        let mut candidate = Candidate::new("me".into());
        assert!(matches!(
            candidate.step(None, WALL, secs(0)),
            Step::Create(_)
        ));
        let Step::Replace(taken) = candidate.step(Some(&lease("", "1")), WALL, secs(0)) else {
            panic!("it is free");
        };
        assert_eq!(
            (
                &taken["spec"]["holderIdentity"],
                &taken["spec"]["leaseTransitions"]
            ),
            (&json!("me"), &json!(5))
        );
        assert_eq!(
            taken["metadata"]["resourceVersion"], "1",
            "a write that somebody else overtakes is refused"
        );
    }

    #[test]
    fn a_holder_that_renews_keeps_the_lease_and_one_that_does_not_loses_it() {
        let mut candidate = Candidate::new("me".into());
        let waits = Step::Wait("other".into());
        assert_eq!(
            candidate.step(Some(&lease("other", "1")), WALL, secs(100)),
            waits,
            "however old it looks at first sight"
        );
        assert_eq!(
            candidate.step(Some(&lease("other", "2")), WALL, secs(114)),
            waits
        );
        assert_eq!(
            candidate.step(Some(&lease("other", "2")), WALL, secs(129)),
            waits
        );
        assert!(matches!(
            candidate.step(Some(&lease("other", "2")), WALL, secs(130)),
            Step::Replace(_)
        ));
    }

    #[test]
    fn our_own_lease_is_renewed_without_a_transition() {
        let step = Candidate::new("me".into()).step(Some(&lease("me", "1")), WALL, secs(0));
        let Step::Replace(renewed) = step else {
            panic!("it is ours");
        };
        assert_eq!(renewed["spec"]["leaseTransitions"], 4);
        assert_eq!(renewed["spec"]["renewTime"], "1970-01-01T00:00:00.000000Z");
    }

    /// A server that makes the Lease, and then does not answer any more.
    async fn falls_silent(asked: Arc<AtomicUsize>) -> http::Response<Body> {
        let (code, body) = match asked.fetch_add(1, Ordering::Relaxed) {
            0 => (
                404,
                json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404}),
            ),
            1 => (201, lease("me", "1")),
            _ => std::future::pending().await,
        };
        let response = http::Response::builder().status(code);
        response
            .body(Body::from(body.to_string().into_bytes()))
            .expect("a response")
    }

    #[tokio::test(start_paused = true)]
    async fn who_gets_no_answer_gives_up_before_anybody_else_may_begin() {
        let asked = Arc::default();
        let service = tower::service_fn(move |_: http::Request<Body>| {
            let answer = falls_silent(Arc::clone(&asked));
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let seat = Seat {
            namespace: "default".into(),
            name: "x".into(),
            identity: "me".into(),
        };
        let (told, mut standing) = watch::channel(Standing::Asking);
        let (client, candidate) = (Client::new(service, "default"), Candidate::new("me".into()));
        tokio::spawn(hold(client, seat, candidate, Arc::new(|| WALL), told));
        standing
            .wait_for(Standing::works)
            .await
            .expect("it holds the Lease");
        let since = Instant::now();
        let lost = standing.wait_for(|now| *now == Standing::Asking);
        tokio::time::timeout(DURATION, lost)
            .await
            .expect("it gives up")
            .expect("it goes on");
        assert!(since.elapsed() <= GIVE_UP, "{:?}", since.elapsed());
    }
}
