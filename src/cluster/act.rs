//! What is done to a group that is there: list it, delete it.

use std::fmt::Write;

use futures::{StreamExt, stream};
use kube::Client;
use serde_json::{Value, json};

use super::problem::Problem;
use super::rest::{self, EVENTS, JOBS, Resource};
use crate::group::Place;

/// Objects in one page of a list.
const PAGE: usize = 500;
/// Deletions that are under way at a time.
const CONCURRENCY: usize = 16;
/// Events of one object that are read.
const EVENTS_MAX: usize = 50;

/// All objects of a kind that a label selector matches, in pages; in every namespace if none is given.
pub async fn list(
    client: &Client,
    resource: Resource,
    namespace: Option<&str>,
    selector: &str,
) -> Result<Vec<Value>, Problem> {
    let mut found = Vec::new();
    list_each(client, resource, namespace, selector, |object| {
        found.push(object);
    })
    .await?;
    Ok(found)
}

/// The same for whoever needs only a part of each object: one page is held at a time.
pub async fn list_each(
    client: &Client,
    resource: Resource,
    namespace: Option<&str>,
    selector: &str,
    mut visit: impl FnMut(Value),
) -> Result<(), Problem> {
    let path = match namespace {
        Some(namespace) => resource.path(namespace, &[]),
        None => format!("{}/{}", resource.root, resource.plural),
    };
    let mut next = String::new();
    loop {
        let uri = format!(
            "{path}?limit={PAGE}&labelSelector={}{next}",
            encode(selector)
        );
        let mut page = rest::get_path(client, &uri).await?;
        if let Some(items) = page["items"].as_array_mut() {
            items.drain(..).for_each(&mut visit);
        }
        match page["metadata"]["continue"].as_str() {
            Some(token) if !token.is_empty() => next = format!("&continue={}", encode(token)),
            _ => return Ok(()),
        }
    }
}

/// Deletes Jobs with everything that belongs to them; one that is gone already counts as deleted.
///
/// Gives the names of those that were deleted, and the first error.
pub async fn delete_jobs(
    client: &Client,
    jobs: Vec<Value>,
    dry_run: bool,
) -> (Vec<String>, Option<Problem>) {
    let mut requests = stream::iter(jobs)
        .map(|job| async move {
            let text = |pointer: &str| {
                job.pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
            let mut options = rest::only_uid(&text("/metadata/uid"));
            if dry_run {
                options["dryRun"] = json!(["All"]);
            }
            let result = rest::delete(client, JOBS, &namespace, &name, &options).await;
            (name, result)
        })
        .buffer_unordered(CONCURRENCY);
    let (mut deleted, mut first_error) = (Vec::new(), None);
    while let Some((name, result)) = requests.next().await {
        match result {
            Ok(_) => deleted.push(name),
            Err(error) if rest::is_status(&error, 404) => deleted.push(name),
            Err(error) => {
                first_error.get_or_insert(Problem::from(error));
            }
        }
    }
    deleted.sort();
    (deleted, first_error)
}

/// Suspends Jobs, or resumes them; one that is gone or over needs neither. Gives the first error.
pub async fn suspend_jobs(client: &Client, jobs: Vec<Place>, suspend: bool) -> Result<(), Problem> {
    let patch = json!({"spec": {"suspend": suspend}});
    let mut requests = stream::iter(jobs)
        .map(|job| {
            let (patch, client) = (&patch, client);
            async move { rest::merge_patch(client, JOBS, &job.namespace, &job.name, patch).await }
        })
        .buffer_unordered(CONCURRENCY);
    let mut first_error = None;
    while let Some(result) = requests.next().await {
        match result {
            Ok(_) => {}
            Err(error) if rest::is_status(&error, 404) => {}
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    first_error.map_or(Ok(()), |error| Err(error.into()))
}

/// Sets how many seconds after its end a Job is deleted; one that is gone, or another one by now, is left alone.
pub async fn set_ttl(client: &Client, job: &Place, uid: &str, seconds: u64) -> Result<(), Problem> {
    let patch = json!({"metadata": {"uid": uid}, "spec": {"ttlSecondsAfterFinished": seconds}});
    match rest::merge_patch(client, JOBS, &job.namespace, &job.name, &patch).await {
        Err(error) if rest::is_status(&error, 404) || rest::is_status(&error, 409) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

/// The Events of one object, at most 50.
pub async fn events_of(client: &Client, namespace: &str, uid: &str) -> Result<Vec<Value>, Problem> {
    let selector = encode(&format!("involvedObject.uid={uid}"));
    let path = EVENTS.path(namespace, &[]);
    let path = format!("{path}?fieldSelector={selector}&limit={EVENTS_MAX}");
    let mut answer = rest::get_path(client, &path).await?;
    match answer["items"].take() {
        Value::Array(events) => Ok(events),
        _ => Ok(Vec::new()),
    }
}

/// Percent-encodes what may not stand in a query (RFC 3986).
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn a_selector_survives_a_query_string() {
        assert_eq!(encode("jobgroup=a,b!=c"), "jobgroup%3Da%2Cb%21%3Dc");
    }
}
