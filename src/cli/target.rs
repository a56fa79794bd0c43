//! Which group a command is about.

use super::{CliResult, Failure, Global};
use crate::manifest::names;

/// A group by name, or by a label selector.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Group")]
pub(super) struct TargetArgs {
    /// The group's name: the same as -l jobgroup=GROUP
    #[arg(value_name = "GROUP", conflicts_with = "selector")]
    group: Option<String>,
    /// A label selector, such as jobgroup=jobexample
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
    /// The label that carries the group's name
    #[arg(long, value_name = "KEY", default_value = "jobgroup")]
    pub(super) group_label: String,
    /// Look in all namespaces
    #[arg(short = 'A', long)]
    pub(super) all_namespaces: bool,
}

/// A group, as the server is asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// A label selector.
    pub(super) selector: String,
    /// What people call it.
    pub(super) title: String,
    /// The flag that names it again: `-l jobgroup=x`.
    pub(super) flags: String,
    /// The label and the name of the one group that it is, if it is one.
    group: Option<(String, String)>,
}

impl Target {
    /// The group of a label's value.
    pub(super) fn group(label: &str, name: &str) -> Self {
        let selector = format!("{label}={name}");
        Self {
            flags: format!("-l {selector}"),
            title: name.to_owned(),
            selector,
            group: Some((label.to_owned(), name.to_owned())),
        }
    }

    /// The label and the name of the one group that this is; nothing for any other selector.
    pub(super) fn group_of(&self) -> Option<(&str, &str)> {
        let (label, name) = self.group.as_ref()?;
        Some((label, name))
    }
}

impl TargetArgs {
    /// The group that is named, if one is.
    pub(super) fn named(&self) -> CliResult<Option<Target>> {
        if let Some(name) = &self.group {
            if !names::is_label_value(name) || name.is_empty() {
                return Err(Failure::usage(format!(
                    "`{name}` cannot be the name of a group: it is the value of the label {}",
                    self.group_label
                )));
            }
            return Ok(Some(Target::group(&self.group_label, name)));
        }
        let Some(selector) = &self.selector else {
            return Ok(None);
        };
        let own = selector
            .strip_prefix(&self.group_label)
            .and_then(|rest| rest.strip_prefix('='));
        let own = own.filter(|name| names::is_label_value(name) && !name.is_empty());
        Ok(Some(Target {
            selector: selector.clone(),
            title: own.unwrap_or(selector).to_owned(),
            group: own.map(|name| (self.group_label.clone(), name.to_owned())),
            flags: format!("-l '{selector}'").replace('\'', if own.is_some() { "" } else { "'" }),
        }))
    }

    /// The group that must be named.
    pub(super) fn required(&self) -> CliResult<Target> {
        self.named()?.ok_or_else(|| {
            Failure::usage("no group is named\nhint: name it, or give -l jobgroup=NAME; `kubectl batch status` lists the groups")
        })
    }

    /// The namespace to look in; `None` is all.
    pub(super) fn namespace<'a>(&self, own: &'a str) -> Option<&'a str> {
        (!self.all_namespaces).then_some(own)
    }
}

/// `-n NAME ` when a namespace was asked for, to be put into a command that is shown.
pub(super) fn namespace_flag(global: &Global) -> String {
    let namespace = global.connection.namespace.as_deref();
    namespace
        .map(|name| format!("-n {name} "))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(group: Option<&str>, selector: Option<&str>) -> TargetArgs {
        TargetArgs {
            group: group.map(str::to_owned),
            selector: selector.map(str::to_owned),
            group_label: "jobgroup".into(),
            all_namespaces: false,
        }
    }

    #[test]
    fn a_group_is_named_or_selected() {
        for (group, selector, title, flags) in [
            (Some("x"), None, "x", "-l jobgroup=x"),
            (None, Some("jobgroup=x"), "x", "-l jobgroup=x"),
            (
                None,
                Some("app in (a,b)"),
                "app in (a,b)",
                "-l 'app in (a,b)'",
            ),
        ] {
            let target = args(group, selector).required().expect("it is named");
            assert_eq!(
                (target.title.as_str(), target.flags.as_str()),
                (title, flags)
            );
        }
        assert!(args(Some("a b"), None).required().is_err());
        assert!(args(None, None).required().is_err());
    }
}
