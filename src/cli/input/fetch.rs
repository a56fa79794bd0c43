//! Templates that are not files: a URL, or a directory for `kubectl kustomize`.

#![expect(
    clippy::disallowed_methods,
    reason = "kubectl is run here, and named by the environment"
)]

use std::path::Path;
use std::time::Duration;

use http::{Request, Response, Uri, header};
use http_body_util::{BodyExt, Limited};
use kube::{Client, Config};

use super::TEMPLATE_MAX;
use crate::cli::session::block_on;
use crate::cli::{CliResult, Failure};

/// How often a server that does not answer well is asked, as kubectl does, and after which pause.
const TRIES: usize = 3;
const PAUSE: Duration = Duration::from_secs(1);
/// How often a server may send us elsewhere.
const HOPS_MAX: usize = 10;

/// Whether a path is a URL.
pub(super) fn is_url(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text.starts_with("http://") || text.starts_with("https://")
}

/// GETs a template.
pub(super) fn get(url: &str) -> CliResult<Vec<u8>> {
    let wrong = |problem: String| Failure::usage(format!("{url}: {problem}"));
    block_on(async {
        let mut uri: Uri = url
            .parse()
            .map_err(|error| wrong(format!("this is no URL: {error}")))?;
        for _ in 0..HOPS_MAX {
            let response = ask(&uri).await.map_err(wrong)?;
            let status = response.status();
            if status.is_redirection() {
                let place = response
                    .headers()
                    .get(header::LOCATION)
                    .and_then(|place| place.to_str().ok());
                uri = place
                    .and_then(|place| elsewhere(&uri, place))
                    .ok_or_else(|| wrong(format!("the server answers {status} without a place")))?;
            } else if status.is_success() {
                let body = Limited::new(response.into_body(), TEMPLATE_MAX as usize)
                    .collect()
                    .await;
                return body
                    .map(|body| body.to_bytes().to_vec())
                    .map_err(|error| wrong(error.to_string()));
            } else {
                return Err(wrong(format!("the server answers {status}")));
            }
        }
        Err(wrong("the server sends us from place to place".into()))
    })
}

/// Where a `Location` leads, seen from where it was found (RFC 9110, 10.2.2).
fn elsewhere(from: &Uri, place: &str) -> Option<Uri> {
    if place.contains("://") {
        return place.parse().ok();
    }
    let path = place.strip_prefix('/')?;
    format!("{}://{}/{path}", from.scheme_str()?, from.authority()?)
        .parse()
        .ok()
}

async fn ask(uri: &Uri) -> Result<Response<kube::client::Body>, String> {
    let mut problem = String::new();
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        match ask_once(uri).await {
            Ok(response) if !response.status().is_server_error() => return Ok(response),
            Ok(response) => problem = format!("the server answers {}", response.status()),
            Err(error) => problem = error,
        }
    }
    Err(problem)
}

async fn ask_once(uri: &Uri) -> Result<Response<kube::client::Body>, String> {
    let mut root = uri.clone().into_parts();
    root.path_and_query = None;
    root.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
    let root = Uri::from_parts(root).map_err(|error| error.to_string())?;
    let client = Client::try_from(Config::new(root)).map_err(|error| error.to_string())?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .body(kube::client::Body::empty())
        .map_err(|error| error.to_string())?;
    client
        .send(request)
        .await
        .map_err(|error| crate::cluster::problem::Problem::from(error).message)
}

/// What `kubectl kustomize` makes of a directory.
pub(super) fn kustomize(folder: &Path) -> CliResult<Vec<u8>> {
    // kubectl names itself from 1.37 on.
    let kubectl = std::env::var_os("KUBECTL_PATH").unwrap_or_else(|| "kubectl".into());
    let output = std::process::Command::new(&kubectl)
        .arg("kustomize")
        .arg(folder)
        .output();
    let output = output.map_err(|error| {
        Failure::tool(format!(
            "-k needs kubectl, and {} cannot be run: {error}",
            kubectl.display()
        ))
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(Failure::usage(format!(
        "kubectl kustomize {}: {}",
        folder.display(),
        words.trim()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_followed_from_where_it_was_found() {
        let from: Uri = "https://k8s.io/examples/job.yaml".parse().expect("a URL");
        for (place, to) in [
            ("https://kubernetes.io/a", Some("https://kubernetes.io/a")),
            ("/b?c", Some("https://k8s.io/b?c")),
            ("b", None),
        ] {
            assert_eq!(
                elsewhere(&from, place)
                    .map(|uri| uri.to_string())
                    .as_deref(),
                to,
                "{place}"
            );
        }
    }
}
