//! `rbac`: prints the least role that commands need, and who is to have it.

use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};

use super::print::{print, print_json};
use super::{CliResult, Global};
use crate::cluster::permissions::{COMMANDS, Grant, NAMESPACES, Why, grants};
use crate::manifest::yaml::{emit_flow, to_yaml};

const API: &str = "rbac.authorization.k8s.io";

/// Print the least Role that commands need
///
/// Nothing is asked of a cluster. Comments say which rules a command works without, and what it is that it does not do then.
/// With -A it is a role for the whole cluster.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  kubectl batch rbac | kubectl apply -f -
  kubectl batch rbac run logs -n ci --subject serviceaccount:ci:runner | kubectl apply -f -")]
pub(super) struct Args {
    /// The commands; without any, all that talk to a cluster
    #[arg(value_name = "COMMAND", value_parser = PossibleValuesParser::new(COMMANDS.iter().map(|(name, _)| *name)), hide_possible_values = true)]
    commands: Vec<String>,
    /// The name of the role: kubectl-batch, or kubectl-batch-COMMAND
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Bind it to user:NAME, group:NAME or serviceaccount:NAMESPACE:NAME; repeatable
    #[arg(long = "subject", value_name = "WHO", value_parser = subject)]
    subjects: Vec<Subject>,
    /// For all namespaces
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// yaml or json; JSON has no comments
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        default_value = "yaml",
        hide_default_value = true
    )]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Yaml,
    Json,
}

/// Who is bound to a role.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    User(String),
    Group(String),
    ServiceAccount { namespace: String, name: String },
}

fn subject(text: &str) -> Result<Subject, String> {
    let wrong = || "expected user:NAME, group:NAME or serviceaccount:NAMESPACE:NAME".to_owned();
    let (kind, name) = text.split_once(':').ok_or_else(wrong)?;
    let parts: Vec<&str> = name.split(':').collect();
    match (kind, parts.as_slice()) {
        ("user", _) if !name.is_empty() => Ok(Subject::User(name.into())),
        ("group", _) if !name.is_empty() => Ok(Subject::Group(name.into())),
        ("serviceaccount", [namespace, name]) if !namespace.is_empty() && !name.is_empty() => {
            Ok(Subject::ServiceAccount {
                namespace: (*namespace).into(),
                name: (*name).into(),
            })
        }
        _ => Err(wrong()),
    }
}

/// Prints.
pub(super) fn rbac(args: &Args, global: &Global) -> CliResult {
    let namespace = global.connection.namespace.as_deref();
    match args.output {
        Output::Yaml => print(args.yaml(namespace).trim_end())?,
        Output::Json => print_json(&args.json(namespace))?,
    }
    Ok(0)
}

impl Args {
    fn named(&self) -> Vec<String> {
        if self.commands.is_empty() {
            let all = COMMANDS.iter().map(|(name, _)| (*name).to_owned());
            return all.collect();
        }
        self.commands.clone()
    }

    fn grants(&self) -> Vec<Grant> {
        let mut grants = grants(&self.named());
        // What stands in no namespace is not for a Role to give.
        grants.retain(|grant| self.all_namespaces || grant.resource != NAMESPACES);
        grants
    }

    fn name(&self) -> String {
        let own = match self.commands.as_slice() {
            [one] => format!("kubectl-batch-{one}"),
            _ => "kubectl-batch".into(),
        };
        self.name.clone().unwrap_or(own)
    }

    /// The kind, with or without `Cluster` in front.
    fn kind(&self, kind: &str) -> String {
        let scope = if self.all_namespaces { "Cluster" } else { "" };
        format!("{scope}{kind}")
    }

    /// An object without its content; without a namespace, kubectl chooses it.
    fn object(&self, kind: &str, namespace: Option<&str>) -> Value {
        let mut object = json!({
            "apiVersion": format!("{API}/v1"), "kind": self.kind(kind), "metadata": {"name": self.name()},
        });
        if let Some(namespace) = namespace.filter(|_| !self.all_namespaces) {
            object["metadata"]["namespace"] = namespace.into();
        }
        object
    }

    fn binding(&self, namespace: Option<&str>) -> Option<Value> {
        if self.subjects.is_empty() {
            return None;
        }
        let mut binding = self.object("RoleBinding", namespace);
        binding["roleRef"] =
            json!({"apiGroup": API, "kind": self.kind("Role"), "name": self.name()});
        binding["subjects"] = self.subjects.iter().map(Subject::to_value).collect();
        Some(binding)
    }

    fn json(&self, namespace: Option<&str>) -> Value {
        let mut role = self.object("Role", namespace);
        role["rules"] = self.grants().iter().map(rule).collect();
        match self.binding(namespace) {
            None => role,
            Some(binding) => json!({"apiVersion": "v1", "kind": "List", "items": [role, binding]}),
        }
    }

