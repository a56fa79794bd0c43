//! Creates the members of a group: concurrently, each at most once, and says of each what became of it.

use std::sync::Arc;

use futures::stream::{LocalBoxStream, StreamExt};
use kube::Client;
use serde_json::Value;

use super::gate::Gate;
use super::problem::{Class, Problem};
use super::rest::{self, JOBS, Resource};
use crate::group::Place;

/// Creations that are under way at a time.
const CONCURRENCY: usize = 16;
/// The annotation that a repeated submit compares.
const DIGEST: &str = "/metadata/annotations/kubectl-batch~1digest";

/// The objects of one item, ready to be created.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Where its Job will stand.
    pub place: Place,
    /// All objects of the item, in the template's order.
    pub objects: Vec<Value>,
}

/// What became of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was created now; its Job's uid.
    Created(String),
    /// It was there already, with the same digest.
    Unchanged,
    /// Something else has its name, or the server said no.
    Refused(String),
    /// The server cannot be reached: nothing more will be created.
    Unreachable(String),
}

/// Creates the members as they come; outcomes come in the order in which they are known.
pub fn submit<'a>(
    client: &Client,
    members: impl Iterator<Item = Prepared> + 'a,
    query: &str,
    gate: &Gate,
) -> LocalBoxStream<'a, (Place, Outcome)> {
    let client = client.clone();
    let query: Arc<str> = format!("fieldValidation=Strict{query}").into();
    gate.pass(members)
        .map(move |member| {
            let (client, query) = (client.clone(), query.clone());
            async move {
                let outcome = create_member(&client, &member, &query).await;
                (member.place, outcome)
            }
        })
        .buffer_unordered(CONCURRENCY)
        .boxed_local()
}

async fn create_member(client: &Client, member: &Prepared, query: &str) -> Outcome {
    let mut outcome = Outcome::Unchanged;
    for object in &member.objects {
        let resource = match resource_of(object) {
            Ok(resource) => resource,
            Err(message) => return Outcome::Refused(message),
        };
        let namespace = text(object, "/metadata/namespace").unwrap_or(&member.place.namespace);
        match rest::create(client, resource, namespace, query, object).await {
            Ok(created) if resource == JOBS => {
                let uid = text(&created, "/metadata/uid").unwrap_or_default();
                outcome = Outcome::Created(uid.to_owned());
            }
            Ok(_) => {}
            Err(error) if rest::is_status(&error, 409) => {
                if let Err(refusal) = compare(client, resource, namespace, object, &error).await {
                    return refusal;
                }
            }
            Err(error) => return failed(error),
        }
    }
    outcome
}

/// The name is taken: the same object is fine, whoever created it; another one is not.
async fn compare(
    client: &Client,
    resource: Resource,
    namespace: &str,
    wanted: &Value,
    conflict: &kube::Error,
) -> Result<(), Outcome> {
    let name = text(wanted, "/metadata/name").unwrap_or_default();
    let found = rest::get(client, resource, namespace, name)
        .await
        .map_err(failed)?;
    match (text(&found, DIGEST), text(wanted, DIGEST)) {
        (Some(found), Some(wanted)) if found == wanted => Ok(()),
        (Some(found), Some(wanted)) if resource == JOBS => Err(Outcome::Refused(format!(
            "another Job has this name: its digest is {found}, the template gives {wanted}; \
             delete the group first, or choose another --group and metadata.name"
        ))),
        _ if resource != JOBS => Ok(()),
        _ => Err(Outcome::Refused(format!(
            "{conflict}; a Job with this name is there that this tool did not create"
        ))),
    }
}

fn failed(error: kube::Error) -> Outcome {
    let problem = Problem::from(error);
    match problem.class {
        Class::Refused => Outcome::Refused(problem.message),
        Class::Unreachable => Outcome::Unreachable(problem.message),
    }
}

/// The kinds that a template may hold for now, by `apiVersion` and `kind`.
fn resource_of(object: &Value) -> Result<Resource, String> {
    const KINDS: &[(&str, &str, Resource)] = &[
        ("batch/v1", "Job", JOBS),
        (
            "batch/v1",
            "CronJob",
            resource("/apis/batch/v1", "cronjobs", "CronJob"),
        ),
        (
            "v1",
            "ConfigMap",
            resource("/api/v1", "configmaps", "ConfigMap"),
        ),
        ("v1", "Secret", resource("/api/v1", "secrets", "Secret")),
        ("v1", "Service", resource("/api/v1", "services", "Service")),
        (
            "v1",
            "PersistentVolumeClaim",
            resource("/api/v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
        ),
        ("v1", "Pod", rest::PODS),
    ];
    let (version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
    KINDS
        .iter()
        .find(|(v, k, _)| Some(*v) == version && Some(*k) == kind)
        .map(|(_, _, resource)| *resource)
        .ok_or_else(|| {
            format!(
                "objects of {} {} cannot be submitted yet: use `kubectl batch expand | kubectl create -f -`",
                version.unwrap_or("(no apiVersion)"),
                kind.unwrap_or("(no kind)"),
            )
        })
}

const fn resource(root: &'static str, plural: &'static str, kind: &'static str) -> Resource {
    Resource { root, plural, kind }
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}
