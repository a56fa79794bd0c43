//! `reconcile`: is the Job controller of the Jobs that were handed over, or explains one Job.

#![expect(
    clippy::disallowed_methods,
    reason = "the loop has a clock, and a process a name of its own"
)]

use std::sync::Arc;

use jiff::Timestamp;
use kube::Client;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::error::INTERRUPTED;
use super::print::print;
use super::screen::say;
use super::session::{Session, block_on_threads};
use super::{CliResult, Failure, Global};
use crate::cluster::act::{encode, list};
use crate::cluster::lease::{self, Candidate, Standing};
use crate::cluster::problem::Problem;
use crate::cluster::rest::{self, JOBS, PODS};
use crate::controller::{self, Options, Ran};
use crate::job::{Job, Pod, explain};
use crate::render::show;
use crate::terminal::Signals;

/// The Lease that says which process works in a namespace.
const LEASE: &str = "kubectl-batch-reconciler";

/// Be the Job controller of the Jobs that were handed over, or explain one Job
///
/// Serves the Jobs whose spec.managedBy is kubectl-batch/reconciler, and touches no other. It may be stopped and started
/// again at any time. -v says what is decided about each Job, and why.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Serve all namespaces
    #[arg(short = 'A', long, conflicts_with = "explain")]
    all_namespaces: bool,
    /// Only Jobs that this label selector matches
    #[arg(short = 'l', long, value_name = "SELECTOR", conflicts_with = "explain")]
    selector: Option<String>,
    /// Look once at every Job, do what is to be done now, and end
    #[arg(long, conflicts_with = "explain")]
    once: bool,
    /// The most Pods to create in a second; without it, as many as the server takes
    #[arg(long, value_name = "N", value_parser = rate, conflicts_with = "explain")]
    max_pods_per_second: Option<f64>,
    /// The name under which the Lease is held; without it, one that no other process has
    #[arg(long, value_name = "NAME", conflicts_with = "explain")]
    identity: Option<String>,
    /// Explain what the rules make of one Job now, whoever manages it, and change nothing
    #[arg(long, value_name = "JOB")]
    explain: Option<String>,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text
        .parse::<f64>()
        .ok()
        .filter(|rate| (0.001..=100_000.0).contains(rate));
    rate.ok_or_else(|| "it is not a number from 0.001 to 100000".into())
}

/// Reconciles, or explains.
pub(super) fn reconcile(args: &Args, global: &Global) -> CliResult {
    let mut global = global.clone();
    // The loop keeps its own pace, and must see what the server asks of it.
    global.connection.no_retry = true;
    block_on_threads(async {
        let session = Session::connect(&global).await?;
        match &args.explain {
            Some(name) => explain_one(&session, name).await,
            None => serve(args, &session).await,
        }
    })
}

/// Works on the Jobs of one group until it is stopped, beside a command that watches them.
pub(super) async fn beside(
    session: &Session,
    selector: &str,
    stopped: watch::Receiver<bool>,
) -> Ran {
    let args = Args {
        all_namespaces: false,
        selector: Some(selector.to_owned()),
        once: false,
        max_pods_per_second: None,
        identity: None,
        explain: None,
    };
    work(&args, session, Some(session.namespace.clone()), stopped).await
}

async fn explain_one(session: &Session, name: &str) -> CliResult {
    let (client, namespace) = (&session.client, &session.namespace);
    let object = rest::get(client, JOBS, namespace, name)
        .await
        .map_err(Problem::from)?;
    let job = Job::from_value(&object).map_err(Failure::tool)?;
    let labels = object
        .pointer("/spec/selector/matchLabels")
        .and_then(Value::as_object);
    let pairs = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
    let selector = pairs.collect::<Vec<_>>().join(",");
    let pods = list(client, PODS, Some(namespace), &selector).await?;
    let pods: Vec<Arc<Pod>> = pods
        .iter()
        .filter_map(|pod| Pod::from_value(pod).ok())
        .map(Arc::new)
        .collect();
    for line in explain(&job, &pods, Timestamp::now()) {
        print(&show(&line))?;
    }
    Ok(0)
}

async fn serve(args: &Args, session: &Session) -> CliResult {
    let namespace = (!args.all_namespaces).then(|| session.namespace.clone());
    allowed(
        &session.client,
        namespace.as_deref(),
        args.selector.as_deref(),
    )
    .await?;
    let mut signals =
        Signals::new().map_err(|error| Failure::tool(format!("cannot take signals: {error}")))?;
    let (stop, stopped) = watch::channel(false);
    let work = work(args, session, namespace, stopped);
    tokio::pin!(work);
    let mut asked = false;
    loop {
        tokio::select! {
            ran = &mut work => return Ok(code(ran, asked)),
            () = signals.next() => {
                if std::mem::replace(&mut asked, true) {
                    return Ok(INTERRUPTED);
                }
                say("stopping: what is under way is finished first; once more to end at once");
                // The work listens until it ends.
                let _ = stop.send(true);
            }
        }
    }
}

