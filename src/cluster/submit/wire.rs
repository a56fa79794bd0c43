//! One request and its whole answer, within a time.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, header};
use http_body_util::{BodyExt, Limited};
use kube::Client;
use kube::client::Body;
use serde_json::Value;

use super::answer::{Answer, Ask, Reply, read};
use super::kinds::{Endpoint, Kinds};
use super::text;
use crate::cluster::root_cause::root_cause;
use crate::cluster::transport::{ANSWER_MAX, TransportError};

/// The largest answer, in bytes; etcd holds objects of 1.5 MB.
const BODY_MAX: usize = 16 * 1024 * 1024;
/// All that is needed of an object that was created is its metadata; a server that cannot do that sends it whole.
const ONLY_METADATA: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json";

/// The way to the server. Clones share it.
#[derive(Clone)]
pub(super) struct Wire {
    client: Client,
    /// What follows `?` in the URL of a creation.
    query: Arc<str>,
    kinds: Arc<Kinds>,
}

impl Wire {
    pub(super) fn new(client: &Client, query: &str) -> Self {
        Self {
            client: client.clone(),
            query: query.into(),
            kinds: Arc::default(),
        }
    }

    /// Asks about one object.
    pub(super) async fn ask(&self, ask: Ask, object: &Value, namespace: &str) -> Answer {
        let endpoint = match self.kinds.endpoint(self, object).await {
            Ok(endpoint) => endpoint,
            Err(answer) => return answer,
        };
        match ask {
            Ask::Create => read(ask, self.create(&endpoint, object, namespace).await),
            Ask::LookUp => {
                let name = text(object, "/metadata/name").unwrap_or_default();
                let path = format!("{}/{name}", endpoint.path(namespace));
                read(ask, self.get(&path).await)
            }
        }
    }

    /// GET of a path.
    pub(super) async fn get(&self, path: &str) -> Result<Reply, TransportError> {
        self.exchange(Method::GET, path, Vec::new()).await
    }

    async fn create(
        &self,
        endpoint: &Endpoint,
        object: &Value,
        namespace: &str,
    ) -> Result<Reply, TransportError> {
        let path = format!("{}?{}", endpoint.path(namespace), self.query);
        let body = serde_json::to_vec(object).map_err(|error| unsent(&error))?;
        self.exchange(Method::POST, &path, body).await
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Reply, TransportError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, ONLY_METADATA)
            .body(Body::from(body))
            .map_err(|error| unsent(&error))?;
        let answered = tokio::time::timeout(ANSWER_MAX, self.answered(request)).await;
        answered.unwrap_or(Err(TransportError::NoAnswer {
            seconds: ANSWER_MAX.as_secs(),
        }))
    }

    async fn answered(&self, request: Request<Body>) -> Result<Reply, TransportError> {
        let response = self
            .client
            .send(request)
            .await
            .map_err(|error| match error {
                kube::Error::Service(inner) => match inner.downcast::<TransportError>() {
                    Ok(transport) => *transport,
                    Err(other) => lost(other.as_ref()),
                },
                other => lost(&other),
            })?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, BODY_MAX).collect().await;
        let body = body.map_err(|error| lost(error.as_ref()))?;
        let bytes = body.to_bytes();
        Ok(Reply {
            code: parts.status.as_u16(),
            retry_after: parts
                .headers
                .get(header::RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.trim().parse().ok())
                .map(Duration::from_secs),
            body: serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into()),
        })
    }
}

fn lost(error: &(dyn std::error::Error + 'static)) -> TransportError {
    TransportError::Lost {
        cause: root_cause(error),
    }
}

fn unsent(error: &(dyn std::error::Error + 'static)) -> TransportError {
    TransportError::NotSent {
        cause: root_cause(error),
    }
}
