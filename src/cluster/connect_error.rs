//! Why there is no connection.

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing says where a cluster is.
    #[error(
        "no cluster is configured: looked at --kubeconfig, $KUBECONFIG, ~/.kube/config and the service account of a Pod\n\
         hint: name a kubeconfig with --kubeconfig FILE, or try the batch without a cluster: kubectl batch run --local"
    )]
    NotConfigured,
    /// A kubeconfig is missing, or cannot be read.
    #[error("kubeconfig {path}: {source}")]
    Kubeconfig {
        /// Where it was looked for.
        path: String,
        /// What is wrong.
        source: Box<kube::config::KubeconfigError>,
    },
    /// The kubeconfig does not have what is named.
    #[error("{kind} \"{name}\" does not exist\nhint: the kubeconfig has {}", if known.is_empty() { "none" } else { known })]
    Missing {
        /// `context`, `cluster` or `user`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// What there is, divided by commas.
        known: String,
    },
    /// A flag's value is not what it must be.
    #[error("{flag}: {problem}")]
    Flag {
        /// Which flag.
        flag: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Something that the connection needs is wrong.
    #[error("{what}: {problem}")]
    Setup {
        /// What it is.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// TLS or credentials could not be set up.
    #[error("cannot set up the connection: {0}")]
    Client(#[from] kube::Error),
}