fn code(ran: Ran, interrupted: bool) -> u8 {
    if interrupted {
        say("the Jobs that were handed over wait until a reconciler runs again");
        return INTERRUPTED;
    }
    say(&format!(
        "{} passes, {} failed",
        ran.good + ran.failed,
        ran.failed
    ));
    if ran.failed > 0 { 5 } else { 0 }
}

/// Says at once, and not in the middle of the work, that the server cannot be reached or does not let us look.
async fn allowed(
    client: &Client,
    namespace: Option<&str>,
    selector: Option<&str>,
) -> Result<(), Problem> {
    for (resource, selector) in [(JOBS, selector), (PODS, None)] {
        let path = match namespace {
            Some(namespace) => resource.path(namespace, &[]),
            None => format!("{}/{}", resource.root, resource.plural),
        };
        let selector = encode(selector.unwrap_or_default());
        rest::get_path(client, &format!("{path}?limit=1&labelSelector={selector}")).await?;
    }
    Ok(())
}

/// Works while the Lease is held, and waits while somebody else holds it.
async fn work(
    args: &Args,
    session: &Session,
    namespace: Option<String>,
    mut stopped: watch::Receiver<bool>,
) -> Ran {
    let identity = args
        .identity
        .clone()
        .unwrap_or_else(|| format!("kubectl-batch-{}", uuid::Uuid::new_v4()));
    let name = lease_name(args);
    let (tell, mut standing) = watch::channel(Standing::Asking);
    let candidate = Candidate::new(identity.clone());
    tokio::spawn(lease::hold(
        session.client.clone(),
        session.namespace.clone(),
        name.clone(),
        candidate,
        tell,
    ));
    let mut ran = Ran::default();
    while may_work(&mut standing, &mut stopped).await {
        let options = Options {
            pods_per_second: args.max_pods_per_second,
            once: args.once,
            ..Options::on_a_cluster(
                namespace.clone(),
                args.selector.clone(),
                Arc::new(Timestamp::now),
            )
        };
        let (halt, halted) = watch::channel(false);
        let lost = async {
            let left =
                standing.wait_for(|now| matches!(now, Standing::Asking | Standing::HeldBy(_)));
            tokio::select! {
                _ = left => {}
                _ = stopped.wait_for(|stop| *stop) => {}
            }
            // The loop listens until it ends.
            let _ = halt.send(true);
            std::future::pending::<()>().await;
        };
        let run = controller::run(session.client.clone(), options, halted);
        let now = tokio::select! {
            now = run => now,
            () = lost => unreachable!("it waits for ever"),
        };
        ran.good += now.good;
        ran.failed += now.failed;
        if args.once || *stopped.borrow() {
            break;
        }
    }
    lease::release(&session.client, &session.namespace, &name, &identity).await;
    ran
}

/// Waits until this process is to work; false if it is to stop before that.
async fn may_work(
    standing: &mut watch::Receiver<Standing>,
    stopped: &mut watch::Receiver<bool>,
) -> bool {
    loop {
        match &*standing.borrow_and_update() {
            Standing::Held => return true,
            Standing::Forbidden(why) => {
                say(&format!(
                    "warning: without a Lease nothing keeps a second reconciler away: {why}"
                ));
                return true;
            }
            Standing::HeldBy(other) => say(&format!("waiting: {other} reconciles here")),
            Standing::Asking => {}
        }
        tokio::select! {
            changed = standing.changed() => if changed.is_err() { return false },
            _ = stopped.wait_for(|stop| *stop) => return false,
        }
    }
}

/// One Lease for each part of the Jobs that somebody may serve.
fn lease_name(args: &Args) -> String {
    let scope = if args.all_namespaces { "-all" } else { "" };
    let selector = args
        .selector
        .as_deref()
        .filter(|selector| !selector.is_empty());
    let part = selector.map_or_else(String::new, |selector| {
        let digest = Sha256::digest(selector);
        digest
            .iter()
            .take(4)
            .fold("-".to_owned(), |text, byte| format!("{text}{byte:02x}"))
    });
    format!("{LEASE}{scope}{part}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(all_namespaces: bool, selector: Option<&str>) -> Args {
        Args {
            all_namespaces,
            selector: selector.map(str::to_owned),
            once: false,
            max_pods_per_second: None,
            identity: None,
            explain: None,
        }
    }

    #[test]
    fn each_part_of_the_jobs_has_a_lease_of_its_own() {
        let name = |all, selector| lease_name(&args(all, selector));
        assert_eq!(name(false, None), "kubectl-batch-reconciler");
        assert_eq!(name(true, None), "kubectl-batch-reconciler-all");
        let (x, y) = (
            name(false, Some("jobgroup=x")),
            name(false, Some("jobgroup=y")),
        );
        assert_ne!(x, y);
        assert_eq!(x.len(), "kubectl-batch-reconciler-".len() + 8);
    }

    #[test]
    fn a_rate_is_a_positive_number() {
        for (text, good) in [
            ("20", true),
            ("0.5", true),
            ("0", false),
            ("-1", false),
            ("NaN", false),
            ("inf", false),
            ("x", false),
        ] {
            assert_eq!(rate(text).is_ok(), good, "{text}");
        }
    }
}
