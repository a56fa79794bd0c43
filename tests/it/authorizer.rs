//! A door in front of a cluster: it lets through what a role allows, refuses the rest as the API server does, and notes both.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use kube::Client;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Verb, API group, resource with its subresource.
pub(crate) type Permission = (String, String, String);

/// What one role allows, and in which namespace; everywhere for a `ClusterRole`.
struct Role {
    namespace: Option<String>,
    allowed: BTreeSet<Permission>,
}

/// What was asked for.
#[derive(Default)]
struct Asked {
    granted: BTreeSet<Permission>,
    denied: Vec<String>,
}

/// What goes wrong once with a request: its verb, its resource, the status that answers it. An answer 504 comes after the
/// request was done.
type Disturbance = (&'static str, &'static str, u16);

/// What the door knows; clones share it.
#[derive(Clone)]
struct Door {
    client: Client,
    role: Arc<Role>,
    asked: Arc<Mutex<Asked>>,
    disturbances: Arc<Mutex<Vec<Disturbance>>>,
}

/// A door that is open as long as this lives.
pub(crate) struct Authorizer {
    asked: Arc<Mutex<Asked>>,
    disturbances: Arc<Mutex<Vec<Disturbance>>>,
    /// A kubeconfig that leads to it.
    pub(crate) kubeconfig: String,
    _runtime: Runtime,
}

/// The permissions that a role in JSON names.
pub(crate) fn permissions(role: &Value) -> BTreeSet<Permission> {
    let texts = |value: &Value| -> Vec<String> {
        let all = value.as_array().expect("a list").iter();
        all.map(|one| one.as_str().expect("text").to_owned())
            .collect()
    };
    let mut found = BTreeSet::new();
    for rule in role["rules"].as_array().expect("rules") {
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                for verb in texts(&rule["verbs"]) {
                    found.insert((verb, group.clone(), resource.clone()));
                }
            }
        }
    }
    found
}

impl Authorizer {
    /// In front of the cluster of a kubeconfig, with a role for one namespace or for all.
    pub(crate) fn new(kubeconfig: &Path, role: &Value, namespace: Option<&str>) -> Self {
        let runtime = Runtime::new().expect("threads");
        let asked = Arc::<Mutex<Asked>>::default();
        let disturbances = Arc::<Mutex<Vec<Disturbance>>>::default();
        let role = Role {
            namespace: namespace.map(str::to_owned),
            allowed: permissions(role),
        };
        let server = runtime.block_on(async {
            let options = KubeConfigOptions::default();
            let config = Kubeconfig::read_from(kubeconfig).expect("a kubeconfig");
            let config = kube::Config::from_custom_kubeconfig(config, &options).await;
            let door = Door {
                client: Client::try_from(config.expect("a cluster")).expect("a client"),
                role: Arc::new(role),
                asked: asked.clone(),
                disturbances: disturbances.clone(),
            };
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            tokio::spawn(open(listener, door));
            format!("http://{address}")
        });
        let named = |what: &str, value: Value| json!([{"name": "door", what: value}]);
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "door",
            "clusters": named("cluster", json!({"server": server})),
            "users": named("user", json!({})),
            "contexts": named("context", json!({"cluster": "door", "user": "door", "namespace": "default"})),
        });
        Self {
            asked,
            disturbances,
            kubeconfig: config.to_string(),
            _runtime: runtime,
        }
    }

    /// Loses the answer to the next creation of one of these.
    pub(crate) fn lose_an_answer(&self, resource: &'static str) {
        self.disturb("create", resource, 504);
    }

    /// Answers the next request of this kind as if somebody else had been faster.
    pub(crate) fn be_faster(&self, verb: &'static str, resource: &'static str) {
        self.disturb(verb, resource, 409);
    }

    fn disturb(&self, verb: &'static str, resource: &'static str, code: u16) {
        let mut disturbances = self.disturbances.lock().expect("notes");
        disturbances.push((verb, resource, code));
    }

    /// What was allowed and made use of.
    pub(crate) fn granted(&self) -> BTreeSet<Permission> {
        self.asked.lock().expect("notes").granted.clone()
    }

    /// What was refused.
    pub(crate) fn denied(&self) -> Vec<String> {
        self.asked.lock().expect("notes").denied.clone()
    }
}

async fn open(listener: TcpListener, door: Door) {
    while let Ok((stream, _)) = listener.accept().await {
        let door = door.clone();
        let service = tower::service_fn(move |request: Request<Incoming>| {
            let door = door.clone();
            async move { Ok::<_, Infallible>(door.answer(request).await) }
        });
        tokio::spawn(async move {
            // A client that goes away ends only its connection.
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
                .await;
        });
    }
}

