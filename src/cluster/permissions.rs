//! What each command asks of the server, as data: the roles that `rbac` prints and the check before the first create come from it.
//!
//! `tests/it/rbac.rs` runs each command under its own role, and finds what is missing here and what is too much.

use Why::{For, Otherwise, Required};

/// Verbs on one resource, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The plural name, with its subresource: `pods/log`.
    pub resource: &'static str,
    /// As RBAC names them.
    pub verbs: &'static [&'static str],
    /// Why they are needed.
    pub why: Why,
}

/// Whether a command works without a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It does not.
    Required,
    /// It does, but not with what is named here.
    For(&'static str),
    /// It does, and this is what becomes of it.
    Otherwise(&'static str),
}

/// What commands ask of one resource for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Why.
    pub why: Why,
    /// The API group.
    pub group: &'static str,
    /// The plural name, with its subresource.
    pub resource: &'static str,
    /// In alphabetical order.
    pub verbs: Vec<&'static str>,
}

/// A kind that stands in no namespace: a Role cannot grant it.
pub const NAMESPACES: &str = "namespaces";

/// What every submission asks for.
pub const SUBMIT: &[Rule] = &[jobs(&["create", "get"], Required)];
/// What it takes to watch a group.
pub const WATCH: &[Rule] = &[
    jobs(&["list", "watch"], Required),
    pods(&["list", "watch"], Required),
];
/// What `--replace` asks for.
pub const REPLACE: &[Rule] = &[jobs(&["list", "delete"], For("--replace"))];
/// What it takes to change a Job that has ended.
pub const EXPIRE: &[Rule] = &[jobs(&["patch"], For("--ttl-success and --ttl-failure"))];

const HALT: &[Rule] = &[jobs(&["patch"], For("--halt now"))];
const COMPARE: &[Rule] = &[jobs(
    &["list"],
    Otherwise("the list is not compared with the cluster first"),
)];
const QUOTA: &[Rule] = &[core(
    "resourcequotas",
    &["list"],
    Otherwise("nothing is said of a quota before it is used up"),
)];
const LAST_LINES: &[Rule] = &[core(
    "pods/log",
    &["get"],
    Otherwise("the output of containers is not shown"),
)];
const LOOK: &[Rule] = &[jobs(&["list"], Required), pods(&["list"], Required)];
const SUSPEND: &[Rule] = &[jobs(&["patch"], Required)];

const NO_RECORD: Why =
    Otherwise("the group gets no record: retry, status and continue know only what its Jobs tell");
const NOT_LEARNED: Why = Otherwise("the group's record does not learn how members ended");
const NOT_RECALLED: Why = Otherwise("members whose Jobs are gone are not known");
const NOT_HEARD: Why = Otherwise("set does not change the options while this command runs");

const RECORD: &[Rule] = &[configmaps(
    &["create", "delete", "get", "list", "update", "watch"],
    NO_RECORD,
)];
const RECALL: &[Rule] = &[configmaps(&["get", "list"], NOT_RECALLED)];
const LEARN: &[Rule] = &[configmaps(
    &["create", "delete", "get", "update"],
    NOT_LEARNED,
)];
const LISTEN: &[Rule] = &[configmaps(&["get", "list", "watch"], NOT_RECALLED)];

const RETRY: &[Rule] = &[jobs(&["create", "delete", "get"], Required)];
const CONTINUE: &[Rule] = &[
    configmaps(&["get"], Required),
    configmaps(&["create", "delete", "update"], NOT_LEARNED),
    configmaps(&["list", "watch"], NOT_HEARD),
];
const RELEASE: &[Rule] = &[configmaps(&["get", "list", "update", "watch"], NOT_HEARD)];
const SET: &[Rule] = &[configmaps(&["get", "update"], Required)];
const LOGS: &[Rule] = &[core("pods/log", &["get"], Required)];
const FOLLOW: &[Rule] = &[
    jobs(&["watch"], For("--follow")),
    pods(&["watch"], For("--follow")),
    configmaps(
        &["create", "delete", "update", "watch"],
        Otherwise("with --follow, the group's record does not learn how members ended"),
    ),
];
const EVENTS: &[Rule] = &[core(
    "events",
    &["list"],
    Otherwise("status --item shows no Events"),
)];
const STUCK: &[Rule] = &[core(
    "events",
    &["list"],
    Otherwise("why a member does not start is known only as far as its Pods say it"),
)];
const DELETE: &[Rule] = &[
    jobs(&["delete", "list"], Required),
    configmaps(&["delete", "list"], Otherwise("the group's record stays")),
];
const RECONCILE: &[Rule] = &[
    jobs(&["get", "list", "watch"], Required),
    rule("batch", "jobs/status", &["update"], Required),
    pods(
        &["create", "delete", "get", "list", "patch", "watch"],
        Required,
    ),
    core("events", &["create"], Otherwise("no Events are recorded")),
    rule(
        "coordination.k8s.io",
        "leases",
        &["create", "get", "update"],
        Otherwise("nothing keeps a second reconciler away"),
    ),
];
const VERSION: &[Rule] = &[jobs(
    &["create", "watch"],
    Otherwise("version does not know the features of the server"),
)];
const COMPLETION: &[Rule] = &[
    jobs(
        &["list"],
        Otherwise("names of groups, items and Jobs are not completed"),
    ),
    core(
        NAMESPACES,
        &["list"],
        Otherwise("names of namespaces are not completed"),
    ),
];

