//! What the server can do: version, groups, resources; and that everything is allowed.

use serde_json::{Value, json};

use super::group_version::kinds_under;
use super::openapi;
use super::respond::Answer;
use crate::local::kind::{self, Kind};
use crate::local::store::ApiError;

/// The version whose rules are followed.
const VERSION: (&str, &str) = ("1", "36");

/// Answers a discovery path.
pub(super) fn answer(path: &str) -> Result<Answer, ApiError> {
    let (major, minor) = VERSION;
    let made = match path {
        "version" => json!({
            "major": major, "minor": minor, "gitVersion": format!("v{major}.{minor}.0+kubectl-batch"),
            "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
            "goVersion": "", "compiler": "", "platform": std::env::consts::OS,
        }),
        "api" => {
            json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
        }
        "apis" => json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups()}),
        "healthz" | "readyz" | "livez" => json!("ok"),
        "openapi/v3" => openapi::index(),
        path => match path.strip_prefix("openapi/v3/") {
            Some(path) => openapi::document(path)?,
            None => resources(path)?,
        },
    };
    Ok(Answer::Made(made))
}

/// The answer to "may I": yes, there is nobody else.
pub(super) fn allowed(review: &Value) -> Value {
    let mut review = review.clone();
    review["status"] = json!({"allowed": true});
    review
}

fn groups() -> Vec<Value> {
    let mut names: Vec<&str> = kind::all()
        .map(|kind| kind.group)
        .filter(|group| !group.is_empty())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|name| {
            let version = json!({"groupVersion": format!("{name}/v1"), "version": "v1"});
            json!({"name": name, "versions": [version], "preferredVersion": version})
        })
        .collect()
}

fn resources(path: &str) -> Result<Value, ApiError> {
    let (group_version, kinds) = kinds_under(path)?;
    let resources: Vec<Value> = kinds.into_iter().flat_map(rows).collect();
    Ok(json!({
        "kind": "APIResourceList", "apiVersion": "v1",
        "groupVersion": group_version, "resources": resources,
    }))
}

fn rows(kind: &Kind) -> Vec<Value> {
    let verbs = [
        "create",
        "delete",
        "deletecollection",
        "get",
        "list",
        "patch",
        "update",
        "watch",
    ];
    let row = |name: &str, verbs: &[&str]| {
        json!({
            "name": name, "singularName": "", "namespaced": kind.namespaced,
            "kind": kind.kind, "verbs": verbs,
        })
    };
    let mut main = row(kind.plural, &verbs);
    main["singularName"] = kind.kind.to_lowercase().into();
    if !kind.short.is_empty() {
        main["shortNames"] = json!([kind.short]);
    }
    let mut rows = vec![main];
    if kind.has_status {
        rows.push(row(
            &format!("{}/status", kind.plural),
            &["get", "patch", "update"],
        ));
    }
    if *kind == kind::POD {
        rows.push(row("pods/log", &["get"]));
    }
    rows
}