impl Door {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let asks = Asks::of(&request);
        let (parts, body) = request.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        match asks {
            // What everybody may who is logged in: discovery, and asking what one may.
            None => {}
            Some(asks) if asks.resource == "selfsubjectaccessreviews" => {
                return self.review(&body);
            }
            Some(asks) => {
                if let Some(refusal) = self.refuse(&asks) {
                    return refusal;
                }
                let is_real = !parts.uri.query().unwrap_or("").contains("dryRun");
                if let Some(code) = is_real.then(|| self.disturbed(&asks)).flatten() {
                    if code == 504 {
                        self.forward(parts, body).await;
                    }
                    let reason = if code == 504 { "Timeout" } else { "Conflict" };
                    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
                        "reason": reason, "message": "disturbed"});
                    return respond(code, &status);
                }
            }
        }
        self.forward(parts, body).await
    }

    fn disturbed(&self, asks: &Asks) -> Option<u16> {
        let mut left = self.disturbances.lock().expect("notes");
        let is_meant =
            |(verb, resource, _): &Disturbance| *verb == asks.verb && *resource == asks.resource;
        let at = left.iter().position(is_meant)?;
        Some(left.swap_remove(at).2)
    }

    fn refuse(&self, asks: &Asks) -> Option<Response<Body>> {
        let allowed = self
            .role
            .allows(&asks.permission(), asks.namespace.as_deref());
        let mut asked = self.asked.lock().expect("notes");
        if allowed {
            asked.granted.insert(asks.permission());
            return None;
        }
        let status = asks.forbidden();
        asked.denied.push(status["message"].to_string());
        Some(respond(403, &status))
    }

    fn review(&self, body: &[u8]) -> Response<Body> {
        let mut review: Value = serde_json::from_slice(body).expect("a review");
        let about = &review["spec"]["resourceAttributes"];
        let text = |name: &str| about[name].as_str().unwrap_or_default().to_owned();
        let mut resource = text("resource");
        if !text("subresource").is_empty() {
            resource = format!("{resource}/{}", text("subresource"));
        }
        let asked = (text("verb"), text("group"), resource);
        let allowed = self.role.allows(&asked, about["namespace"].as_str());
        review["status"] = json!({"allowed": allowed});
        respond(201, &review)
    }

    async fn forward(&self, parts: http::request::Parts, body: Bytes) -> Response<Body> {
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = parts.method;
        *request.uri_mut() = parts
            .uri
            .path_and_query()
            .expect("a path")
            .as_str()
            .parse()
            .expect("a path");
        for name in [header::CONTENT_TYPE, header::ACCEPT] {
            if let Some(value) = parts.headers.get(&name) {
                request.headers_mut().insert(name, value.clone());
            }
        }
        match self.client.send(request).await {
            Ok(response) => response,
            Err(error) => respond(502, &json!({"message": error.to_string()})),
        }
    }
}

impl Role {
    fn allows(&self, asked: &Permission, namespace: Option<&str>) -> bool {
        let is_here = self
            .namespace
            .as_deref()
            .is_none_or(|own| namespace == Some(own));
        is_here && self.allowed.contains(asked)
    }
}

/// What a request asks for, as the API server reads it (`apiserver/pkg/endpoints/request/requestinfo.go`).
struct Asks {
    verb: String,
    group: String,
    resource: String,
    namespace: Option<String>,
}

impl Asks {
    /// Nothing for what is no resource.
    fn of(request: &Request<Incoming>) -> Option<Self> {
        let parts: Vec<&str> = request.uri().path().trim_matches('/').split('/').collect();
        let (group, rest) = match parts.as_slice() {
            ["api", _, rest @ ..] => ("", rest),
            ["apis", group, _, rest @ ..] => (*group, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
            rest => (None, rest),
        };
        let (resource, name, part) = match rest {
            [resource] => (*resource, None, None),
            [resource, name] => (*resource, Some(*name), None),
            [resource, name, part] => (*resource, Some(*name), Some(*part)),
            _ => return None,
        };
        let query = request.uri().query().unwrap_or("");
        let verb = match (request.method().as_str(), name) {
            ("GET", Some(_)) => "get",
            ("GET", None) if query.contains("watch=true") => "watch",
            ("GET", None) => "list",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", Some(_)) => "delete",
            ("DELETE", None) => "deletecollection",
            (other, _) => other,
        };
        Some(Self {
            verb: verb.into(),
            group: group.into(),
            resource: part.map_or(resource.into(), |part| format!("{resource}/{part}")),
            namespace: namespace.map(str::to_owned),
        })
    }

    fn permission(&self) -> Permission {
        (self.verb.clone(), self.group.clone(), self.resource.clone())
    }

    /// The words of `apiserver/pkg/endpoints/handlers/responsewriters/errors.go`.
    fn forbidden(&self) -> Value {
        let Self {
            verb,
            group,
            resource,
            namespace,
        } = self;
        let place = match namespace {
            Some(namespace) => format!("in the namespace \"{namespace}\""),
            None => "at the cluster scope".into(),
        };
        let dot = if group.is_empty() { "" } else { "." };
        let message = format!(
            "{resource}{dot}{group} is forbidden: User \"ann\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {place}"
        );
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
            "reason": "Forbidden", "details": {"group": group, "kind": resource}, "code": 403,
        })
    }
}

fn respond(code: u16, object: &Value) -> Response<Body> {
    let body = Body::from(object.to_string().into_bytes());
    let response = Response::builder().status(code);
    let response = response.header(header::CONTENT_TYPE, "application/json");
    response.body(body).expect("a response")
}
