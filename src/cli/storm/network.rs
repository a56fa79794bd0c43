//! The network between a command and the API server: a `tower` service under the layers that a real connection has.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use kube::Client;
use kube::client::Body;
use serde_json::json;
use tower::{BoxError, Layer, Service};

use super::fate::Fate;
use super::stream;
use super::world::World;
use crate::cluster::transport::{TransportError, WatchfulLayer};
use crate::cluster::warnings::Warnings;
use crate::local::api::ApiBody;

/// One process' way to the server.
#[derive(Clone)]
pub(super) struct Network(Arc<World>);

/// A client as a command has one, but for the repetition of requests, whose pauses are random.
pub(super) fn client(world: &Arc<World>) -> Client {
    let watchful = WatchfulLayer {
        warnings: Warnings::default(),
        host: "storm".into(),
    };
    Client::new(watchful.layer(Network(world.clone())), "default")
}

impl Network {
    async fn send(self, request: Request<Body>) -> Result<Response<ApiBody>, BoxError> {
        let world = self.0;
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let what = format!("{} {}", parts.method, parts.uri.path());
        let query = parts.uri.query().unwrap_or_default();
        let watches = query.contains("watch=true");
        let writes = parts.method != Method::GET && !parts.uri.path().ends_with("reviews");
        tokio::time::sleep(world.delay()).await;
        let Some(life) = world.life() else {
            let host = "storm".into();
            return Err(Box::new(TransportError::Refused { host }));
        };
        let fate = world.fate(writes, watches);
        if fate != Fate::Delivered {
            world.note(&format!("{what} meets {fate:?}"));
        }
        match fate {
            Fate::Refused(code) => return Ok(refusal(code)),
            Fate::Broken => return Err(lost()),
            Fate::Hanging(false) => return std::future::pending().await,
            Fate::StoredLater(pause) => {
                let server = world.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    handle(&server, &what, &parts, body).await;
                });
                return Ok(refusal(504));
            }
            _ => {}
        }
        // What was sent arrives, even if the process that sent it is gone by then.
        let (server, twice) = (world.clone(), fate == Fate::Twice);
        let answer = tokio::spawn(async move {
            tokio::time::sleep(server.delay()).await;
            if twice {
                handle(&server, &what, &parts, body.clone()).await;
            }
            handle(&server, &what, &parts, body).await
        });
        let answer = answer.await?;
        tokio::time::sleep(world.delay()).await;
        match fate {
            Fate::Lost => Err(lost()),
            Fate::StoredAfterAll => Ok(refusal(504)),
            Fate::Hanging(_) => std::future::pending().await,
            _ if watches && answer.status().is_success() => Ok(stream::watch(answer, world, life)),
            _ => Ok(answer),
        }
    }
}

async fn handle(
    world: &World,
    what: &str,
    parts: &http::request::Parts,
    body: Bytes,
) -> Response<ApiBody> {
    let request = Request::from_parts(parts.clone(), Full::new(body));
    let answer = world.api.handle(request).await;
    if parts.method != Method::GET {
        world.note(&format!("{what} -> {}", answer.status().as_u16()));
    }
    answer
}

fn lost() -> BoxError {
    let cause = "connection reset by peer".into();
    Box::new(TransportError::Lost { cause })
}

/// A refusal as the API server words it.
fn refusal(code: u16) -> Response<ApiBody> {
    let reason = match code {
        409 => "Conflict",
        410 => "Expired",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "InternalError",
    };
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "made up by the storm", "reason": reason, "code": code,
    });
    let body = Full::new(Bytes::from(status.to_string()));
    let mut response = Response::new(body.map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(code).expect("a known status");
    if code == 429 {
        let seconds = HeaderValue::from_static("1");
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

impl Service<Request<Body>> for Network {
    type Response = Response<ApiBody>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<ApiBody>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}
