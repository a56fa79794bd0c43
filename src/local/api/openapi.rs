//! As much of `OpenAPI` v3 as kubectl asks for before it creates: that the server itself checks fields (KEP-2885).

use serde_json::{Value, json};

use super::group_version::kinds_under;
use crate::local::kind::{self, Kind};
use crate::local::store::ApiError;

/// Which documents there are, by group version.
pub(super) fn index() -> Value {
    let mut paths = json!({});
    for kind in kind::all() {
        let version = kind.api_version();
        let root = if kind.group.is_empty() { "api" } else { "apis" };
        paths[format!("{root}/{version}")] =
            json!({"serverRelativeURL": format!("/openapi/v3/{root}/{version}")});
    }
    json!({"paths": paths})
}

/// The document of `api/v1` or `apis/GROUP/VERSION`: each kind can be patched, with `fieldValidation`.
pub(super) fn document(path: &str) -> Result<Value, ApiError> {
    let (_, kinds) = kinds_under(path)?;
    let mut paths = json!({});
    for kind in kinds {
        let namespace = if kind.namespaced {
            "namespaces/{namespace}/"
        } else {
            ""
        };
        paths[format!("/{path}/{namespace}{}/{{name}}", kind.plural)] =
            json!({"patch": patch(kind)});
    }
    let (title, version) = ("kubectl-batch local cluster", env!("CARGO_PKG_VERSION"));
    Ok(json!({"openapi": "3.0.0", "info": {"title": title, "version": version}, "paths": paths}))
}

fn patch(kind: &Kind) -> Value {
    json!({
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "parameters": [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}],
        "responses": {"200": {"description": "OK"}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_of_the_index_is_there() {
        let index = index();
        let paths = index["paths"].as_object().expect("paths");
        assert!(paths.contains_key("apis/batch/v1"));
        for path in paths.keys() {
            assert!(document(path).is_ok(), "{path}");
        }
        assert!(document("apis/batch/v9").is_err());
    }
}
