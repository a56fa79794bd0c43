//! Changes of an object that is there: replace and patch, of the object or of its status.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{ApiError, Key, State, Store, object};
use crate::job::status_rules::validate_status_update;
use crate::local::kind::{JOB, Kind, POD};

/// Which part of an object a write is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Everything but the status.
    Object,
    /// Nothing but the status.
    Status,
}

/// A patch in one of the two forms that are understood.
#[derive(Clone, Debug)]
pub enum Patch {
    /// RFC 7386; strategic merge patches are taken for this where they do not merge lists.
    Merge(Value),
    /// RFC 6902.
    Json(json_patch::Patch),
}

impl Store {
    /// Replaces an object; a resourceVersion in it must be the current one.
    pub fn replace(
        &self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
        target: Target,
        object: Value,
    ) -> Result<Arc<Value>, ApiError> {
        self.transact(|state| state.update(kind, namespace, name, target, |_| Ok(object)))
    }

    /// Patches an object.
    pub fn patch(
        &self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
        target: Target,
        patch: &Patch,
    ) -> Result<Arc<Value>, ApiError> {
        self.transact(|state| {
            state.update(kind, namespace, name, target, |current| {
                apply(kind, name, current, patch)
            })
        })
    }
}

fn apply(kind: &Kind, name: &str, current: &Value, patch: &Patch) -> Result<Value, ApiError> {
    let mut object = current.clone();
    match patch {
        Patch::Merge(merge) => {
            // Without a version of its own a patch applies to whatever is there.
            json_patch::merge(&mut object, merge);
        }
        Patch::Json(operations) => json_patch::patch(&mut object, operations).map_err(|error| {
            let message =
                format!("the server rejected our request due to an error in our request: {error}");
            ApiError {
                message,
                ..ApiError::invalid(kind, name, &[])
            }
        })?,
    }
    Ok(object)
}

impl State {
    fn update(
        &mut self,
        kind: &'static Kind,
        namespace: &str,
        name: &str,
        target: Target,
        change: impl FnOnce(&Value) -> Result<Value, ApiError>,
    ) -> Result<Arc<Value>, ApiError> {
        let key = Key::new(kind, namespace, name);
        let current = self.object(&key)?.clone();
        let mut wanted = change(&current)?;
        check_identity(kind, name, &current, &wanted)?;
        keep_server_fields(&current, &mut wanted, target, kind);
        if kind.has_status && target == Target::Object {
            check_immutable(kind, name, &current, &wanted)?;
        }
        if *kind == JOB && target == Target::Status {
            check_job_status(name, &current, &wanted)?;
        }
        if wanted == *current {
            return Ok(current);
        }
        let spec_changed = wanted.get("spec") != current.get("spec");
        if spec_changed
            && let Some(generation) = current
                .pointer("/metadata/generation")
                .and_then(Value::as_i64)
        {
            wanted["metadata"]["generation"] = json!(generation + 1);
        }
        let may_go = object::may_go(&wanted);
        let stored = self.put(&key, wanted)?;
        if may_go {
            return Ok(self.finish_deletion(&key).unwrap_or(stored));
        }
        Ok(stored)
    }
}

fn check_identity(
    kind: &Kind,
    name: &str,
    current: &Value,
    wanted: &Value,
) -> Result<(), ApiError> {
    let field = |object: &Value, pointer: &str| object::text(object, pointer).map(str::to_owned);
    let differs = |pointer: &str| {
        field(wanted, pointer).is_some_and(|value| Some(value) != field(current, pointer))
    };
    if differs("/metadata/name") || differs("/metadata/namespace") {
        return Err(ApiError::bad_request(
            "the name of the object does not match the name on the URL",
        ));
    }
    if differs("/metadata/uid") {
        let why = "Precondition failed: UID in precondition differs from UID in object meta";
        return Err(ApiError::conflict(kind, name, why));
    }
    if differs("/metadata/resourceVersion") {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        return Err(ApiError::conflict(kind, name, why));
    }
    Ok(())
}

/// What the server refuses in a Job's status, whoever writes it.
fn check_job_status(name: &str, current: &Value, wanted: &Value) -> Result<(), ApiError> {
    let causes = validate_status_update(&current["spec"], &current["status"], &wanted["status"]);
    let causes: Vec<_> = causes
        .into_iter()
        .map(|cause| {
            (
                cause.field,
                format!("{} value: refused by {}", cause.kind, cause.rule),
            )
        })
        .collect();
    if causes.is_empty() {
        Ok(())
    } else {
        Err(ApiError::invalid(&JOB, name, &causes))
    }
}

/// A write to one part leaves the other as it is, and nobody writes what belongs to the server.
fn keep_server_fields(current: &Value, wanted: &mut Value, target: Target, kind: &Kind) {
    let keep = |wanted: &mut Value, field: &str| match current.get(field) {
        Some(value) => wanted[field] = value.clone(),
        None => {
            if let Some(object) = wanted.as_object_mut() {
                object.shift_remove(field);
            }
        }
    };
    match target {
        Target::Status => {
            let status = wanted.get("status").cloned().unwrap_or(json!({}));
            *wanted = current.clone();
            wanted["status"] = status;
        }
        Target::Object if kind.has_status => keep(wanted, "status"),
        Target::Object => {}
    }
    keep(wanted, "apiVersion");
    keep(wanted, "kind");
    for field in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "generation",
        "resourceVersion",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        match current["metadata"].get(field) {
            Some(value) => wanted["metadata"][field] = value.clone(),
            None => {
                if let Some(metadata) = wanted["metadata"].as_object_mut() {
                    metadata.shift_remove(field);
                }
            }
        }
    }
}

/// Fields that stay as they were created (`ValidateJobUpdate`, `ValidatePodUpdate`).
fn check_immutable(
    kind: &Kind,
    name: &str,
    current: &Value,
    wanted: &Value,
) -> Result<(), ApiError> {
    let fields: &[&str] = if *kind == JOB {
        &[
            "/spec/selector",
            "/spec/template",
            "/spec/completions",
            "/spec/completionMode",
            "/spec/backoffLimitPerIndex",
            "/spec/managedBy",
        ]
    } else if *kind == POD {
        &["/spec/containers", "/spec/restartPolicy"]
    } else {
        &[]
    };
    let started = !current["status"]["startTime"].is_null();
    let mutable_while_suspended = |field: &str| field == "/spec/template" && !started;
    let causes: Vec<_> = fields
        .iter()
        .filter(|field| {
            !mutable_while_suspended(field) && current.pointer(field) != wanted.pointer(field)
        })
        .map(|field| {
            (
                field[1..].replace('/', "."),
                "Invalid value: field is immutable".to_owned(),
            )
        })
        .collect();
    if causes.is_empty() {
        Ok(())
    } else {
        Err(ApiError::invalid(kind, name, &causes))
    }
}
