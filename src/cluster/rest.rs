//! Raw requests to the API server: paths, verbs and JSON, without typed structs in between.
//!
//! Objects travel as `serde_json::Value`, so that fields which this build does not know survive (a typed struct drops them).

use std::time::Duration;

use http::Request;
use kube::Client;
use serde_json::{Value, json};

use super::transport::TransportError;

/// The field manager that every write names, where the user names none (`metadata.managedFields[].manager`).
pub const FIELD_MANAGER: &str = "kubectl-batch";

/// A request is given up after this time, repetitions and the whole answer included.
const WHOLE_MAX: Duration = Duration::from_secs(300);

/// A kind of object, as its URL says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `/api/v1` or `/apis/GROUP/VERSION`.
    pub root: &'static str,
    /// The plural name.
    pub plural: &'static str,
    /// `kind`, for messages and for kube's watcher.
    pub kind: &'static str,
}

/// `batch/v1` Jobs.
pub const JOBS: Resource = Resource {
    root: "/apis/batch/v1",
    plural: "jobs",
    kind: "Job",
};
/// Core Pods.
pub const PODS: Resource = Resource {
    root: "/api/v1",
    plural: "pods",
    kind: "Pod",
};
/// Core ConfigMaps.
pub const CONFIGMAPS: Resource = Resource {
    root: "/api/v1",
    plural: "configmaps",
    kind: "ConfigMap",
};
/// Core Events.
pub const EVENTS: Resource = Resource {
    root: "/api/v1",
    plural: "events",
    kind: "Event",
};

impl Resource {
    /// The URL path of the collection in a namespace, or of one object or subresource in it: `["pi", "status"]`.
    pub fn path(self, namespace: &str, rest: &[&str]) -> String {
        let mut path = format!("{}/namespaces/{namespace}/{}", self.root, self.plural);
        for part in rest {
            path.push('/');
            path.push_str(part);
        }
        path
    }

    /// The same as kube's description of a dynamic kind.
    pub fn api_resource(self) -> kube::core::ApiResource {
        let (group, version) = match self.root.strip_prefix("/apis/") {
            Some(group_version) => group_version
                .split_once('/')
                .unwrap_or((group_version, "v1")),
            None => ("", "v1"),
        };
        let gvk = kube::core::GroupVersionKind::gvk(group, version, self.kind);
        kube::core::ApiResource::from_gvk_with_plural(&gvk, self.plural)
    }
}

/// POST of one object into its namespace.
pub async fn create(
    client: &Client,
    resource: Resource,
    namespace: &str,
    query: &str,
    object: &Value,
) -> kube::Result<Value> {
    let path = with_query(&resource.path(namespace, &[]), query);
    send(client, "POST", &path, "application/json", object).await
}

/// GET of one object.
pub async fn get(
    client: &Client,
    resource: Resource,
    namespace: &str,
    name: &str,
) -> kube::Result<Value> {
    let path = resource.path(namespace, &[name]);
    send(client, "GET", &path, "application/json", &Value::Null).await
}

/// GET of any path, query included.
pub async fn get_path(client: &Client, path: &str) -> kube::Result<Value> {
    send(client, "GET", path, "application/json", &Value::Null).await
}

/// POST to any path.
pub async fn post_path(client: &Client, path: &str, object: &Value) -> kube::Result<Value> {
    send(client, "POST", path, "application/json", object).await
}

/// PUT of a whole object to its status subresource; the server checks its resourceVersion.
pub async fn replace_status(
    client: &Client,
    resource: Resource,
    object: &Value,
) -> kube::Result<Value> {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("")
    };
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    let path = with_query(&resource.path(namespace, &[name, "status"]), "");
    send(client, "PUT", &path, "application/json", object).await
}

/// PUT of a whole object; the server checks its resourceVersion.
pub async fn replace(client: &Client, resource: Resource, object: &Value) -> kube::Result<Value> {
    let text = |pointer: &str| {
        let value = object.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_default()
    };
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    let path = with_query(&resource.path(namespace, &[name]), "");
    send(client, "PUT", &path, "application/json", object).await
}

/// PATCH with RFC 6902 operations; a failed `test` is an error 422.
pub async fn json_patch(
    client: &Client,
    resource: Resource,
    namespace: &str,
    name: &str,
    operations: &Value,
) -> kube::Result<Value> {
    let path = with_query(&resource.path(namespace, &[name]), "");
    send(
        client,
        "PATCH",
        &path,
        "application/json-patch+json",
        operations,
    )
    .await
}

/// PATCH with an RFC 7386 merge patch.
pub async fn merge_patch(
    client: &Client,
    resource: Resource,
    namespace: &str,
    name: &str,
    patch: &Value,
) -> kube::Result<Value> {
    let url = with_query(&resource.path(namespace, &[name]), "");
    send(client, "PATCH", &url, "application/merge-patch+json", patch).await
}

/// DELETE with `metav1.DeleteOptions`.
pub async fn delete(
    client: &Client,
    resource: Resource,
    namespace: &str,
    name: &str,
    options: &Value,
) -> kube::Result<Value> {
    let path = resource.path(namespace, &[name]);
    send(client, "DELETE", &path, "application/json", options).await
}

/// `DeleteOptions` that hit only the object with this uid, and leave its dependents to the garbage collector.
pub fn only_uid(uid: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "DeleteOptions",
        "propagationPolicy": "Background", "preconditions": {"uid": uid},
    })
}

/// Whether an error is the server's answer with this HTTP status.
pub fn is_status(error: &kube::Error, code: u16) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == code)
}

fn with_query(path: &str, query: &str) -> String {
    let separator = if query.is_empty() { "" } else { "&" };
    format!("{path}?fieldManager={FIELD_MANAGER}{separator}{query}")
}

async fn send(
    client: &Client,
    verb: &str,
    path: &str,
    content_type: &str,
    body: &Value,
) -> kube::Result<Value> {
    let bytes = if body.is_null() {
        Vec::new()
    } else {
        serde_json::to_vec(body).map_err(kube::Error::SerdeError)?
    };
    let request = Request::builder()
        .method(verb)
        .uri(path)
        .header(http::header::CONTENT_TYPE, content_type)
        .header(http::header::ACCEPT, "application/json")
        .body(bytes)
        .map_err(kube::Error::HttpError)?;
    let answer = tokio::time::timeout(WHOLE_MAX, client.request(request)).await;
    answer.unwrap_or_else(|_| {
        let seconds = WHOLE_MAX.as_secs();
        Err(kube::Error::Service(Box::new(TransportError::NoAnswer {
            seconds,
        })))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_group_namespace_object_and_subresource() {
        assert_eq!(
            JOBS.path("default", &["pi", "status"]),
            "/apis/batch/v1/namespaces/default/jobs/pi/status"
        );
        assert_eq!(PODS.path("ci", &[]), "/api/v1/namespaces/ci/pods");
    }

    #[test]
    fn kinds_keep_their_group() {
        let jobs = JOBS.api_resource();
        assert_eq!(
            (jobs.group.as_str(), jobs.version.as_str()),
            ("batch", "v1")
        );
        assert_eq!(PODS.api_resource().group, "");
    }
}
