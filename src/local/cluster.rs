//! The embedded cluster as a whole: store, API, Job controller and node, from start to shutdown.

#![expect(
    clippy::disallowed_methods,
    reason = "the embedded cluster has a clock and makes its folder's name"
)]

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Client;
use kube::api::PostParams;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::api::Api;
use super::logs::LogRegistry;
use super::node::{self, Node};
use super::store::{Environment, Store};
use crate::controller::{self, Owner};

/// The namespace of an embedded cluster that commands use unless told otherwise.
pub const NAMESPACE: &str = "default";
/// Changes of Pods are gathered for so long before a pass: no other client is waiting for the API.
const GATHER: Duration = Duration::from_millis(50);
/// Passes of the controller that are under way at a time.
const PASSES_MAX: usize = 16;

/// A running embedded cluster. It lives as long as this value; [`Cluster::shutdown`] ends its processes.
pub struct Cluster {
    client: Client,
    api: Api,
    node: Node,
    stop: watch::Sender<bool>,
    controller: JoinHandle<controller::Ran>,
    /// Scratch folders and logs; removed when dropped.
    folder: tempfile::TempDir,
}

impl Cluster {
    /// Starts everything, with a controller for these Jobs; nothing listens on the network.
    pub async fn start(owner: Owner) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("kubectl-batch-")
            .tempdir()
            .context("the local cluster needs a folder for scratch files")?;
        let environment = Environment {
            now: Box::new(Timestamp::now),
            random: fastrand::Rng::new(),
        };
        let (store, logs) = (Arc::new(Store::new(environment)), LogRegistry::default());
        let api = Api::new(store, logs.serve());
        let client = Client::new(api.clone(), NAMESPACE);
        let options = node::Options {
            logs,
            ..node::Options::new(folder.path(), uuid::Uuid::new_v4().to_string())
        };
        let node = Node::start(client.clone(), options).await?;
        let (stop, stopped) = watch::channel(false);
        let controller = tokio::spawn(controller::run(
            client.clone(),
            controller_options(owner),
            stopped,
        ));
        Ok(Self {
            client,
            api,
            node,
            stop,
            controller,
            folder,
        })
    }

    /// A client of its API.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Its API, to be served to others.
    pub fn api(&self) -> Api {
        self.api.clone()
    }

    /// Makes a namespace besides those that a new cluster has.
    pub async fn add_namespace(&self, name: &str) -> anyhow::Result<()> {
        let namespace = Namespace {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                ..ObjectMeta::default()
            },
            ..Namespace::default()
        };
        let namespaces: kube::Api<Namespace> = kube::Api::all(self.client());
        let made = namespaces.create(&PostParams::default(), &namespace).await;
        made.with_context(|| format!("the namespace `{name}` cannot be made"))?;
        Ok(())
    }

    /// Ends every process and waits until all are gone.
    pub async fn shutdown(self) {
        // A controller that has ended already needs no word.
        let _ = self.stop.send(true);
        self.node.shutdown().await;
        if let Err(error) = self.controller.await {
            tracing::error!(%error, "the controller's loop failed");
        }
        if let Err(error) = self.folder.close() {
            tracing::warn!(%error, "the folder of the local cluster stays behind");
        }
    }
}

fn controller_options(owner: Owner) -> controller::Options {
    controller::Options {
        owner,
        namespace: None,
        selector: None,
        gather: GATHER,
        concurrency: PASSES_MAX,
        pods_per_second: None,
        once: false,
        clock: Arc::new(Timestamp::now),
    }
}
