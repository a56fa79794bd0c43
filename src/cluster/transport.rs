//! What stands between kube's client and the network: warnings are noted, requests that may be repeated are, and failed
//! connections are told apart by whether the request can have reached the server.
//!
//! Creations are never repeated here: whether that is right depends on what the server did, and `submit` finds that out.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Method, Request, Response};
use kube::client::retry::RetryPolicy;
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config};
use tower::buffer::BufferLayer;
use tower::retry::{Policy, RetryLayer};
use tower::{BoxError, Layer, Service, ServiceBuilder};

use super::root_cause::root_cause;
use super::warnings::Warnings;

/// The head of an answer that takes longer is not waited for. API servers themselves give up after 60 seconds.
pub(super) const ANSWER_MAX: Duration = Duration::from_secs(65);
/// Requests that wait for their turn in the client.
const BUFFERED_MAX: usize = 1024;

/// Why there is no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nothing listens there; the request was not sent.
    #[error("connection to {host} refused")]
    Refused {
        /// The server, as the kubeconfig names it.
        host: String,
    },
    /// There is no connection; the request was not sent.
    #[error("no connection: {cause}")]
    NotSent {
        /// What is wrong.
        cause: String,
    },
    /// The connection broke; the server may have done what it was asked.
    #[error("connection lost: {cause}")]
    Lost {
        /// What is wrong.
        cause: String,
    },
    /// No answer came in time; the server may have done what it was asked.
    #[error("no answer within {seconds} seconds")]
    NoAnswer {
        /// How long an answer was waited for.
        seconds: u64,
    },
}

impl TransportError {
    /// Whether the server cannot have seen the request.
    pub fn is_unsent(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::NotSent { .. })
    }
}

/// A client for a cluster; warnings of the server are noted.
pub fn client(mut config: Config, warnings: &Warnings) -> kube::Result<Client> {
    config.default_retry = false;
    let host = config
        .cluster_url
        .authority()
        .map_or_else(String::new, ToString::to_string);
    let layers = ServiceBuilder::new()
        .layer(RetryLayer::new(NotCreations(RetryPolicy::server_retry())))
        .layer(BufferLayer::new(BUFFERED_MAX))
        .layer(WatchfulLayer {
            warnings: warnings.clone(),
            host,
        });
    Ok(ClientBuilder::try_from(config)?.with_layer(&layers).build())
}

/// Repeats what the server was too busy for, unless that could create an object twice.
#[derive(Clone)]
struct NotCreations(RetryPolicy);

impl<B> Policy<Request<Body>, Response<B>, BoxError> for NotCreations {
    type Future = <RetryPolicy as Policy<Request<Body>, Response<B>, BoxError>>::Future;

    fn retry(
        &mut self,
        request: &mut Request<Body>,
        result: &mut Result<Response<B>, BoxError>,
    ) -> Option<Self::Future> {
        self.0.retry(request, result)
    }

    fn clone_request(&mut self, request: &Request<Body>) -> Option<Request<Body>> {
        if request.method() == Method::POST {
            return None;
        }
        Policy::<_, Response<B>, BoxError>::clone_request(&mut self.0, request)
    }
}

/// Adds [`Watchful`] to a stack.
#[derive(Clone)]
pub(crate) struct WatchfulLayer {
    pub(crate) warnings: Warnings,
    pub(crate) host: String,
}

impl<S> Layer<S> for WatchfulLayer {
    type Service = Watchful<S>;

    fn layer(&self, inner: S) -> Watchful<S> {
        Watchful {
            inner,
            layer: self.clone(),
        }
    }
}

/// Notes warnings, and says how a connection failed.
pub(crate) struct Watchful<S> {
    inner: S,
    layer: WatchfulLayer,
}

impl<S, B> Service<Request<Body>> for Watchful<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The head of a log that is followed may come with its first line.
        let is_log = request.uri().path().ends_with("/log");
        let response = self.inner.call(request);
        let WatchfulLayer { warnings, host } = self.layer.clone();
        Box::pin(async move {
            let response = if is_log {
                response.await
            } else {
                in_time(response).await
            };
            let response = response.map_err(|error| told_apart(error, &host))?;
            warnings.note(response.headers());
            Ok(response)
        })
    }
}

/// A response whose head comes in time.
async fn in_time<B>(
    response: impl Future<Output = Result<Response<B>, BoxError>>,
) -> Result<Response<B>, BoxError> {
    let answered = tokio::time::timeout(ANSWER_MAX, response).await;
    answered.unwrap_or_else(|_| {
        let seconds = ANSWER_MAX.as_secs();
        Err(Box::new(TransportError::NoAnswer { seconds }))
    })
}

/// What hyper says, as one of ours; anything else, such as a credential plugin that fails, stays as it is.
fn told_apart(error: BoxError, host: &str) -> BoxError {
    let Some(http) = error.downcast_ref::<hyper_util::client::legacy::Error>() else {
        return error;
    };
    let cause = root_cause(http);
    Box::new(if !http.is_connect() {
        TransportError::Lost { cause }
    } else if is_refused(http) {
        TransportError::Refused { host: host.into() }
    } else {
        TransportError::NotSent { cause }
    })
}

fn is_refused(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && io.kind() == std::io::ErrorKind::ConnectionRefused
        {
            return true;
        }
        next = error.source();
    }
    false
}
