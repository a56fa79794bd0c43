//! `status`: the groups of a namespace, or the members of one group, as they stand now.

use std::collections::BTreeMap;

use super::choice::{fold, no_job, read_group};
use super::clock::now;
use super::print::{print, print_json};
use super::record::read_incomplete;
use super::session::{Session, block_on};
use super::target::TargetArgs;
use super::{CliResult, Global};
use crate::cluster::act::list;
use crate::cluster::record::Stored;
use crate::cluster::rest::{JOBS, PODS};
use crate::group::record::Attempt;
use crate::group::{Group, Member, Phase, Place};
use crate::render;
use serde_json::{Value, json};

/// Show the groups of a namespace, or the members of one group
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    target: TargetArgs,
    /// json: one JSON document
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Output>,
    /// No line with the columns' names
    #[arg(long)]
    no_headers: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Json,
}

/// Shows the state.
pub(super) fn status(args: &Args, global: &Global) -> CliResult {
    block_on(async {
        let session = Session::connect(global).await?;
        let namespace = args.target.namespace(&session.namespace);
        match args.target.named()? {
            Some(target) => {
                let (group, _, mut records) = read_group(&session, namespace, &target).await?;
                if group.members().is_empty() {
                    return Err(no_job(&target));
                }
                learn(&mut records, &group);
                show_group(&group, &records, &target.title, args)
            }
            None => show_groups(&session, namespace, args).await,
        }
    })
}

fn show_group(group: &Group, records: &[Stored], title: &str, args: &Args) -> CliResult {
    let mut members: Vec<&Member> = group.members().iter().collect();
    members.sort_by_key(|member| (member.index, &member.place));
    if args.output == Some(Output::Json) {
        let attempts = attempts(records);
        let members: Vec<Value> = members
            .iter()
            .map(|member| member_json(member, attempts.get(&member.place).copied()))
            .collect();
        print_json(&json!({"group": title, "total": members.len(), "members": members}))?;
        return Ok(0);
    }
    let now = now();
    let row = |member: &&Member| {
        let state = &member.state;
        let since = || Some(now.duration_since(state.since?));
        let time = member
            .ran_for
            .or_else(since)
            .filter(|_| state.phase != Phase::Gone);
        let tries = if state.failures > 0 {
            state.failures.to_string()
        } else {
            "0".into()
        };
        [
            render::show(&member.item).into_owned(),
            state.phase.word().to_owned(),
            tries,
            time.map(render::human).unwrap_or_default(),
            render::show(state.reason.as_deref().unwrap_or("")).into_owned(),
        ]
    };
    table(
        args,
        ["ITEM", "STATUS", "FAILURES", "TIME", "REASON"],
        members.iter().map(row),
    )?;
    super::screen::say(&format!("{title}: {}", group.verdict().words()));
    Ok(0)
}

/// Adds what is seen now, for this answer only.
fn learn(records: &mut [Stored], group: &Group) {
    let seen = |member: &Member| Some((member.place.clone(), member.attempt()?));
    let seen: Vec<_> = group.members().iter().filter_map(seen).collect();
    for stored in records {
        stored.record.learn(&seen);
    }
}

/// The Jobs of each member so far, as records know them.
fn attempts(records: &[Stored]) -> BTreeMap<&Place, &[Attempt]> {
    let rows = records.iter().flat_map(|stored| &stored.record.members);
    rows.map(|row| (&row.place, row.attempts.as_slice()))
        .collect()
}

fn attempt_json(attempt: &Attempt) -> Value {
    json!({
        "number": attempt.number, "phase": attempt.phase.word(), "reason": attempt.reason,
        "began": attempt.began, "seconds": attempt.ran_for.map(|time| time.as_secs()),
    })
}

fn member_json(member: &Member, attempts: Option<&[Attempt]>) -> Value {
    let attempts = attempts.unwrap_or_default().iter();
    json!({
        "item": member.item, "index": member.index,
        "namespace": member.place.namespace, "job": member.place.name,
        "uid": member.job().map(|job| &job.uid), "phase": member.state.phase.word(), "reason": member.state.reason,
        "failures": member.state.failures, "seconds": member.ran_for.map(|time| time.as_secs()),
        "attempts": attempts.map(attempt_json).collect::<Vec<_>>(),
        "pods": member.pods().iter().map(|pod| pod.name.as_str()).collect::<Vec<_>>(),
    })
}

/// A group's namespace and name.
pub(super) type GroupKey = (String, String);

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

async fn show_groups(session: &Session, namespace: Option<&str>, args: &Args) -> CliResult {
    let groups = read_groups(session, namespace, &args.target.group_label).await?;
    if args.output == Some(Output::Json) {
        let groups: Vec<Value> = groups
            .iter()
            .map(|((namespace, name), group)| group_json(namespace, name, group))
            .collect();
        print_json(&json!({"groups": groups}))?;
        return Ok(0);
    }
    if groups.is_empty() {
        super::screen::say(&format!(
            "no groups found in {}",
            namespace.unwrap_or("any namespace")
        ));
        return Ok(0);
    }
    let row = |((namespace, name), group): (&GroupKey, &Group)| {
        let tally = group.tally();
        let waiting =
            [Phase::Pending, Phase::BackingOff, Phase::Suspended].map(|phase| tally.of(phase));
        let good = tally.of(Phase::Succeeded);
        let counts = [
            tally.total(),
            good,
            tally.bad(),
            tally.of(Phase::Running),
            waiting.iter().sum(),
        ];
        let [total, good, bad, running, waiting] = counts.map(|count| count.to_string());
        [
            namespace.clone(),
            render::show(name).into_owned(),
            total,
            good,
            bad,
            running,
            waiting,
        ]
    };
    let headers = [
        "NAMESPACE",
        "GROUP",
        "MEMBERS",
        "SUCCEEDED",
        "FAILED",
        "RUNNING",
        "WAITING",
    ];
    table(args, headers, groups.iter().map(row))?;
    Ok(0)
}

fn group_json(namespace: &str, name: &str, group: &Group) -> Value {
    let mut object = json!({"namespace": namespace, "group": name, "total": group.tally().total()});
    for phase in Phase::ALL {
        object[phase.word()] = group.tally().of(phase).into();
    }
    object
}

fn table<const N: usize>(
    args: &Args,
    headers: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> CliResult<()> {
    let headers = (!args.no_headers).then_some(headers);
    print(render::grid(headers, rows).trim_end_matches('\n'))
}
