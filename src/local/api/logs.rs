//! `GET pods/NAME/log`.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use serde_json::Value;

use super::query::{Query, number};
use super::respond::Answer;
use crate::local::store::ApiError;

/// What is wanted of a container's output (`PodLogOptions`).
#[derive(Clone, Debug)]
pub struct LogRequest {
    /// The Pod.
    pub pod: Arc<Value>,
    /// The container's name.
    pub container: String,
    /// Go on until the container ends.
    pub follow: bool,
    /// The try before the last.
    pub previous: bool,
    /// Only so many lines from the end.
    pub tail_lines: Option<usize>,
    /// Only lines of the last so many seconds.
    pub since_seconds: Option<i64>,
    /// Only lines after this instant.
    pub since_time: Option<jiff::Timestamp>,
    /// The instant in front of each line.
    pub timestamps: bool,
    /// Only so many bytes.
    pub limit_bytes: Option<usize>,
}

/// Reads the output of containers.
pub type Logs = Arc<dyn Fn(LogRequest) -> BoxStream<'static, std::io::Result<Bytes>> + Send + Sync>;

/// Answers a request for a container's output.
pub(super) fn answer(logs: &Logs, pod: Arc<Value>, query: &Query) -> Result<Answer, ApiError> {
    let container = choose(&pod, query.other("container"))?;
    refuse_waiting(&pod, &container)?;
    let truth = |name| matches!(query.other(name), Some("true" | "1"));
    let request = LogRequest {
        container,
        follow: truth("follow"),
        previous: truth("previous"),
        tail_lines: parse(query, "tailLines")?,
        since_seconds: parse(query, "sinceSeconds")?,
        since_time: parse(query, "sinceTime")?,
        timestamps: truth("timestamps"),
        limit_bytes: parse(query, "limitBytes")?,
        pod,
    };
    Ok(Answer::Text(logs(request)))
}

fn parse<T: std::str::FromStr>(query: &Query, name: &str) -> Result<Option<T>, ApiError> {
    query
        .other(name)
        .map(|value| number(name, value))
        .transpose()
}

fn choose(pod: &Value, asked: Option<&str>) -> Result<String, ApiError> {
    let name = |pod: &Value| {
        pod["metadata"]["name"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let of = |field: &str| pod["spec"][field].as_array().cloned().unwrap_or_default();
    let text = |container: &Value| container["name"].as_str().unwrap_or_default().to_owned();
    let regular: Vec<String> = of("containers").iter().map(text).collect();
    match (asked, regular.as_slice()) {
        (Some(asked), _) => {
            let known = regular
                .iter()
                .cloned()
                .chain(of("initContainers").iter().map(text))
                .any(|name| name == asked);
            if known {
                return Ok(asked.to_owned());
            }
            Err(ApiError::bad_request(format!(
                "container {asked} is not valid for pod {}",
                name(pod)
            )))
        }
        (None, [one]) => Ok(one.clone()),
        (None, many) => Err(ApiError::bad_request(format!(
            "a container name must be specified for pod {}, choose one of: [{}]",
            name(pod),
            many.join(" ")
        ))),
    }
}

/// A container that has not begun has no output, and says why.
fn refuse_waiting(pod: &Value, container: &str) -> Result<(), ApiError> {
    let statuses = ["containerStatuses", "initContainerStatuses"];
    let status = statuses
        .iter()
        .filter_map(|field| pod["status"][field].as_array())
        .flatten()
        .find(|status| status["name"] == container);
    let never_ran = status.is_none_or(|status| {
        status["state"].get("running").is_none()
            && status["state"].get("terminated").is_none()
            && status["lastState"].get("terminated").is_none()
    });
    if !never_ran {
        return Ok(());
    }
    let why = status.and_then(|status| status["state"]["waiting"]["reason"].as_str());
    Err(ApiError::bad_request(format!(
        "container \"{container}\" in pod \"{}\" is waiting to start: {}",
        pod["metadata"]["name"].as_str().unwrap_or_default(),
        why.unwrap_or("ContainerCreating")
    )))
}
