//! Where objects of a kind are created: a table for the usual kinds, the server's own list for all others.

use std::collections::BTreeMap;

use serde_json::Value;

use super::answer::{Answer, Ask, Trouble, read};
use super::text;
use super::wire::Wire;
use crate::cluster::problem::{Class, Problem};

/// Different kinds in one submission.
const KINDS_MAX: usize = 256;

/// The collection that objects of a kind stand in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// `/api/v1` or `/apis/GROUP/VERSION`.
    root: String,
    plural: String,
    is_namespaced: bool,
}

impl Endpoint {
    /// The URL path of the collection.
    pub(super) fn path(&self, namespace: &str) -> String {
        let Self { root, plural, .. } = self;
        if self.is_namespaced {
            format!("{root}/namespaces/{namespace}/{plural}")
        } else {
            format!("{root}/{plural}")
        }
    }
}

/// The usual kinds: `apiVersion`, `kind`, plural.
const USUAL: &[(&str, &str, &str)] = &[
    ("batch/v1", "Job", "jobs"),
    ("batch/v1", "CronJob", "cronjobs"),
    ("v1", "ConfigMap", "configmaps"),
    ("v1", "Secret", "secrets"),
    ("v1", "Service", "services"),
    ("v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    ("v1", "Pod", "pods"),
];

/// What was learned from the server, by `apiVersion` and `kind`.
#[derive(Debug, Default)]
pub(super) struct Kinds(tokio::sync::Mutex<BTreeMap<(String, String), Endpoint>>);

impl Kinds {
    /// Where an object is created; asks the server about a kind once.
    pub(super) async fn endpoint(&self, wire: &Wire, object: &Value) -> Result<Endpoint, Answer> {
        let (version, kind) = named(object).map_err(Answer::No)?;
        if let Some(endpoint) = usual(version, kind) {
            return Ok(endpoint);
        }
        let mut known = self.0.lock().await;
        let key = (version.to_owned(), kind.to_owned());
        if let Some(endpoint) = known.get(&key) {
            return Ok(endpoint.clone());
        }
        let endpoint = discover(wire, version, kind).await?;
        if known.len() < KINDS_MAX {
            known.insert(key, endpoint.clone());
        }
        Ok(endpoint)
    }
}

fn named(object: &Value) -> Result<(&str, &str), Problem> {
    let both = text(object, "/apiVersion").zip(text(object, "/kind"));
    both.ok_or_else(|| refused("an object has no apiVersion or no kind".into()))
}

fn usual(version: &str, kind: &str) -> Option<Endpoint> {
    let (version, _, plural) = USUAL.iter().find(|(v, k, _)| (*v, *k) == (version, kind))?;
    Some(Endpoint {
        root: root(version),
        plural: (*plural).into(),
        is_namespaced: true,
    })
}

fn root(version: &str) -> String {
    let folder = if version.contains('/') { "apis" } else { "api" };
    format!("/{folder}/{version}")
}

async fn discover(wire: &Wire, version: &str, kind: &str) -> Result<Endpoint, Answer> {
    let root = root(version);
    if !root
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/.-".contains(&byte))
    {
        return Err(Answer::No(no_matches(version, kind)));
    }
    let reply = match wire.get(&root).await {
        Ok(reply) if reply.code == 200 => reply,
        Ok(reply) if reply.code == 404 => return Err(Answer::No(no_matches(version, kind))),
        failed => {
            // Nothing was asked about the object itself, so nothing is in doubt.
            return Err(match read(Ask::LookUp, failed) {
                Answer::Again(trouble) => Answer::Again(Trouble {
                    is_in_doubt: false,
                    ..trouble
                }),
                answer => answer,
            });
        }
    };
    listed(&reply.body, &root, kind).ok_or_else(|| Answer::No(no_matches(version, kind)))
}

/// A kind in an `APIResourceList`; subresources have a `/` in their names.
fn listed(list: &Value, root: &str, kind: &str) -> Option<Endpoint> {
    let resources = list["resources"].as_array()?;
    let resource = resources.iter().find(|resource| {
        resource["kind"] == kind
            && resource["name"]
                .as_str()
                .is_some_and(|name| !name.contains('/'))
    })?;
    Some(Endpoint {
        root: root.into(),
        plural: resource["name"].as_str()?.into(),
        is_namespaced: resource["namespaced"].as_bool().unwrap_or(true),
    })
}

fn no_matches(version: &str, kind: &str) -> Problem {
    refused(format!(
        "no matches for kind \"{kind}\" in version \"{version}\"\n\
         hint: `kubectl api-resources` shows what the cluster has; its CustomResourceDefinition may be missing"
    ))
}

fn refused(message: String) -> Problem {
    Problem {
        message,
        class: Class::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn usual_kinds_need_no_question() {
        let path = |version, kind| usual(version, kind).expect("usual").path("ci");
        assert_eq!(path("batch/v1", "Job"), "/apis/batch/v1/namespaces/ci/jobs");
        assert_eq!(path("v1", "Service"), "/api/v1/namespaces/ci/services");
        assert_eq!(usual("batch/v1beta1", "Job"), None);
    }

    #[test]
    fn a_kind_is_found_in_the_servers_list() {
        let list = json!({"resources": [
            {"name": "widgets/status", "kind": "Widget", "namespaced": true},
            {"name": "widgets", "kind": "Widget", "namespaced": true},
            {"name": "planets", "kind": "Planet", "namespaced": false},
        ]});
        let path = |kind| listed(&list, "/apis/x.io/v1", kind).map(|found| found.path("ci"));
        assert_eq!(
            path("Widget").as_deref(),
            Some("/apis/x.io/v1/namespaces/ci/widgets")
        );
        assert_eq!(path("Planet").as_deref(), Some("/apis/x.io/v1/planets"));
        assert_eq!(path("Star"), None);
    }
}
