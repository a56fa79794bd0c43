//! Candidates that only a kubeconfig or a cluster knows: asked for briefly, and none if there is no answer.

use std::time::Duration;

use clap::{Arg, ArgMatches, FromArgMatches};
use clap_complete::engine::CompletionCandidate;
use serde_json::Value;

use crate::cli::session::block_on;
use crate::cluster::act::encode;
use crate::cluster::connect::Connection;
use crate::cluster::rest::{JOBS, get_path};
use crate::group::JobView;
use crate::render::show;
use crate::template::builtins;

/// How long a person at a prompt is kept waiting for a cluster.
const PATIENCE: Duration = Duration::from_secs(1);
/// Objects that are asked for.
const ASKED_MAX: usize = 500;

/// What kind of name is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Context,
    Cluster,
    User,
    Namespace,
    Group,
    Selector,
    Item,
    Job,
    Template,
}

impl Wanted {
    /// What the value of an argument is a name of.
    pub(super) fn of(argument: &Arg, command: &str) -> Option<Self> {
        Some(match (argument.get_id().as_str(), command) {
            ("context", _) => Self::Context,
            ("cluster", _) => Self::Cluster,
            ("user", _) => Self::User,
            ("namespace", _) => Self::Namespace,
            ("group", _) => Self::Group,
            ("selector", _) => Self::Selector,
            ("items", _) if argument.get_long() == Some("item") => Self::Item,
            ("explain", "reconcile") => Self::Job,
            ("builtin", _) | ("name", "show" | "new") => Self::Template,
            _ => return None,
        })
    }
}

/// What the words before the cursor say.
#[derive(Debug, Default)]
pub(super) struct Source {
    connection: Connection,
    group: Option<String>,
    label: Option<String>,
    everywhere: bool,
}

impl Source {
    pub(super) fn new(matches: &ArgMatches) -> Self {
        let own = matches.subcommand().map(|(_, own)| own);
        let text = |id: &str| own?.try_get_one::<String>(id).ok()?.cloned();
        let everywhere =
            own.and_then(|own| own.try_get_one::<bool>("all_namespaces").ok()?.copied());
        Self {
            connection: Connection::from_arg_matches(matches).unwrap_or_default(),
            group: text("group"),
            label: text("group_label"),
            everywhere: everywhere.unwrap_or_default(),
        }
    }

    /// The names of a kind, sorted, each once.
    pub(super) fn candidates(&self, wanted: Wanted) -> Vec<CompletionCandidate> {
        if wanted == Wanted::Template {
            let named = |template: &crate::template::Builtin| {
                CompletionCandidate::new(template.name).help(Some(template.about.into()))
            };
            return builtins().iter().map(named).collect();
        }
        let mut names = match wanted {
            Wanted::Context | Wanted::Cluster | Wanted::User => self.in_kubeconfig(wanted),
            _ => self.in_cluster(wanted),
        };
        // A shell would put it onto its line as it is.
        names.retain(|name| show(name) == *name);
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(CompletionCandidate::new).collect()
    }

    fn in_kubeconfig(&self, wanted: Wanted) -> Vec<String> {
        let Ok(Some(kubeconfig)) = self.connection.kubeconfig() else {
            return Vec::new();
        };
        match wanted {
            Wanted::Context => kubeconfig
                .contexts
                .into_iter()
                .map(|own| own.name)
                .collect(),
            Wanted::Cluster => kubeconfig
                .clusters
                .into_iter()
                .map(|own| own.name)
                .collect(),
            _ => kubeconfig
                .auth_infos
                .into_iter()
                .map(|own| own.name)
                .collect(),
        }
    }

    fn in_cluster(&self, wanted: Wanted) -> Vec<String> {
        let asked = block_on(async {
            Ok(tokio::time::timeout(PATIENCE, self.ask(wanted))
                .await
                .ok()
                .flatten())
        });
        asked.ok().flatten().unwrap_or_default()
    }

    async fn ask(&self, wanted: Wanted) -> Option<Vec<String>> {
        let label = self.label.as_deref().unwrap_or("jobgroup");
        let connected = self.connection.connect().await.ok()?;
        let jobs = if self.everywhere {
            format!("{}/{}", JOBS.root, JOBS.plural)
        } else {
            JOBS.path(&connected.namespace, &[])
        };
        let path = match (wanted, &self.group) {
            (Wanted::Namespace, _) => format!("/api/v1/namespaces?limit={ASKED_MAX}"),
            (Wanted::Job, _) => format!("{jobs}?limit={ASKED_MAX}"),
            (Wanted::Item, Some(group)) => {
                let selector = encode(&format!("{label}={group}"));
                format!("{jobs}?limit={ASKED_MAX}&labelSelector={selector}")
            }
            _ => format!("{jobs}?limit={ASKED_MAX}&labelSelector={}", encode(label)),
        };
        let mut list = get_path(&connected.client, &path).await.ok()?;
        let objects = list["items"].as_array_mut().map(std::mem::take)?;
        let name = |object: &Value| match wanted {
            Wanted::Group => Some(object["metadata"]["labels"][label].as_str()?.to_owned()),
            Wanted::Selector => {
                let group = object["metadata"]["labels"][label].as_str()?;
                Some(format!("{label}={group}"))
            }
            Wanted::Item => Some(JobView::from_value(object)?.item),
            _ => Some(object["metadata"]["name"].as_str()?.to_owned()),
        };
        Some(objects.iter().filter_map(name).collect())
    }
}
