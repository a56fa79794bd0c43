//! The environment and the command line of a container, from its spec and what that refers to.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Container, EnvFromSource, EnvVar, EnvVarSource};

use super::expansion::expand;
use super::plan::PodPlan;
use super::status::ADDRESS;

/// The name of the one node.
pub(super) const NODE_NAME: &str = "local";

/// An object whose data a container refers to, in the Pod's namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    ConfigMap(String),
    Secret(String),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ConfigMap(name) => write!(f, "configmap {name:?}"),
            Self::Secret(name) => write!(f, "secret {name:?}"),
        }
    }
}

/// The data of the objects that exist.
pub(super) type Sources = BTreeMap<Source, BTreeMap<String, Vec<u8>>>;

/// Which objects the environment of a container refers to.
pub(super) fn sources_needed(container: &Container) -> BTreeSet<Source> {
    let whole = container.env_from.iter().flatten().filter_map(whole_source);
    let keys = container.env.iter().flatten().filter_map(|variable| {
        let (source, _, _) = key_source(variable.value_from.as_ref()?)?;
        Some(source)
    });
    whole.map(|(source, _)| source).chain(keys).collect()
}

/// The variables in the order of their definition, or what is missing.
///
/// `env` wins over `envFrom`, later over earlier; a value may refer to what comes before it (core/v1, `EnvVar.value`).
pub(super) fn variables(
    plan: &PodPlan,
    container: &Container,
    sources: &Sources,
) -> Result<Vec<(String, String)>, String> {
    let mut variables = Variables::default();
    for from in container.env_from.iter().flatten() {
        variables.add_all(from, sources)?;
    }
    for variable in container.env.iter().flatten() {
        if let Some(value) = value(plan, variable, &variables, sources)? {
            variables.set(variable.name.clone(), value);
        }
    }
    Ok(variables.0)
}

/// `command` and `args` with their references replaced; empty if the image was to say what runs.
pub(super) fn arguments(container: &Container, variables: &[(String, String)]) -> Vec<String> {
    let command = container.command.iter().flatten();
    if command.clone().next().is_none() {
        return Vec::new();
    }
    command
        .chain(container.args.iter().flatten())
        .map(|word| expand(word, |name| lookup(variables, name)))
        .collect()
}

fn lookup<'a>(variables: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut found = variables.iter().filter(|(known, _)| known == name);
    found.next().map(|(_, value)| value.as_str())
}

#[derive(Default)]
struct Variables(Vec<(String, String)>);

impl Variables {
    fn set(&mut self, name: String, value: String) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, slot)) => *slot = value,
            None => self.0.push((name, value)),
        }
    }

    fn add_all(&mut self, from: &EnvFromSource, sources: &Sources) -> Result<(), String> {
        let Some((source, optional)) = whole_source(from) else {
            return Ok(());
        };
        let Some(data) = sources.get(&source) else {
            return if optional {
                Ok(())
            } else {
                Err(format!("{source} not found"))
            };
        };
        let prefix = from.prefix.as_deref().unwrap_or_default();
        for (key, value) in data {
            self.set(
                format!("{prefix}{key}"),
                String::from_utf8_lossy(value).into_owned(),
            );
        }
        Ok(())
    }
}

fn value(
    plan: &PodPlan,
    variable: &EnvVar,
    before: &Variables,
    sources: &Sources,
) -> Result<Option<String>, String> {
    let Some(from) = &variable.value_from else {
        let text = variable.value.as_deref().unwrap_or_default();
        return Ok(Some(expand(text, |name| lookup(&before.0, name))));
    };
    if let Some(field) = &from.field_ref {
        return field_value(plan, &field.field_path).map(Some);
    }
    let Some((source, key, optional)) = key_source(from) else {
        return Err(format!(
            "env {}: the local cluster knows fieldRef, configMapKeyRef and secretKeyRef, and no other valueFrom",
            variable.name
        ));
    };
    match sources.get(&source).map(|data| data.get(key)) {
        Some(Some(value)) => Ok(Some(String::from_utf8_lossy(value).into_owned())),
        _ if optional => Ok(None),
        Some(None) => Err(format!(
            "couldn't find key {key} in {source} of namespace {}",
            plan.namespace
        )),
        None => Err(format!("{source} not found")),
    }
}

fn whole_source(from: &EnvFromSource) -> Option<(Source, bool)> {
    let config_map = from.config_map_ref.as_ref();
    let secret = from.secret_ref.as_ref();
    config_map
        .map(|map| {
            (
                Source::ConfigMap(map.name.clone()),
                map.optional.unwrap_or(false),
            )
        })
        .or_else(|| {
            secret.map(|secret| {
                (
                    Source::Secret(secret.name.clone()),
                    secret.optional.unwrap_or(false),
                )
            })
        })
}

fn key_source(from: &EnvVarSource) -> Option<(Source, &str, bool)> {
    if let Some(map) = &from.config_map_key_ref {
        let source = Source::ConfigMap(map.name.clone());
        return Some((source, &map.key, map.optional.unwrap_or(false)));
    }
    let secret = from.secret_key_ref.as_ref()?;
    let source = Source::Secret(secret.name.clone());
    Some((source, &secret.key, secret.optional.unwrap_or(false)))
}

/// The fields that a Pod may tell its containers (core/v1, `EnvVarSource.fieldRef`).
fn field_value(plan: &PodPlan, path: &str) -> Result<String, String> {
    let entry = |map: &Option<BTreeMap<String, String>>, key: &str| {
        let found = map.as_ref().and_then(|map| map.get(key));
        found.cloned().unwrap_or_default()
    };
    if let Some((field, key)) = path
        .strip_suffix("']")
        .and_then(|path| path.split_once("['"))
    {
        match field {
            "metadata.labels" => return Ok(entry(&plan.metadata.labels, key)),
            "metadata.annotations" => return Ok(entry(&plan.metadata.annotations, key)),
            _ => {}
        }
    }
    Ok(match path {
        "metadata.name" => plan.name.clone(),
        "metadata.namespace" => plan.namespace.clone(),
        "metadata.uid" => plan.uid.clone(),
        "spec.nodeName" => NODE_NAME.to_owned(),
        "spec.serviceAccountName" => plan
            .spec
            .service_account_name
            .clone()
            .unwrap_or_else(|| "default".to_owned()),
        "status.podIP" | "status.podIPs" | "status.hostIP" | "status.hostIPs" => ADDRESS.to_owned(),
        _ => {
            return Err(format!(
                "fieldRef {path:?} is none of the fields that a Pod may refer to"
            ));
        }
    })
}

#[cfg(test)]
mod tests;
