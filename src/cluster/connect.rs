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

use http::header::{self, HeaderName, HeaderValue};
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::json;

use super::transport;
use super::warnings::Warnings;

/// What the user says about the connection; each field is the flag of the same name.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// Path to the kubeconfig file to use
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig context to use
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// The kubeconfig cluster to use
    #[arg(long, global = true, value_name = "NAME")]
    pub cluster: Option<String>,
    /// The kubeconfig user to use
    #[arg(long, global = true, value_name = "NAME")]
    pub user: Option<String>,
    /// The namespace
    #[arg(short, long, global = true, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Address of the API server
    #[arg(short, long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// Bearer token for the API server
    #[arg(long, global = true, value_name = "TOKEN", hide_short_help = true)]
    pub token: Option<String>,
    /// User to impersonate
    #[arg(
        long = "as",
        global = true,
        value_name = "USER",
        hide_short_help = true
    )]
    pub as_user: Option<String>,
    /// Group to impersonate, repeatable
    #[arg(long, global = true, value_name = "GROUP", hide_short_help = true)]
    pub as_group: Vec<String>,
    /// Uid to impersonate
    #[arg(long, global = true, value_name = "UID", hide_short_help = true)]
    pub as_uid: Option<String>,
    /// Certificate authority of the server
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub certificate_authority: Option<PathBuf>,
    /// Client certificate
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub client_certificate: Option<PathBuf>,
    /// Key of the client certificate
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub client_key: Option<PathBuf>,
    /// Name that the server's certificate must carry
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub tls_server_name: Option<String>,
    /// Do not check the server's certificate
    #[arg(long, global = true, hide_short_help = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false", hide_default_value = true, hide_possible_values = true, action = clap::ArgAction::Set)]
    pub insecure_skip_tls_verify: bool,
    /// How long to wait for one answer: 30, 30s, 2m; 0 is for ever
    #[arg(
        long,
        global = true,
        value_name = "TIME",
        default_value = "0",
        hide_default_value = true,
        hide_short_help = true
    )]
    pub request_timeout: String,
    /// Whoever has a pace of its own must see a 429 itself, instead of a client that tries again by itself.
    #[arg(skip)]
    pub no_retry: bool,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing says where a cluster is.
    #[error(
        "no cluster is configured: looked at --kubeconfig, $KUBECONFIG, ~/.kube/config and the service account of a Pod\n\
         hint: name a kubeconfig with --kubeconfig FILE, or try the batch without a cluster: kubectl batch run --local"
    )]
    NotConfigured,
    /// A kubeconfig is missing, cannot be read, or does not name what was asked for.
    #[error("kubeconfig {path}: {source}")]
    Kubeconfig {
        /// Where it was looked for.
        path: String,
        /// What is wrong.
        source: Box<kube::config::KubeconfigError>,
    },
    /// A flag's value is not what it must be.
    #[error("{flag}: {problem}")]
    Flag {
        /// Which flag.
        flag: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// TLS or credentials could not be set up.
    #[error("cannot set up the connection: {0}")]
    Client(#[from] kube::Error),
}

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
        let mut config = self.load().await?;
        self.override_config(&mut config)?;
        config.headers.extend(headers());
        let namespace = self
            .namespace
            .clone()
            .unwrap_or_else(|| config.default_namespace.clone());
        let warnings = Warnings::default();
        Ok(Connected {
            client: transport::client(config, &warnings)?,
            namespace,
            warnings,
        })
    }

    async fn load(&self) -> Result<Config, ConnectError> {
        let options = KubeConfigOptions {
            context: self.context.clone(),
            cluster: self.cluster.clone(),
            user: self.user.clone(),
        };
        match self.kubeconfig()? {
            Some((path, kubeconfig)) => Config::from_custom_kubeconfig(kubeconfig, &options)
                .await
                .map_err(|source| ConnectError::Kubeconfig {
                    path,
                    source: Box::new(source),
                }),
            None => match &self.server {
                Some(server) => Ok(Config::new(parse_server(server)?)),
                None => Config::incluster().map_err(|_| ConnectError::NotConfigured),
            },
        }
    }

    /// The merged kubeconfig and where it comes from; `None` if there is no file.
    fn kubeconfig(&self) -> Result<Option<(String, Kubeconfig)>, ConnectError> {
        if let Some(path) = &self.kubeconfig {
            return Ok(Some((path.display().to_string(), read(path)?)));
        }
        let listed = std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty());
        let paths = match &listed {
            Some(list) => std::env::split_paths(list).collect(),
            None => default_path().into_iter().collect::<Vec<_>>(),
        };
        let mut merged: Option<(String, Kubeconfig)> = None;
        for path in paths.iter().filter(|path| path.is_file()) {
            let next = read(path)?;
            let name = path.display().to_string();
            merged = Some(match merged {
                None => (name, next),
                Some((names, earlier)) => {
                    let both = earlier.merge(next).map_err(|source| wrong(&name, source))?;
                    (format!("{names}, {name}"), both)
                }
            });
        }
        Ok(merged)
    }

    fn override_config(&self, config: &mut Config) -> Result<(), ConnectError> {
        if let Some(server) = &self.server {
            config.cluster_url = parse_server(server)?;
        }
        if let Some(path) = &self.certificate_authority {
            config.root_cert_file = Some(path.clone());
        }
        config.accept_invalid_certs |= self.insecure_skip_tls_verify;
        if self.tls_server_name.is_some() {
            config.tls_server_name.clone_from(&self.tls_server_name);
        }
        self.override_auth(&mut config.auth_info);
        config.default_retry = !self.no_retry;
        config.read_timeout = self.timeout()?;
        config.reset_reader_on_write = config.read_timeout.is_some();
        Ok(())
    }

    fn override_auth(&self, auth: &mut AuthInfo) {
        let flags: AuthInfo = serde_json::from_value(json!({
            "token": self.token,
            "client-certificate": self.client_certificate,
            "client-key": self.client_key,
            "as": self.as_user,
            "as-uid": self.as_uid,
        }))
        .expect("kubeconfig users have these fields");
        if flags.token.is_some() {
            auth.token = flags.token;
            auth.token_file = None;
        }
        if flags.client_certificate.is_some() {
            auth.client_certificate = flags.client_certificate;
            auth.client_certificate_data = None;
        }
        if flags.client_key.is_some() {
            auth.client_key = flags.client_key;
            auth.client_key_data = None;
        }
        if self.as_user.is_some() {
            auth.impersonate.clone_from(&self.as_user);
            auth.impersonate_uid.clone_from(&self.as_uid);
            auth.impersonate_groups = (!self.as_group.is_empty()).then(|| self.as_group.clone());
        }
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

/// Seconds, or a number with one of `ms`, `s`, `m`, `h`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let split = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().ok()?;
    let seconds = match unit {
        "ms" => number / 1e3,
        "" | "s" => number,
        "m" => number * 60.0,
        "h" => number * 3600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok()
}

fn parse_server(server: &str) -> Result<http::Uri, ConnectError> {
    let with_scheme = if server.contains("://") {
        server.to_owned()
    } else {
        format!("https://{server}")
    };
    with_scheme.parse().map_err(|error| ConnectError::Flag {
        flag: "--server",
        problem: format!("`{server}` is not a URL: {error}"),
    })
}

fn read(path: &Path) -> Result<Kubeconfig, ConnectError> {
    Kubeconfig::read_from(path).map_err(|source| wrong(&path.display().to_string(), source))
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
    fn durations_are_seconds_or_carry_a_unit() {
        for (text, seconds) in [
            ("0", 0.0),
            ("30", 30.0),
            ("1.5s", 1.5),
            ("2m", 120.0),
            ("250ms", 0.25),
        ] {
            assert_eq!(
                parse_duration(text),
                Some(Duration::from_secs_f64(seconds)),
                "{text}"
            );
        }
        for wrong in ["", "s", "5d", "-1", "ten"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_server_without_a_scheme_is_https() {
        assert_eq!(
            parse_server("k8s:6443").expect("a URL").scheme_str(),
            Some("https")
        );
        assert!(parse_server("http://[").is_err());
    }
}