/// The commands that talk to a cluster, with what they ask for.
pub const COMMANDS: &[(&str, &[&[Rule]])] = &[
    (
        "run",
        &[
            SUBMIT, WATCH, REPLACE, EXPIRE, HALT, LAST_LINES, STUCK, QUOTA, RECORD,
        ],
    ),
    ("submit", &[SUBMIT, REPLACE, COMPARE, QUOTA, SUBMITTED]),
    ("watch", &[WATCH, EXPIRE, LAST_LINES, STUCK, LISTEN, LEARN]),
    ("wait", &[WATCH, EXPIRE, LAST_LINES, STUCK, LISTEN, LEARN]),
    ("status", &[LOOK, EVENTS, RECALL]),
    ("logs", &[LOOK, LOGS, FOLLOW, RECALL]),
    (
        "continue",
        &[SUBMIT, WATCH, EXPIRE, HALT, LAST_LINES, STUCK, CONTINUE],
    ),
    ("set", &[SET]),
    ("release", &[WATCH, SUSPEND, RELEASE]),
    ("retry", &[LOOK, RETRY, RECALL, LEARN]),
    ("suspend", &[LOOK, SUSPEND, RECALL]),
    ("resume", &[LOOK, SUSPEND, RECALL]),
    ("delete", &[DELETE]),
    ("reconcile", &[RECONCILE]),
    ("version", &[VERSION]),
    ("completion", &[COMPLETION]),
];

/// `submit` does not listen to the record that it writes.
const SUBMITTED: &[Rule] = &[configmaps(
    &["create", "delete", "get", "update"],
    NO_RECORD,
)];

const fn rule(
    group: &'static str,
    resource: &'static str,
    verbs: &'static [&'static str],
    why: Why,
) -> Rule {
    Rule {
        group,
        resource,
        verbs,
        why,
    }
}

const fn core(resource: &'static str, verbs: &'static [&'static str], why: Why) -> Rule {
    rule("", resource, verbs, why)
}

const fn jobs(verbs: &'static [&'static str], why: Why) -> Rule {
    rule("batch", "jobs", verbs, why)
}

const fn pods(verbs: &'static [&'static str], why: Why) -> Rule {
    core("pods", verbs, why)
}

const fn configmaps(verbs: &'static [&'static str], why: Why) -> Rule {
    core("configmaps", verbs, why)
}

/// What commands ask for together: what is required first, and nothing of that again; of what is optional, each verb once.
pub fn grants(commands: &[String]) -> Vec<Grant> {
    let named = COMMANDS
        .iter()
        .filter(|(name, _)| commands.iter().any(|own| own == name));
    let rules: Vec<Rule> = named
        .flat_map(|(_, sets)| sets.iter().copied().flatten().copied())
        .collect();
    let is_required = |rule: &Rule, verb: &str| {
        let same = |other: &&Rule| (other.group, other.resource) == (rule.group, rule.resource);
        let mut required = rules.iter().filter(|other| other.why == Required);
        required.any(|other| same(&other) && other.verbs.contains(&verb))
    };
    let mut grants: Vec<Grant> = Vec::new();
    for rule in &rules {
        let is_left = |verb: &&&str| match rule.why {
            Required => true,
            For(_) => !is_required(rule, verb),
            Otherwise(_) => !is_required(rule, verb) && !is_known(&grants, rule, verb),
        };
        let verbs: Vec<&str> = rule.verbs.iter().filter(is_left).copied().collect();
        let same = |grant: &&mut Grant| {
            (grant.why, grant.group, grant.resource) == (rule.why, rule.group, rule.resource)
        };
        match grants.iter_mut().find(same) {
            Some(grant) => grant.verbs.extend(verbs),
            None if verbs.is_empty() => {}
            None => grants.push(Grant {
                why: rule.why,
                group: rule.group,
                resource: rule.resource,
                verbs,
            }),
        }
    }
    for grant in &mut grants {
        grant.verbs.sort_unstable();
        grant.verbs.dedup();
    }
    // Stable: in each part, resources stay in the order of the table.
    grants.sort_by_key(|grant| match grant.why {
        Required => 0,
        For(_) => 1,
        Otherwise(_) => 2,
    });
    grants
}

/// Whether another reason grants this already that may be left out, too.
fn is_known(grants: &[Grant], rule: &Rule, verb: &str) -> bool {
    let mut others = grants
        .iter()
        .filter(|grant| matches!(grant.why, Otherwise(_)) && grant.why != rule.why);
    others.any(|grant| {
        (grant.group, grant.resource) == (rule.group, rule.resource) && grant.verbs.contains(&verb)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(commands: &[&str]) -> Vec<String> {
        let commands: Vec<String> = commands.iter().map(|name| (*name).to_owned()).collect();
        let line = |grant: Grant| {
            let mark = match grant.why {
                Required => "!",
                For(_) => "+",
                Otherwise(_) => "?",
            };
            format!("{mark} {} {}", grant.resource, grant.verbs.join(","))
        };
        grants(&commands).into_iter().map(line).collect()
    }

    #[test]
    fn what_is_required_is_not_said_again_as_optional() {
        assert_eq!(
            lines(&["submit"]),
            [
                "! jobs create,get",
                "+ jobs delete,list",
                "? jobs list",
                "? resourcequotas list",
                "? configmaps create,delete,get,update",
            ]
        );
        assert_eq!(
            lines(&["set", "delete", "submit"]),
            [
                "! jobs create,delete,get,list",
                "! configmaps get,update",
                "? resourcequotas list",
                "? configmaps create,delete",
                "? configmaps list",
            ]
        );
        assert_eq!(lines(&[]), [""; 0]);
    }
}
