//! Writes: create, replace, patch, delete.

use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::query::Query;
use super::respond::Answer;
use crate::local::kind::Kind;
use crate::local::store::{ApiError, DeleteOptions, Patch, Propagation, Store, Target};

/// Which object a write is about.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) kind: &'static Kind,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
}

/// POST to a collection.
pub(super) fn create(
    store: &Store,
    kind: &'static Kind,
    namespace: Option<&str>,
    query: &Query,
    object: Value,
) -> Result<Answer, ApiError> {
    let named = object["kind"].as_str().unwrap_or(kind.kind);
    let version = object["apiVersion"]
        .as_str()
        .map_or_else(|| kind.api_version(), str::to_owned);
    if named != kind.kind || version != kind.api_version() {
        return Err(ApiError::bad_request(format!(
            "{named} in version \"{version}\" cannot be handled as a {}",
            kind.kind
        )));
    }
    let namespace = match namespace {
        Some(namespace) => namespace,
        None if kind.namespaced => return Err(ApiError::no_method()),
        None => "",
    };
    let created = store.create(kind, namespace, object, query.dry_run)?;
    Ok(Answer::Created((*created).clone()))
}

/// Which part a PUT or PATCH is about.
pub(super) fn target(kind: &Kind, subresource: Option<&str>) -> Result<Target, ApiError> {
    match subresource {
        None => Ok(Target::Object),
        Some("status") if kind.has_status => Ok(Target::Status),
        Some(_) => Err(ApiError::no_path()),
    }
}

/// PUT of an object or its status.
pub(super) fn replace(
    store: &Store,
    place: Place<'_>,
    target: Target,
    object: Value,
) -> Result<Answer, ApiError> {
    let replaced = store.replace(place.kind, place.namespace, place.name, target, object)?;
    Ok(Answer::Object(replaced))
}

/// PATCH of an object or its status.
pub(super) fn patch(
    store: &Store,
    place: Place<'_>,
    target: Target,
    parts: &http::request::Parts,
    body: &[u8],
) -> Result<Answer, ApiError> {
    let content_type = parts
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let patch = match content_type.split(';').next().unwrap_or("") {
        "application/json-patch+json" => Patch::Json(
            serde_json::from_slice(body)
                .map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}")))?,
        ),
        "application/merge-patch+json" | "application/strategic-merge-patch+json" => {
            Patch::Merge(super::json_body(body)?)
        }
        other => return Err(ApiError::unsupported(other)),
    };
    let patched = store.patch(place.kind, place.namespace, place.name, target, &patch)?;
    Ok(Answer::Object(patched))
}

/// DELETE of one object: its last state, or a Status once it is gone.
pub(super) fn delete(
    store: &Store,
    place: Place<'_>,
    query: &Query,
    body: &Value,
) -> Result<Answer, ApiError> {
    let options = options(query, body)?;
    let last = store.delete(place.kind, place.namespace, place.name, &options)?;
    if store.get(place.kind, place.namespace, place.name).is_ok() {
        return Ok(Answer::Object(last));
    }
    Ok(Answer::Made(json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": {
            "name": place.name, "group": place.kind.group, "kind": place.kind.plural,
            "uid": last["metadata"]["uid"],
        },
    })))
}

/// DELETE of all objects that the selectors match.
pub(super) fn delete_collection(
    store: &Store,
    kind: &'static Kind,
    namespace: Option<&str>,
    query: &Query,
    body: &Value,
) -> Result<Answer, ApiError> {
    let options = options(query, body)?;
    let listed = store.list(kind, namespace, &query.filter, None, None);
    for object in &listed.objects {
        let text = |pointer: &str| {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or("")
        };
        match store.delete(
            kind,
            text("/metadata/namespace"),
            text("/metadata/name"),
            &options,
        ) {
            Err(error) if error.code != 404 => return Err(error),
            _ => {}
        }
    }
    Ok(Answer::Made(
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}),
    ))
}

/// The body says it, and the query says it where the body is silent.
fn options(query: &Query, body: &Value) -> Result<DeleteOptions, ApiError> {
    let mut options = DeleteOptions::from_value(body)?;
    if body.pointer("/propagationPolicy").is_none()
        && let Some(policy) = &query.propagation
    {
        let said = DeleteOptions::from_value(&json!({"propagationPolicy": policy}))?;
        options.propagation = said.propagation;
    } else if body["orphanDependents"] == true {
        options.propagation = Propagation::Orphan;
    }
    options.grace = options.grace.or(query.grace);
    options.dry_run |= query.dry_run;
    Ok(options)
}
