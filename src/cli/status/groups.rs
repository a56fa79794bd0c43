//! The groups of a namespace, or of all.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Args;
use super::sheet::Sheet;
use crate::cli::CliResult;
use crate::cli::choice::fold;
use crate::cli::record::{GroupKey, read_incomplete};
use crate::cli::screen::say;
use crate::cli::session::Session;
use crate::cluster::act::list;
use crate::cluster::rest::{JOBS, PODS};
use crate::group::{Group, Phase};
use crate::render;

/// All groups, by namespace and name.
async fn read_groups(
    session: &Session,
    namespace: Option<&str>,
    label: &str,
) -> CliResult<BTreeMap<GroupKey, Group>> {
    let jobs = list(&session.client, JOBS, namespace, label).await?;
    let pods = list(&session.client, PODS, namespace, label).await?;
    let mut groups: BTreeMap<GroupKey, (Vec<Value>, Vec<Value>)> = BTreeMap::new();
    for job in jobs {
        groups.entry(key_of(&job, label)).or_default().0.push(job);
    }
    for pod in pods {
        if let Some(group) = groups.get_mut(&key_of(&pod, label)) {
            group.1.push(pod);
        }
    }
    let count = |key: &GroupKey| groups.get(key).map_or(0, |(jobs, _)| jobs.len());
    let mut records = read_incomplete(session, namespace, label, count).await;
    for key in records.keys() {
        groups.entry(key.clone()).or_default();
    }
    let folded = groups.into_iter().map(|(key, (jobs, pods))| {
        let record: Vec<_> = records.remove(&key).into_iter().collect();
        let group = fold(&record, &jobs, &pods);
        (key, group)
    });
    Ok(folded.collect())
}

fn key_of(object: &Value, label: &str) -> GroupKey {
    let namespace = object
        .pointer("/metadata/namespace")
        .and_then(Value::as_str);
    let labels = object.pointer("/metadata/labels");
    let group = labels.and_then(|labels| labels.get(label)?.as_str());
    (
        namespace.unwrap_or_default().to_owned(),
        group.unwrap_or_default().to_owned(),
    )
}

/// Shows all groups.
pub(super) async fn show(session: &Session, namespace: Option<&str>, args: &Args) -> CliResult {
    let groups = read_groups(session, namespace, &args.choice.target.group_label).await?;
    if groups.is_empty() && args.output.is_table() {
        say(&format!(
            "no groups found in {}",
            namespace.unwrap_or("any namespace")
        ));
        return Ok(0);
    }
    let objects = groups
        .iter()
        .map(|((namespace, name), group)| json(namespace, name, group));
    let sheet = Sheet {
        document: json!({"groups": objects.collect::<Vec<_>>()}),
        rows_at: "groups",
        headers: HEADERS,
        rows: groups.iter().map(|(key, group)| row(key, group)).collect(),
        names: groups.keys().map(|(_, name)| name.clone()).collect(),
    };
    sheet.print(&args.output, args.no_headers)?;
    Ok(0)
}

const HEADERS: &[&str] = &[
    "NAMESPACE",
    "GROUP",
    "MEMBERS",
    "SUCCEEDED",
    "FAILED",
    "RUNNING",
    "WAITING",
];

fn row((namespace, name): &GroupKey, group: &Group) -> Vec<String> {
    let tally = group.tally();
    let waiting =
        [Phase::Pending, Phase::BackingOff, Phase::Suspended].map(|phase| tally.of(phase));
    let counts = [
        tally.total(),
        tally.of(Phase::Succeeded),
        tally.bad(),
        tally.of(Phase::Running),
        waiting.iter().sum(),
    ];
    let mut row = [namespace, name]
        .map(|text| render::show(text).into_owned())
        .to_vec();
    row.extend(counts.map(|count| count.to_string()));
    row
}

fn json(namespace: &str, name: &str, group: &Group) -> Value {
    let mut object = json!({"namespace": namespace, "group": name, "total": group.tally().total()});
    for phase in Phase::ALL {
        object[phase.field()] = group.tally().of(phase).into();
    }
    object
}