    fn yaml(&self, namespace: Option<&str>) -> String {
        let mut text = format!("# What kubectl batch {} needs.\n", self.title());
        let creates = ["run", "submit", "continue", "retry"];
        if self.named().iter().any(|name| creates.contains(&&**name)) {
            text += "# A template that makes more than Jobs needs create and get on that, too.\n\
                     # Whoever is logged in may create selfsubjectaccessreviews: no rule says so.\n";
        }
        text += &to_yaml(&self.object("Role", namespace));
        text += "rules:\n";
        for grant in self.grants() {
            text += &commented(&grant);
        }
        if let Some(binding) = self.binding(namespace) {
            text += "---\n";
            text += &to_yaml(&binding);
        }
        text
    }

    fn title(&self) -> String {
        match self.commands.as_slice() {
            [] => "as a whole".into(),
            [many @ .., last] if !many.is_empty() => format!("{} and {last}", many.join(", ")),
            commands => commands.concat(),
        }
    }
}

impl Subject {
    fn to_value(&self) -> Value {
        match self {
            Self::User(name) => json!({"apiGroup": API, "kind": "User", "name": name}),
            Self::Group(name) => json!({"apiGroup": API, "kind": "Group", "name": name}),
            Self::ServiceAccount { namespace, name } => {
                json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
            }
        }
    }
}

fn rule(grant: &Grant) -> Value {
    json!({"apiGroups": [grant.group], "resources": [grant.resource], "verbs": grant.verbs})
}

/// A rule after a comment that says whether it can be left out.
fn commented(grant: &Grant) -> String {
    let mut text = match grant.why {
        Why::Required => String::new(),
        Why::For(what) => format!("# Only for {what}.\n"),
        Why::Otherwise(what) => format!("# Optional. Without it, {what}.\n"),
    };
    let rule = rule(grant);
    for (key, start) in [("apiGroups", "- "), ("resources", "  "), ("verbs", "  ")] {
        text.extend([start, key, ": "]);
        emit_flow(&rule[key], &mut text);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(commands: &[&str], subjects: &[&str], all_namespaces: bool) -> Args {
        Args {
            commands: commands.iter().map(|name| (*name).to_owned()).collect(),
            name: None,
            subjects: subjects
                .iter()
                .map(|text| subject(text).expect("a subject"))
                .collect(),
            all_namespaces,
            output: Output::Yaml,
        }
    }

    #[test]
    fn a_role_says_what_is_optional_and_a_binding_who_has_it() {
        let yaml = args(&["delete"], &["serviceaccount:ci:runner"], false).yaml(Some("ci"));
        insta::assert_snapshot!(yaml, @r#"
        # What kubectl batch delete needs.
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: kubectl-batch-delete
          namespace: ci
        rules:
        - apiGroups: ["batch"]
          resources: ["jobs"]
          verbs: ["delete", "list"]
        # Optional. Without it, the group's record stays.
        - apiGroups: [""]
          resources: ["configmaps"]
          verbs: ["delete", "list"]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata:
          name: kubectl-batch-delete
          namespace: ci
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: Role
          name: kubectl-batch-delete
        subjects:
        - kind: ServiceAccount
          name: runner
          namespace: ci
        "#);
    }

    #[test]
    fn all_namespaces_make_cluster_roles_and_namespaces_visible() {
        let list = args(&["completion"], &["user:ann", "group:ops"], true).json(Some("ci"));
        assert_eq!(list["items"][0]["kind"], "ClusterRole");
        assert_eq!(
            list["items"][0]["rules"][1]["resources"],
            json!(["namespaces"])
        );
        assert_eq!(list["items"][1]["kind"], "ClusterRoleBinding");
        assert_eq!(list["items"][1]["roleRef"]["kind"], "ClusterRole");
        let metadata = &list["items"][0]["metadata"];
        assert_eq!(*metadata, json!({"name": "kubectl-batch-completion"}));
        let own = args(&["completion"], &[], false).json(None);
        assert_eq!(own["rules"].as_array().map(Vec::len), Some(1), "{own}");
    }

    #[test]
    fn the_comments_do_not_change_what_the_yaml_says() {
        let all = args(&[], &["user:a: b"], false);
        let documents = crate::manifest::yaml::documents(&all.yaml(None)).expect("YAML");
        assert_eq!(documents.len(), 2);
    }

    #[test]
    fn a_subject_is_a_user_a_group_or_a_service_account() {
        assert_eq!(
            subject("user:system:node:x"),
            Ok(Subject::User("system:node:x".into()))
        );
        for wrong in [
            "ann",
            "user:",
            "serviceaccount:runner",
            "serviceaccount::x",
            "serviceaccount:a:b:c",
            "robot:x",
        ] {
            assert!(subject(wrong).is_err(), "{wrong}");
        }
    }
}
