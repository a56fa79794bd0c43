//! The Kubernetes REST API over the [`Store`], as a `tower` service: what `kube::Client` or a TLS server is put on.

mod discovery;
mod group_version;
mod listing;
mod logs;
mod openapi;
mod query;
mod respond;
mod route;
mod watching;
mod writing;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Limited};
use serde_json::Value;

pub use logs::{LogRequest, Logs};
use query::Query;
use respond::{Answer, answer};
pub use respond::{ApiBody, unauthorized};
use route::Route;

use super::store::{ApiError, Store};

/// The largest request body.
const MAX_BODY: usize = 3 * 1024 * 1024;

/// The API server. Clones share the store.
#[derive(Clone)]
pub struct Api {
    store: Arc<Store>,
    logs: Logs,
}

impl Api {
    /// Serves a store; `logs` reads what containers wrote.
    pub fn new(store: Arc<Store>, logs: Logs) -> Self {
        Self { store, logs }
    }

    /// Answers one request.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<ApiBody>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let body = match Limited::new(body, MAX_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => return answer(Err(ApiError::bad_request(error.to_string()))),
        };
        answer(self.dispatch(&parts, &body))
    }

    fn dispatch(&self, parts: &http::request::Parts, body: &[u8]) -> Result<Answer, ApiError> {
        let query = Query::parse(parts.uri.query().unwrap_or(""))?;
        let route = Route::parse(parts.uri.path()).ok_or_else(ApiError::no_path)?;
        match route {
            Route::Discovery(what) => discovery::answer(&what),
            Route::AccessReview => Ok(Answer::Created(discovery::allowed(&json_body(body)?))),
            Route::Collection { kind, namespace } => match parts.method {
                Method::GET if query.watch => {
                    Ok(watching::watch(&self.store, kind, namespace, &query))
                }
                Method::GET => {
                    listing::list(&self.store, kind, namespace.as_deref(), &query, parts)
                }
                Method::POST => writing::create(
                    &self.store,
                    kind,
                    namespace.as_deref(),
                    &query,
                    json_body(body)?,
                ),
                Method::DELETE => {
                    let options = optional_body(body)?;
                    writing::delete_collection(
                        &self.store,
                        kind,
                        namespace.as_deref(),
                        &query,
                        &options,
                    )
                }
                _ => Err(ApiError::no_method()),
            },
            Route::Object {
                kind,
                namespace,
                name,
                subresource,
            } => {
                let place = writing::Place {
                    kind,
                    namespace: &namespace,
                    name: &name,
                };
                match (&parts.method, subresource.as_deref()) {
                    (&Method::GET, None | Some("status")) => {
                        let object = self.store.get(kind, &namespace, &name)?;
                        Ok(listing::one(kind, object, parts))
                    }
                    (&Method::GET, Some("log")) => {
                        logs::answer(&self.logs, self.store.get(kind, &namespace, &name)?, &query)
                    }
                    (&Method::DELETE, None) => {
                        writing::delete(&self.store, place, &query, &optional_body(body)?)
                    }
                    (&Method::PUT, subresource) => writing::replace(
                        &self.store,
                        place,
                        writing::target(kind, subresource)?,
                        json_body(body)?,
                    ),
                    (&Method::PATCH, subresource) => writing::patch(
                        &self.store,
                        place,
                        writing::target(kind, subresource)?,
                        parts,
                        body,
                    ),
                    _ => Err(ApiError::no_method()),
                }
            }
        }
    }
}

fn json_body(body: &[u8]) -> Result<Value, ApiError> {
    serde_json::from_slice(body)
        .map_err(|error| ApiError::bad_request(format!("the object provided is no JSON: {error}")))
}

fn optional_body(body: &[u8]) -> Result<Value, ApiError> {
    if body.is_empty() {
        Ok(Value::Null)
    } else {
        json_body(body)
    }
}

impl<B> tower::Service<Request<B>> for Api
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<ApiBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let api = self.clone();
        Box::pin(async move { Ok(api.handle(request).await) })
    }
}
