//! What the API refuses, as `metav1.Status` (`apimachinery/pkg/api/errors/errors.go`).

use serde_json::{Value, json};

use crate::local::kind::Kind;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} ({code}): {message}")]
pub struct ApiError {
    /// HTTP status.
    pub code: u16,
    /// The word for programs.
    pub reason: &'static str,
    /// The sentence for people.
    pub message: String,
    /// `details`.
    pub details: Value,
}

impl ApiError {
    fn new(code: u16, reason: &'static str, message: String, details: Value) -> Self {
        Self {
            code,
            reason,
            message,
            details,
        }
    }

    /// Nobody is known by these credentials.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized".into(), Value::Null)
    }

    /// No such object.
    pub fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", kind.qualified());
        Self::new(404, "NotFound", message, about(kind, name))
    }

    /// The name is taken.
    pub fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", kind.qualified());
        Self::new(409, "AlreadyExists", message, about(kind, name))
    }

    /// The object is not the one that the request was made for.
    pub fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            kind.qualified()
        );
        Self::new(409, "Conflict", message, about(kind, name))
    }

    /// The object breaks rules; each cause is a field and what is wrong with it.
    pub fn invalid(kind: &Kind, name: &str, causes: &[(String, String)]) -> Self {
        let list: Vec<_> = causes
            .iter()
            .map(|(field, problem)| format!("{field}: {problem}"))
            .collect();
        let list = match list.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let group = if kind.group.is_empty() {
            String::new()
        } else {
            format!(".{}", kind.group)
        };
        let message = format!("{}{group} \"{name}\" is invalid: {list}", kind.kind);
        let mut details = json!({"name": name, "group": kind.group, "kind": kind.kind});
        details["causes"] = causes
            .iter()
            .map(|(field, problem)| {
                json!({"reason": "FieldValueInvalid", "message": problem, "field": field})
            })
            .collect();
        Self::new(422, "Invalid", message, details)
    }

    /// The request itself makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message.into(), Value::Null)
    }

    /// There is nothing at this path.
    pub fn no_path() -> Self {
        let message = "the server could not find the requested resource".into();
        Self::new(404, "NotFound", message, json!({}))
    }

    /// The verb is not for this path.
    pub fn no_method() -> Self {
        let message = "the server does not allow this method on the requested resource".into();
        Self::new(405, "MethodNotAllowed", message, json!({}))
    }

    /// The patch is of a type that is not understood.
    pub fn unsupported(content_type: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: \
             application/json-patch+json, application/merge-patch+json; got {content_type}"
        );
        Self::new(415, "UnsupportedMediaType", message, json!({}))
    }

    /// The watch history does not reach back so far.
    pub fn gone(asked: u64, oldest: u64) -> Self {
        let message = format!("too old resource version: {asked} ({oldest})");
        Self::new(410, "Expired", message, Value::Null)
    }

    /// The object is larger than etcd would take.
    pub fn too_large(bytes: usize) -> Self {
        let message = format!("Request entity too large: {bytes} bytes, the limit is 1572864");
        Self::new(413, "RequestEntityTooLarge", message, json!({}))
    }

    /// The body of the answer.
    pub fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status
    }
}

fn about(kind: &Kind, name: &str) -> Value {
    let mut details = json!({"name": name, "kind": kind.plural});
    if !kind.group.is_empty() {
        details["group"] = kind.group.into();
    }
    details
}
