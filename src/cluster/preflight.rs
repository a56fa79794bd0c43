//! What can be known to go wrong before the first member is created: permissions, the first member itself, quota.

use futures::future::join_all;
use futures::join;
use kube::Client;
use serde_json::{Value, json};

use super::handover;
use super::permissions::Rule;
use super::problem::{Class, Problem};
use super::rest::{self, JOBS, Resource};
use super::submit::Prepared;

const REVIEWS: Resource = Resource {
    root: "/apis/authorization.k8s.io/v1",
    plural: "selfsubjectaccessreviews",
    kind: "SelfSubjectAccessReview",
};
const QUOTAS: Resource = Resource {
    root: "/api/v1",
    plural: "resourcequotas",
    kind: "ResourceQuota",
};

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What makes the command fail; all of it.
    pub errors: Vec<String>,
    /// What slows it down.
    pub warnings: Vec<String>,
}

/// What is asked about: verb, API group, resource, subresource.
type Need = (&'static str, &'static str, &'static str, &'static str);

fn needs(rules: &[Rule]) -> Vec<Need> {
    let each = |rule: &Rule| {
        let (group, resource) = (rule.group, rule.resource);
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let verbs = rule.verbs.iter();
        verbs.map(move |verb| (*verb, group, resource, subresource))
    };
    rules.iter().flat_map(each).collect()
}

/// Asks for permissions, lets the server check the first member, and looks at what quota leaves for `count` members.
pub async fn check(
    client: &Client,
    namespace: &str,
    rules: &[Rule],
    first: Option<Prepared>,
    count: usize,
    hands_over: bool,
) -> Result<Findings, Problem> {
    let (mut findings, needs) = (Findings::default(), needs(rules));
    let quotas = QUOTAS.path(namespace, &[]);
    let (reviews, tried, quotas) = join!(
        join_all(needs.iter().map(|need| may(client, namespace, *need))),
        dry_run(client, first.as_ref(), hands_over),
        rest::get_path(client, &quotas),
    );
    for (need, allowed) in needs.iter().zip(reviews) {
        if let Some(why) = allowed? {
            findings.errors.push(denied(*need, namespace, &why));
        }
    }
    // Where something is denied, the dry run only says so once more.
    if findings.errors.is_empty() {
        findings.errors.extend(tried?);
    }
    // Whoever may not see the quota learns of it when it is used up.
    if let Ok(quotas) = quotas {
        findings.warnings.extend(left_by_quota(&quotas, count));
    }
    Ok(findings)
}

/// Nothing if it is allowed, else why not; a server that does not answer reviews allows all for now.
async fn may(client: &Client, namespace: &str, need: Need) -> Result<Option<String>, Problem> {
    let (verb, group, resource, subresource) = need;
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "namespace": namespace, "verb": verb, "group": group, "resource": resource, "subresource": subresource,
        }},
    });
    let path = format!("{}/{}", REVIEWS.root, REVIEWS.plural);
    match rest::post_path(client, &path, &review).await {
        Ok(answer) if answer["status"]["allowed"] == true => Ok(None),
        Ok(answer) => Ok(Some(
            answer["status"]["reason"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )),
        Err(error) => match Problem::from(error) {
            problem if problem.class == Class::Refused => Ok(None),
            problem => Err(problem),
        },
    }
}

fn denied((verb, group, resource, subresource): Need, namespace: &str, why: &str) -> String {
    let group = if group.is_empty() {
        String::new()
    } else {
        format!(".{group}")
    };
    let subresource = if subresource.is_empty() {
        String::new()
    } else {
        format!("/{subresource}")
    };
    let why = if why.is_empty() {
        String::new()
    } else {
        format!(" ({why})")
    };
    format!("you may not {verb} {resource}{group}{subresource} in the namespace {namespace}{why}")
}

/// What the server says of the first member, without keeping it. Jobs that are handed over must keep `spec.managedBy`.
async fn dry_run(
    client: &Client,
    first: Option<&Prepared>,
    hands_over: bool,
) -> Result<Vec<String>, Problem> {
    let Some(first) = first else {
        return Ok(Vec::new());
    };
    let query = "dryRun=All&fieldValidation=Strict";
    let jobs = first
        .objects
        .iter()
        .filter(|object| object["kind"] == "Job");
    let mut errors = Vec::new();
    for job in jobs {
        match rest::create(client, JOBS, &first.place.namespace, query, job).await {
            Ok(answer) if hands_over => errors.extend(handover::was_kept(&answer).err()),
            Ok(_) => {}
            Err(error) if rest::is_status(&error, 409) => {}
            Err(error) => match Problem::from(error) {
                problem if problem.class == Class::Unreachable => return Err(problem),
                // Quota frees itself as members end.
                problem if problem.message.contains("exceeded quota") => {}
                problem => errors.push(format!("{}: {}", first.place.name, problem.message)),
            },
        }
    }
    Ok(errors)
}

/// What each quota leaves of the number of Jobs or Pods, where that is less than what is wanted.
fn left_by_quota(quotas: &Value, count: usize) -> Vec<String> {
    let items = quotas["items"].as_array().map_or(&[][..], Vec::as_slice);
    let mut warnings = Vec::new();
    for quota in items {
        for (field, what) in [
            ("count/jobs.batch", "Jobs"),
            ("pods", "Pods"),
            ("count/pods", "Pods"),
        ] {
            let number = |part: &str| quota["status"][part][field].as_str()?.parse::<usize>().ok();
            let Some((hard, used)) = number("hard").zip(number("used")) else {
                continue;
            };
            let left = hard.saturating_sub(used);
            if left < count {
                let name = quota["metadata"]["name"].as_str().unwrap_or_default();
                warnings.push(format!(
                    "the quota {name} leaves {left} of {hard} {what}, and {count} members are wanted: they will wait for each other"
                ));
            }
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verb_is_asked_about_and_subresources_by_themselves() {
        let rules = [Rule {
            group: "",
            resource: "pods/log",
            verbs: &["get", "list"],
            why: super::super::permissions::Why::Required,
        }];
        assert_eq!(
            needs(&rules),
            [("get", "", "pods", "log"), ("list", "", "pods", "log")]
        );
    }

    #[test]
    fn a_denial_names_verb_resource_and_namespace() {
        assert_eq!(
            denied(("create", "batch", "jobs", ""), "ci", "no rule"),
            "you may not create jobs.batch in the namespace ci (no rule)"
        );
        assert_eq!(
            denied(("get", "", "pods", "log"), "ci", ""),
            "you may not get pods/log in the namespace ci"
        );
    }

    #[test]
    fn a_quota_warns_only_where_it_leaves_too_little() {
        let status = json!({"hard": {"count/jobs.batch": "50", "pods": "1k"}, "used": {"count/jobs.batch": "10", "pods": "1"}});
        let quotas = json!({"items": [{"metadata": {"name": "q"}, "status": status}]});
        assert_eq!(left_by_quota(&quotas, 40), [""; 0]);
        let warnings = left_by_quota(&quotas, 41);
        assert_eq!(warnings.len(), 1);
        assert!(
            warnings[0].starts_with("the quota q leaves 40 of 50 Jobs, and 41 members are wanted"),
            "{warnings:?}"
        );
        assert_eq!(left_by_quota(&Value::Null, 9), [""; 0]);
    }
}
