//! Finds the cluster and the namespace as kubectl does, and makes the client.
//!
//! The order and the meaning of each flag are those of client-go (`tools/clientcmd/loader.go`,
//! `cli-runtime/pkg/genericclioptions/config_flags.go`): `--kubeconfig` alone; else the files of `$KUBECONFIG` that exist,
//! merged, the first to say something wins; else `~/.kube/config`; else the Pod's own service account.

#![expect(
    clippy::disallowed_methods,
    reason = "the environment and the kubeconfig files are read here"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use http::header::{self, HeaderName, HeaderValue};
use kube::config::{AuthInfo, Cluster, Kubeconfig};
use kube::{Client, Config};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::access::{Access, override_user};
pub use super::connect_error::ConnectError;
use super::duration::parse_duration;
pub use super::flags::Connection;
use super::proxy::{self, Surroundings};
use super::transport;
use super::warnings::Warnings;

/// A client and the namespace that commands without `-n` use.
pub struct Connected {
    /// Talks to the cluster.
    pub client: Client,
    /// `-n`, else the context's namespace, else `default`.
    pub namespace: String,
    /// What the server warns of.
    pub warnings: Warnings,
}

impl Connection {
    /// Makes the client; nothing is sent yet, but a credential plugin may run.
    pub async fn connect(&self) -> Result<Connected, ConnectError> {
        let mut config = self.load()?;
        config.default_retry = !self.no_retry;
        config.read_timeout = self.timeout()?;
        config.reset_reader_on_write = config.read_timeout.is_some();
        let patience = config
            .connect_timeout
            .into_iter()
            .chain(config.read_timeout);
        config.connect_timeout = patience.min();
        config.headers.extend(headers());
        let namespace = config.default_namespace.clone();
        let warnings = Warnings::default();
        let noted = warnings.clone();
        // A login program may take its time, and must not hold up what else goes on.
        let client = tokio::task::spawn_blocking(move || transport::client(config, &noted)).await;
        Ok(Connected {
            client: client.expect("making a client does not panic")?,
            namespace,
            warnings,
        })
    }

    fn load(&self) -> Result<Config, ConnectError> {
        let kubeconfig = self.kubeconfig()?;
        let access = Access::choose(&kubeconfig.clone().unwrap_or_default(), self)?;
        if access
            .cluster
            .server
            .as_ref()
            .is_some_and(|server| !server.is_empty())
        {
            return config(access);
        }
        let mut config = Config::incluster().map_err(|_| ConnectError::NotConfigured)?;
        override_user(&mut config.auth_info, self)?;
        let own = std::env::var("POD_NAMESPACE")
            .ok()
            .filter(|name| !name.is_empty());
        if let Some(namespace) = access.namespace.or(own) {
            config.default_namespace = namespace;
        }
        Ok(config)
    }

    /// The merged kubeconfig; `None` if there is no file.
    pub fn kubeconfig(&self) -> Result<Option<Kubeconfig>, ConnectError> {
        if let Some(path) = &self.kubeconfig {
            return Ok(Some(read(path)?));
        }
        let listed = std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty());
        let paths = match &listed {
            Some(list) => std::env::split_paths(list).collect(),
            None => default_path().into_iter().collect::<Vec<_>>(),
        };
        let mut merged: Option<Kubeconfig> = None;
        for path in paths.iter().filter(|path| path.is_file()) {
            let next = read(path)?;
            merged = Some(match merged {
                None => next,
                Some(earlier) => {
                    let name = path.display().to_string();
                    earlier.merge(next).map_err(|source| wrong(&name, source))?
                }
            });
        }
        Ok(merged)
    }

    /// `--request-timeout`: a number of seconds or a duration; zero is none.
    fn timeout(&self) -> Result<Option<Duration>, ConnectError> {
        let text = self.request_timeout.as_str();
        let seconds = parse_duration(text).ok_or_else(|| ConnectError::Flag {
            flag: "--request-timeout",
            problem: format!("`{text}` is not a time: write 30, 30s, 2m or 1h"),
        })?;
        Ok(Some(seconds).filter(|time| !time.is_zero()))
    }
}

