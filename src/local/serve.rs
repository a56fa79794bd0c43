//! The embedded API on 127.0.0.1, over TLS and with a bearer token, so that kubectl works against it. It listens nowhere else.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use http::{Request, Response, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::api::{Api, ApiBody, unauthorized};

/// Connections at a time; further ones wait in the kernel.
const CONNECTIONS_MAX: usize = 512;
/// A client that does not finish its handshake in this time is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A server that has its address and its keys, and does not accept yet.
pub struct Server {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    address: SocketAddr,
    certificate: String,
    token: Arc<str>,
}

impl Server {
    /// Takes a port of 127.0.0.1 (0: any that is free) and makes a certificate that lives as long as the server.
    pub async fn bind(port: u16, token: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .with_context(|| format!("port {port} of 127.0.0.1 cannot be had"))?;
        let (certificate, config) = keys()?;
        Ok(Self {
            address: listener.local_addr()?,
            listener,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            certificate,
            token: token.into(),
        })
    }

    /// A kubeconfig for this server, as the JSON that YAML readers read too.
    pub fn kubeconfig(&self) -> Value {
        let name = "kubectl-batch-local";
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": name,
            "clusters": [{"name": name, "cluster": {
                "server": format!("https://{}", self.address),
                "certificate-authority-data": BASE64.encode(&self.certificate),
            }}],
            "users": [{"name": name, "user": {"token": self.token.as_ref()}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}],
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until dropped; a connection that breaks ends only itself.
    pub async fn serve(self, api: Api) {
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let Ok(place) = room.clone().acquire_owned().await else {
                return;
            };
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, say: others end meanwhile.
                    tracing::warn!(%error, "a connection cannot be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let (acceptor, api, token) = (self.acceptor.clone(), api.clone(), self.token.clone());
            tokio::spawn(async move {
                if let Err(error) = connection(stream, &acceptor, api, token).await {
                    tracing::debug!(%error, "a connection ended");
                }
                drop(place);
            });
        }
    }
}

async fn connection(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    api: Api,
    token: Arc<str>,
) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let stream = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await??;
    let service = tower::service_fn(move |request: Request<hyper::body::Incoming>| {
        let (api, token) = (api.clone(), token.clone());
        async move { Ok::<_, Infallible>(guarded(&api, &token, request).await) }
    });
    auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .await
        .map_err(|error| anyhow::anyhow!(error))
}

async fn guarded(
    api: &Api,
    token: &str,
    request: Request<hyper::body::Incoming>,
) -> Response<ApiBody> {
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let given = given
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default();
    if same(given.as_bytes(), token.as_bytes()) {
        api.handle(request).await
    } else {
        unauthorized()
    }
}

/// Compares without telling by the time taken how much is right.
fn same(given: &[u8], wanted: &[u8]) -> bool {
    given.len() == wanted.len()
        && given
            .iter()
            .zip(wanted)
            .fold(0, |sum, (a, b)| sum | (a ^ b))
            == 0
}

/// A certificate for 127.0.0.1 that signs itself, in PEM, and what a server needs to show it.
fn keys() -> anyhow::Result<(String, ServerConfig)> {
    let mut parameters = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()])?;
    parameters
        .distinguished_name
        .push(DnType::CommonName, "kubectl-batch local cluster");
    let key = KeyPair::generate()?;
    let certificate = parameters.self_signed(&key)?;
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((certificate.pem(), config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_is_the_token() {
        assert!(same(b"abc", b"abc"));
        for wrong in [&b"abd"[..], b"ab", b"abcd", b""] {
            assert!(!same(wrong, b"abc"));
        }
    }
}
