//! Between the loop and the API server: every request has a deadline, and the creation of Pods keeps a pace.

#![expect(
    clippy::disallowed_methods,
    reason = "deadlines and the pace need a clock"
)]

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode, header};
use kube::Client;
use kube::client::Body;
use tokio::time::Instant;
use tower::Service;

use super::pace::Pace;

/// A request that is not answered within this time has failed; what a watch sends after its answer is not meant.
const DEADLINE: Duration = Duration::from_secs(30);

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Failure>> + Send>>;

/// The same client, governed; Pods are created at most at this rate, if one is given.
pub(super) fn governed(client: Client, pods_per_second: Option<f64>) -> Client {
    let namespace = client.default_namespace().to_owned();
    let governor = Governor {
        client,
        pace: Arc::new(Mutex::new(Pace::new(pods_per_second))),
        began: Instant::now(),
    };
    Client::new(governor, namespace)
}

#[derive(Clone)]
struct Governor {
    client: Client,
    pace: Arc<Mutex<Pace>>,
    began: Instant,
}

impl Governor {
    async fn send(self, request: Request<Body>) -> Result<Response<Body>, Failure> {
        let creates_pod =
            request.method() == Method::POST && request.uri().path().ends_with("/pods");
        if creates_pod {
            let wait = self.with_pace(Pace::reserve);
            tokio::time::sleep(wait).await;
        }
        let answer = tokio::time::timeout(DEADLINE, self.client.send(request)).await;
        let answer = answer.map_err(|_| format!("no answer within {} s", DEADLINE.as_secs()))??;
        match answer.status() {
            StatusCode::TOO_MANY_REQUESTS => {
                let retry_after = retry_after(&answer);
                self.with_pace(|pace, now| pace.refused(now, retry_after));
            }
            status if creates_pod && status.is_success() => {
                self.with_pace(|pace, _| pace.accepted());
            }
            _ => {}
        }
        Ok(answer)
    }

    fn with_pace<T>(&self, act: impl FnOnce(&mut Pace, Duration) -> T) -> T {
        let now = self.began.elapsed();
        act(
            &mut self
                .pace
                .lock()
                .expect("nothing panics while it holds the pace"),
            now,
        )
    }
}

fn retry_after(answer: &Response<Body>) -> Option<Duration> {
    let seconds = answer.headers().get(header::RETRY_AFTER)?;
    seconds.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

impl Service<Request<Body>> for Governor {
    type Response = Response<Body>;
    type Error = Failure;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Answer {
        Box::pin(self.clone().send(request))
    }
}
