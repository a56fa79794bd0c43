//! Reading objects: one, or a list in pages.

use std::sync::Arc;

use serde_json::{Value, json};

use super::query::Query;
use super::respond::Answer;
use crate::local::kind::Kind;
use crate::local::store::{ApiError, Store};

/// The objects that a request wants.
pub(super) fn list(
    store: &Store,
    kind: &'static Kind,
    namespace: Option<&str>,
    query: &Query,
    _parts: &http::request::Parts,
) -> Result<Answer, ApiError> {
    let after = query
        .continue_after
        .as_deref()
        .map(decode_token)
        .transpose()?;
    let listed = store.list(
        kind,
        namespace,
        &query.filter,
        query.limit,
        after.as_deref(),
    );
    let mut metadata = json!({"resourceVersion": listed.revision.to_string()});
    if let Some(next) = listed.next {
        metadata["continue"] = next.replace('\0', "/").into();
    }
    let items: Vec<Value> = listed
        .objects
        .iter()
        .map(|object| untyped(object))
        .collect();
    Ok(Answer::Made(json!({
        "kind": format!("{}List", kind.kind),
        "apiVersion": kind.api_version(),
        "metadata": metadata,
        "items": items,
    })))
}

/// An object as it stands in a list: without its kind and version, which the list says for all (`meta/v1` `TypeMeta` of list items
/// is empty on a real server).
fn untyped(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(fields) = object.as_object_mut() {
        fields.shift_remove("kind");
        fields.shift_remove("apiVersion");
    }
    object
}

/// One object.
pub(super) fn one(
    _kind: &'static Kind,
    object: Arc<Value>,
    _parts: &http::request::Parts,
) -> Answer {
    Answer::Object(object)
}

/// A namespace cannot hold a slash, so the position survives as `NAMESPACE/NAME`.
fn decode_token(token: &str) -> Result<String, ApiError> {
    let (namespace, name) = token
        .split_once('/')
        .ok_or_else(|| ApiError::bad_request("continue key is not valid"))?;
    Ok(format!("{namespace}\0{name}"))
}
