//! A server that answers as little as kubectl needs, and notes who asked for Jobs, where, and as whom.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned, crypto};

/// What one request for Jobs said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) server: &'static str,
    pub(crate) path: String,
    pub(crate) server_name: Option<String>,
    pub(crate) with_certificate: bool,
    /// The headers about who asks.
    pub(crate) who: BTreeMap<String, Vec<String>>,
}

/// How a [`Recorder`] answers requests for Jobs: the status line, further headers, the body.
pub(crate) struct Answer {
    pub(crate) status: &'static str,
    pub(crate) headers: &'static str,
    pub(crate) body: &'static str,
}

/// No Jobs.
pub(crate) const EMPTY: Answer = Answer {
    status: "200 OK",
    headers: "",
    body: r#"{"kind":"JobList","apiVersion":"batch/v1","metadata":{"resourceVersion":"1"},"items":[]}"#,
};

/// The notes of one or more servers.
pub(crate) type Notes = Arc<Mutex<Vec<Asked>>>;

/// A certificate authority with a certificate for the servers, and one for a user; all in PEM.
pub(crate) struct Keys {
    pub(crate) authority: String,
    pub(crate) user: String,
    pub(crate) user_key: String,
    config: Arc<ServerConfig>,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let mut parameters = CertificateParams::new([]).expect("parameters");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(parameters, key).expect("an authority");
        let names = ["127.0.0.1".to_owned(), "own.example".to_owned()];
        let server_key = KeyPair::generate().expect("a key");
        let server = CertificateParams::new(names).expect("parameters");
        let server = server.signed_by(&server_key, &authority).expect("signed");
        let mut user = CertificateParams::new([]).expect("parameters");
        user.distinguished_name.push(DnType::CommonName, "ann");
        let user_key = KeyPair::generate().expect("a key");
        let user = user.signed_by(&user_key, &authority).expect("signed");

        let provider = Arc::new(crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).expect("a root");
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
            .allow_unauthenticated()
            .build();
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(verifier.expect("a verifier"))
            .with_single_cert(vec![server.der().clone()], private)
            .expect("a certificate");
        Self {
            authority: authority.pem(),
            user: user.pem(),
            user_key: user_key.serialize_pem(),
            config: Arc::new(config),
        }
    }
}

/// Starts a server with TLS, or without, that lives as long as the tests; gives `HOST:PORT`.
pub(crate) fn serve(
    name: &'static str,
    keys: Option<&Keys>,
    answer: Answer,
    notes: &Notes,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let (config, notes, answer) = (
        keys.map(|keys| keys.config.clone()),
        notes.clone(),
        Arc::new(answer),
    );
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (config, notes, answer) = (config.clone(), notes.clone(), answer.clone());
            thread::spawn(move || {
                let mut asked = Asked {
                    server: name,
                    ..Asked::default()
                };
                // A client that goes away is no concern of the server.
                let _ = match config {
                    Some(config) => secured(stream, config, &mut asked, &answer, &notes),
                    None => talk(stream, &mut asked, &answer, &notes),
                };
            });
        }
    });
    address
}

fn secured(
    mut stream: TcpStream,
    config: Arc<ServerConfig>,
    asked: &mut Asked,
    answer: &Answer,
    notes: &Notes,
) -> std::io::Result<()> {
    let mut connection = ServerConnection::new(config).expect("a connection");
    while connection.is_handshaking() {
        connection.complete_io(&mut stream)?;
    }
    asked.server_name = connection.server_name().map(str::to_owned);
    asked.with_certificate = connection.peer_certificates().is_some();
    talk(StreamOwned::new(connection, stream), asked, answer, notes)
}

/// One request, one answer.
fn talk(
    stream: impl Read + Write,
    asked: &mut Asked,
    answer: &Answer,
    notes: &Notes,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        let name = name.to_ascii_lowercase();
        if name == "authorization" || name.starts_with("impersonate-") {
            asked.who.entry(name).or_default().push(value.to_owned());
        }
    }
    let path = target.split('?').next().unwrap_or_default();
    let is_jobs = path.ends_with("/jobs");
    if is_jobs {
        path.clone_into(&mut asked.path);
        notes.lock().expect("notes").push(asked.clone());
    }
    let (status, headers, body) = if is_jobs {
        (answer.status, answer.headers, answer.body)
    } else {
        ("200 OK", "", discovery(path))
    };
    let mut stream = reader.into_inner();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    stream.flush()
}

/// As much of the API as is needed to find Jobs.
fn discovery(path: &str) -> &'static str {
    match path {
        "/version" => r#"{"major":"1","minor":"30","gitVersion":"v1.30.1"}"#,
        "/api" => r#"{"kind":"APIVersions","versions":["v1"]}"#,
        "/api/v1" => r#"{"kind":"APIResourceList","groupVersion":"v1","resources":[]}"#,
        "/apis" => {
            r#"{"kind":"APIGroupList","apiVersion":"v1","groups":[{"name":"batch","versions":[{"groupVersion":"batch/v1","version":"v1"}],"preferredVersion":{"groupVersion":"batch/v1","version":"v1"}}]}"#
        }
        "/apis/batch/v1" => {
            r#"{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"batch/v1","resources":[{"name":"jobs","singularName":"job","namespaced":true,"kind":"Job","verbs":["get","list"]}]}"#
        }
        _ => {
            r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}"#
        }
    }
}