/// What kube's client needs to know of a place.
fn config(access: Access) -> Result<Config, ConnectError> {
    let Access {
        namespace,
        cluster,
        user,
    } = access;
    let url = parse_server(cluster.server.as_deref().unwrap_or_default())?;
    let mut config = Config::new(url);
    config.default_namespace = namespace.unwrap_or_else(|| "default".into());
    config.proxy_url = match cluster.proxy_url.as_deref().filter(|url| !url.is_empty()) {
        Some(url) => Some(proxy::parse(url)),
        None => surroundings().proxy(&config.cluster_url).transpose(),
    }
    .transpose()
    .map_err(|problem| ConnectError::Setup {
        what: "proxy",
        problem,
    })?;
    config.disable_compression = cluster.disable_compression.unwrap_or_default();
    if config.cluster_url.scheme_str() == Some("https") {
        config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or_default();
        config.root_cert = authorities(&cluster)?;
        config.auth_info = with_cluster(user, &cluster)?;
        config.tls_server_name = cluster.tls_server_name;
    } else {
        // As in client-go, what is secret is not sent where everybody can read it.
        config.auth_info = AuthInfo {
            impersonate: user.impersonate,
            impersonate_uid: user.impersonate_uid,
            impersonate_groups: user.impersonate_groups,
            impersonate_user_extra: user.impersonate_user_extra,
            ..AuthInfo::default()
        };
    }
    Ok(config)
}

/// Tells a login program about the cluster, if it wants to know.
fn with_cluster(mut user: AuthInfo, cluster: &Cluster) -> Result<AuthInfo, ConnectError> {
    if let Some(exec) = &mut user.exec
        && exec.provide_cluster_info
    {
        let told = cluster.try_into();
        exec.cluster =
            Some(told.map_err(
                |problem: kube::config::KubeconfigError| ConnectError::Setup {
                    what: "login program",
                    problem: problem.to_string(),
                },
            )?);
    }
    Ok(user)
}

/// The certificates that a server's may be signed with; `None` leaves that to the machine.
fn authorities(cluster: &Cluster) -> Result<Option<Vec<Vec<u8>>>, ConnectError> {
    let wrong = |problem: String| ConnectError::Setup {
        what: "certificate authority",
        problem,
    };
    let data = cluster
        .certificate_authority_data
        .as_deref()
        .filter(|data| !data.is_empty());
    let file = cluster
        .certificate_authority
        .as_deref()
        .filter(|path| !path.is_empty());
    let pem = match (data, file) {
        (Some(data), _) => BASE64
            .decode(data)
            .map_err(|error| wrong(error.to_string()))?,
        (None, Some(path)) => {
            std::fs::read(path).map_err(|error| wrong(format!("{path}: {error}")))?
        }
        (None, None) => return Ok(None),
    };
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem)
        .map(|certificate| certificate.map(|der| der.to_vec()))
        .collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(Some(found)),
        Ok(_) => Err(wrong("there is no certificate in it".into())),
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// What the environment says about proxies.
fn surroundings() -> Surroundings {
    let either = |upper: &str, lower: &str| {
        let get = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        get(upper).or_else(|| get(lower)).unwrap_or_default()
    };
    Surroundings {
        http: either("HTTP_PROXY", "http_proxy"),
        https: either("HTTPS_PROXY", "https_proxy"),
        no: either("NO_PROXY", "no_proxy"),
    }
}

/// Who is asking: the tool, and which run of it, as kubectl tells servers that keep an audit log.
fn headers() -> [(HeaderName, HeaderValue); 2] {
    let agent = concat!("kubectl-batch/", env!("CARGO_PKG_VERSION"));
    let session = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string());
    [
        (header::USER_AGENT, HeaderValue::from_static(agent)),
        (
            HeaderName::from_static("kubectl-session"),
            session.expect("a uuid has only digits and dashes"),
        ),
    ]
}

/// Without a scheme it is plain HTTP, as in client-go.
fn parse_server(server: &str) -> Result<http::Uri, ConnectError> {
    let with_scheme = if server.contains("://") {
        server.to_owned()
    } else {
        format!("http://{server}")
    };
    with_scheme.parse().map_err(|error| ConnectError::Flag {
        flag: "--server",
        problem: format!("`{server}` is not a URL: {error}"),
    })
}

fn read(path: &Path) -> Result<Kubeconfig, ConnectError> {
    let read = Kubeconfig::read_from(path);
    let mut read = read.map_err(|source| wrong(&path.display().to_string(), source))?;
    // kubectl writes an empty name where there is none, and a later file may have one.
    read.current_context = read.current_context.filter(|name| !name.is_empty());
    Ok(read)
}

fn wrong(path: &str, source: kube::config::KubeconfigError) -> ConnectError {
    ConnectError::Kubeconfig {
        path: path.into(),
        source: Box::new(source),
    }
}

fn default_path() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"))?;
    Some(PathBuf::from(home).join(".kube").join("config"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_without_a_scheme_is_plain_http() {
        assert_eq!(
            parse_server("k8s:6443").expect("a URL").scheme_str(),
            Some("http")
        );
        assert!(parse_server("http://[").is_err());
    }
}
