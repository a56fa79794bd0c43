//! Answers as HTTP responses.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use http::{Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use serde_json::Value;

use crate::local::store::ApiError;

/// The body of every response.
pub type ApiBody = UnsyncBoxBody<Bytes, std::io::Error>;

/// What a request that went well is answered with.
pub(super) enum Answer {
    /// 200 with an object.
    Object(Arc<Value>),
    /// 200 with something made for this answer.
    Made(Value),
    /// 201 with something made for this answer.
    Created(Value),
    /// 200, one JSON object after another.
    Events(BoxStream<'static, std::io::Result<Bytes>>),
    /// 200, plain text.
    Text(BoxStream<'static, std::io::Result<Bytes>>),
}

/// The response to a request without the right credentials.
pub fn unauthorized() -> Response<ApiBody> {
    answer(Err(ApiError::unauthorized()))
}

/// The response to a request.
pub(super) fn answer(result: Result<Answer, ApiError>) -> Response<ApiBody> {
    match result {
        Ok(Answer::Object(object)) => json(StatusCode::OK, &object),
        Ok(Answer::Made(object)) => json(StatusCode::OK, &object),
        Ok(Answer::Created(object)) => json(StatusCode::CREATED, &object),
        Ok(Answer::Events(stream)) => streamed("application/json", stream),
        Ok(Answer::Text(stream)) => streamed("text/plain", stream),
        Err(error) => {
            let code =
                StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            json(code, &error.status())
        }
    }
}

fn json(code: StatusCode, object: &Value) -> Response<ApiBody> {
    let body = Full::new(Bytes::from(object.to_string()));
    respond(
        code,
        "application/json",
        body.map_err(|never| match never {}).boxed_unsync(),
    )
}

fn streamed(
    content_type: &'static str,
    stream: BoxStream<'static, std::io::Result<Bytes>>,
) -> Response<ApiBody> {
    let body = StreamBody::new(stream.map(|bytes| bytes.map(Frame::data)));
    respond(StatusCode::OK, content_type, BodyExt::boxed_unsync(body))
}

fn respond(code: StatusCode, content_type: &'static str, body: ApiBody) -> Response<ApiBody> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    let value = header::HeaderValue::from_static(content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response
}
