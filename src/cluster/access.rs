//! Which cluster, user and namespace a kubeconfig and the flags mean together, by the rules of client-go
//! (`tools/clientcmd/client_config.go`): what a flag says replaces what the file says, and clears what contradicts it.

use std::collections::HashMap;
use std::path::Path;

use kube::config::{AuthInfo, Cluster, Context, Kubeconfig};
use serde_json::json;

use super::connect_error::ConnectError;
use super::flags::Connection;

/// One place to go to, and as whom.
#[derive(Clone, Debug)]
pub struct Access {
    /// The namespace of the flag, else of the context.
    pub namespace: Option<String>,
    /// The server and how it is known.
    pub cluster: Cluster,
    /// Who asks.
    pub user: AuthInfo,
}

impl Access {
    /// Chooses from a kubeconfig. A name that a flag or the context gives must be there.
    pub fn choose(kubeconfig: &Kubeconfig, flags: &Connection) -> Result<Self, ConnectError> {
        let context = context(kubeconfig, flags)?;
        let named = non_empty(flags.cluster.as_ref())
            .or_else(|| non_empty(context.as_ref().map(|context| &context.cluster)));
        let found = |name: &str| {
            let cluster = kubeconfig.clusters.iter().find(|own| own.name == name);
            cluster.map(|own| own.cluster.clone().unwrap_or_default())
        };
        let mut cluster = match named {
            Some(name) => found(name).ok_or_else(|| missing("cluster", name, kubeconfig))?,
            None => Cluster::default(),
        };
        override_cluster(&mut cluster, flags);
        let mut user = user(kubeconfig, flags, context.as_ref())?;
        override_user(&mut user, flags)?;
        Ok(Self {
            namespace: non_empty(flags.namespace.as_ref())
                .or_else(|| non_empty(context.as_ref()?.namespace.as_ref()))
                .cloned(),
            cluster,
            user,
        })
    }
}

/// Empty means "not given", in flags as well as in files.
fn non_empty(text: Option<&String>) -> Option<&String> {
    text.filter(|text| !text.is_empty())
}

fn context(kubeconfig: &Kubeconfig, flags: &Connection) -> Result<Option<Context>, ConnectError> {
    let Some(name) = non_empty(flags.context.as_ref())
        .or_else(|| non_empty(kubeconfig.current_context.as_ref()))
    else {
        return Ok(None);
    };
    let found = kubeconfig.contexts.iter().find(|own| own.name == *name);
    match found {
        Some(own) => Ok(own.context.clone()),
        None => Err(missing("context", name, kubeconfig)),
    }
}

/// A user that only the context names may be missing; client-go lets that pass.
fn user(
    kubeconfig: &Kubeconfig,
    flags: &Connection,
    context: Option<&Context>,
) -> Result<AuthInfo, ConnectError> {
    let asked = non_empty(flags.user.as_ref());
    let name = asked.or_else(|| context?.user.as_ref());
    let found = kubeconfig
        .auth_infos
        .iter()
        .find(|own| Some(&own.name) == name);
    match (found, asked) {
        (Some(own), _) => Ok(own.auth_info.clone().unwrap_or_default()),
        (None, Some(name)) => Err(missing("user", name, kubeconfig)),
        (None, None) => Ok(AuthInfo::default()),
    }
}

fn missing(kind: &'static str, name: &str, kubeconfig: &Kubeconfig) -> ConnectError {
    let mut known: Vec<&str> = match kind {
        "context" => kubeconfig.contexts.iter().map(|own| &*own.name).collect(),
        "cluster" => kubeconfig.clusters.iter().map(|own| &*own.name).collect(),
        _ => kubeconfig.auth_infos.iter().map(|own| &*own.name).collect(),
    };
    known.sort_unstable();
    ConnectError::Missing {
        kind,
        name: name.to_owned(),
        known: known.join(", "),
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn override_cluster(cluster: &mut Cluster, flags: &Connection) {
    if flags.insecure_skip_tls_verify || flags.certificate_authority.is_some() {
        cluster.insecure_skip_tls_verify = Some(flags.insecure_skip_tls_verify);
        cluster.certificate_authority = flags.certificate_authority.as_deref().map(text);
        cluster.certificate_authority_data = None;
    }
    // A name that was written for another server does not fit this one.
    if flags.tls_server_name.is_some() || flags.server.is_some() {
        cluster.tls_server_name.clone_from(&flags.tls_server_name);
    }
    if let Some(server) = non_empty(flags.server.as_ref()) {
        cluster.server = Some(server.clone());
    }
    if flags.disable_compression {
        cluster.disable_compression = Some(true);
    }
}

/// Puts what the flags say about the user over what is known.
pub(super) fn override_user(user: &mut AuthInfo, flags: &Connection) -> Result<(), ConnectError> {
    override_login(user, flags);
    if flags.client_certificate.is_some() {
        user.client_certificate = flags.client_certificate.as_deref().map(text);
        user.client_certificate_data = None;
    }
    if flags.client_key.is_some() {
        user.client_key = flags.client_key.as_deref().map(text);
        user.client_key_data = None;
    }
    override_impersonation(user, flags)
}

/// Of token, password and login programs only one can be used: the one that a flag names.
fn override_login(user: &mut AuthInfo, flags: &Connection) {
    if flags.token.is_none() && flags.username.is_none() && flags.password.is_none() {
        return;
    }
    let given: AuthInfo = serde_json::from_value(json!({
        "token": flags.token, "username": flags.username, "password": flags.password,
    }))
    .expect("kubeconfig users have these fields");
    (user.exec, user.auth_provider, user.token_file) = (None, None, None);
    if flags.token.is_some() {
        (user.token, user.username, user.password) = (given.token, None, None);
    } else {
        user.token = None;
        user.username = given.username.or(user.username.take());
        user.password = given.password.or(user.password.take());
    }
}

fn override_impersonation(user: &mut AuthInfo, flags: &Connection) -> Result<(), ConnectError> {
    if flags.as_user.is_some() {
        user.impersonate.clone_from(&flags.as_user);
    }
    if flags.as_uid.is_some() {
        user.impersonate_uid.clone_from(&flags.as_uid);
    }
    if !flags.as_group.is_empty() {
        user.impersonate_groups = Some(flags.as_group.clone());
    }
    let mut extra: HashMap<String, Vec<String>> = HashMap::new();
    for (key, value) in flags
        .as_user_extra
        .iter()
        .filter_map(|pair| pair.split_once('='))
    {
        extra
            .entry(key.to_owned())
            .or_default()
            .push(value.to_owned());
    }
    if !extra.is_empty() {
        user.impersonate_user_extra = Some(extra);
    }
    let more = user.impersonate_uid.is_some()
        || user.impersonate_groups.is_some()
        || user.impersonate_user_extra.is_some();
    if more && user.impersonate.as_ref().is_none_or(String::is_empty) {
        return Err(ConnectError::Flag {
            flag: "--as",
            problem: "a group, a uid or something else to impersonate needs a user: give --as USER"
                .into(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
