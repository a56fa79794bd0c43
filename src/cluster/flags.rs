//! kubectl's flags about the connection, by kubectl's names.

use std::path::PathBuf;

use clap::ArgAction;

/// What the user says about the connection; each field is the flag of the same name.
///
/// The flags are those of `cli-runtime/pkg/genericclioptions/config_flags.go`.
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
    /// User name for basic authentication
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub username: Option<String>,
    /// Password for basic authentication
    #[arg(long, global = true, value_name = "PASSWORD", hide_short_help = true)]
    pub password: Option<String>,
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
    /// Something else about the user to impersonate, repeatable
    #[arg(long, global = true, value_name = "KEY=VALUE", hide_short_help = true)]
    pub as_user_extra: Vec<String>,
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
    #[arg(long, global = true, hide_short_help = true, action = ArgAction::SetTrue)]
    pub insecure_skip_tls_verify: bool,
    /// Ask for answers that are not compressed
    #[arg(long, global = true, hide_short_help = true, action = ArgAction::SetTrue)]
    pub disable_compression: bool,
    /// Taken for kubectl's sake: nothing is cached
    #[arg(long, global = true, value_name = "DIR", hide = true)]
    pub cache_dir: Option<PathBuf>,
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
