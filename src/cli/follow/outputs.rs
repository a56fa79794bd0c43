//! What members write: followed from their Pods, a bounded number at a time, line by line.

use std::collections::BTreeSet;

use futures::StreamExt;
use kube::Client;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::turns::Turns;
use crate::cluster::logs::{self, Log, Part};
use crate::cluster::problem::Problem;
use crate::group::{Member, Place, PodState, PodView};

/// Outputs that are read at a time; the others wait for their turn.
const AT_ONCE: usize = 50;
/// Lines that are read ahead of the screen.
const AHEAD: usize = 256;
/// Lines of a failed container that are shown.
const TAIL: u32 = 10;
/// Failed containers whose last lines are fetched, at most: a group in which all fail would only repeat itself.
const TAILS_MAX: usize = 50;

/// Whose output is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum LogMode {
    /// Nobody's
    None,
    /// The last lines of containers that failed
    Failed,
    /// Everybody's
    All,
}

/// One line of output.
pub(super) struct Line {
    /// Whose Job.
    pub(super) place: Place,
    pub(super) item: String,
    pub(super) pod: String,
    pub(super) text: String,
}

/// What comes of outputs once no further ones are wanted.
pub(super) enum Rest {
    /// A line.
    Line(Line),
    /// One output was read to its end, or could not be: which one, and why.
    Ended(Result<(), String>),
}

/// What is read of the outputs that are wanted.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Reading {
    /// The container; else the one that failed, or the first.
    pub(in crate::cli) container: Option<String>,
    /// Only the output of these items; of all, if there are none.
    pub(in crate::cli) items: Vec<String>,
    /// Lines stand without their item.
    pub(in crate::cli) is_bare: bool,
    /// Which lines; of failed containers, the last ones.
    pub(in crate::cli) part: Part,
}

/// The outputs that are being read.
pub(super) struct Outputs {
    client: Client,
    mode: LogMode,
    reading: Reading,
    seen: BTreeSet<(String, i32)>,
    tasks: JoinSet<Result<(), String>>,
    turns: Turns,
    sender: mpsc::Sender<Line>,
    lines: mpsc::Receiver<Line>,
}

impl Outputs {
    pub(super) fn new(client: Client, mode: LogMode, reading: Reading) -> Self {
        let (sender, lines) = mpsc::channel(AHEAD);
        Self {
            client,
            mode,
            reading,
            seen: BTreeSet::new(),
            tasks: JoinSet::new(),
            turns: Turns::new(AT_ONCE),
            sender,
            lines,
        }
    }

    /// A member was seen: the output of its Pods may be wanted now.
    pub(super) fn member_seen(&mut self, member: &Member) {
        let only = &self.reading.items;
        let is_wanted = only.is_empty() || only.contains(&member.item);
        if self.mode != LogMode::None && member.job().is_some() && is_wanted {
            for pod in member.pods() {
                self.pod_seen(pod, &member.item);
            }
        }
    }

    fn pod_seen(&mut self, pod: &PodView, item: &str) {
        let failed = matches!(pod.state, PodState::Failed(_) | PodState::Restarting(..));
        let began = failed || matches!(pod.state, PodState::Running | PodState::Succeeded);
        let wanted = match self.mode {
            LogMode::None => false,
            LogMode::Failed => failed && self.seen.len() < TAILS_MAX,
            LogMode::All => began,
        };
        if !wanted || !self.seen.insert((pod.uid.clone(), pod.restarts)) {
            return;
        }
        let all = self.mode == LogMode::All;
        let log = Log {
            namespace: pod.job.namespace.clone(),
            pod: pod.name.clone(),
            container: self
                .reading
                .container
                .clone()
                .unwrap_or_else(|| pod.container.clone()),
            follow: all,
            previous: false,
            part: if all {
                self.reading.part
            } else {
                Part {
                    tail: Some(TAIL),
                    ..Part::default()
                }
            },
        };
        let place = pod.job.clone();
        let (client, turn, sender, item) = (
            self.client.clone(),
            self.turns.wait(),
            self.sender.clone(),
            item.to_owned(),
        );
        self.tasks.spawn(async move {
            let Some(_turn) = turn.await else {
                return Ok(());
            };
            let whose = Whose { place, item };
            let read = read(&client, &log, &whose, &sender).await;
            read.map_err(|why| format!("{}: {why}", log.pod))
        });
    }

    /// What is to be said of outputs that wait for their turn; only once.
    pub(super) fn crowd(&mut self, now: Instant) -> Option<String> {
        let waiting = self.turns.crowd(now)?;
        let (pods, wait) = match waiting {
            1 => ("Pod", "waits"),
            _ => ("Pods", "wait"),
        };
        Some(format!(
            "{waiting} more {pods} {wait}: {AT_ONCE} outputs are read at a time, and another one when one of them ends"
        ))
    }

    /// The next line; pends while there is none.
    pub(super) async fn next(&mut self) -> Option<Line> {
        self.lines.recv().await
    }

    /// What comes next of the outputs that are being read or wait for a place; `None` when all are read.
    pub(super) async fn next_of_rest(&mut self) -> Option<Rest> {
        tokio::select! {
            biased;
            Some(line) = self.lines.recv() => Some(Rest::Line(line)),
            done = self.tasks.join_next() => match done {
                Some(done) => Some(Rest::Ended(done.unwrap_or(Ok(())))),
                None => self.lines.try_recv().ok().map(Rest::Line),
            },
        }
    }

    /// How many outputs are being read or wait for a place.
    pub(super) fn unread(&self) -> usize {
        self.tasks.len()
    }

    /// Reads no more.
    pub(super) fn stop(&mut self) {
        self.tasks.abort_all();
    }
}

/// Whose output is read.
struct Whose {
    place: Place,
    item: String,
}

async fn read(
    client: &Client,
    log: &Log,
    whose: &Whose,
    sender: &mpsc::Sender<Line>,
) -> Result<(), String> {
    let lines = logs::lines(client, log).await;
    let mut lines = lines.map_err(|error| Problem::from(error).to_string())?;
    while let Some(text) = lines.next().await {
        let text = text.map_err(|error| format!("it broke off: {error}"))?;
        let line = Line {
            place: whose.place.clone(),
            item: whose.item.clone(),
            pod: log.pod.clone(),
            text,
        };
        if sender.send(line).await.is_err() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use http::{Request, Response};
    use kube::client::Body;
    use serde_json::json;

    use super::*;

    fn pod(number: usize) -> PodView {
        let pod = json!({
            "metadata": {"name": format!("p-{number}"), "uid": number.to_string(), "labels": {"job-name": "j"}},
            "status": {"phase": "Succeeded"},
        });
        PodView::from_value(&pod).expect("a Pod of a Job")
    }

    #[tokio::test]
    async fn the_rest_is_read_whole_and_what_cannot_be_read_is_named() {
        // Odd Pods are gone already.
        let service = tower::service_fn(|request: Request<Body>| async move {
            let path = request.uri().path().trim_end_matches("/log");
            let answer = if path.ends_with(['1', '3', '5', '7', '9']) {
                let gone = json!({"kind": "Status", "status": "Failure", "message": "gone", "reason": "NotFound", "code": 404});
                Response::builder()
                    .status(404)
                    .body(Body::from(gone.to_string().into_bytes()))
            } else {
                Response::builder().body(Body::from(b"one\ntwo\n".to_vec()))
            };
            Ok::<_, Infallible>(answer.expect("an answer"))
        });
        let client = Client::new(service, "ci");
        let mut outputs = Outputs::new(client, LogMode::All, Reading::default());
        for number in 0..4 * AT_ONCE {
            outputs.pod_seen(&pod(number), "apple");
        }
        let (mut lines, mut read, mut lost) = (0, 0, Vec::new());
        while let Some(rest) = outputs.next_of_rest().await {
            match rest {
                Rest::Line(_) => lines += 1,
                Rest::Ended(Ok(())) => read += 1,
                Rest::Ended(Err(why)) => lost.push(why),
            }
        }
        assert_eq!(
            (lines, read, lost.len()),
            (4 * AT_ONCE, 2 * AT_ONCE, 2 * AT_ONCE)
        );
        assert!(
            lost[0].contains("p-1:") && lost[0].contains("gone"),
            "{}",
            lost[0]
        );
        assert_eq!(outputs.unread(), 0);
    }

    #[tokio::test]
    async fn those_that_wait_for_a_place_are_counted_once() {
        // A server that never answers.
        let service = tower::service_fn(|_: Request<Body>| {
            std::future::pending::<Result<Response<Body>, Infallible>>()
        });
        let client = Client::new(service, "ci");
        let mut outputs = Outputs::new(client, LogMode::All, Reading::default());
        for number in 0..AT_ONCE + 2 {
            outputs.pod_seen(&pod(number), "apple");
        }
        tokio::task::yield_now().await;
        let start = Instant::now();
        assert_eq!(outputs.crowd(start), None);
        let told = outputs.crowd(start + Duration::from_secs(1));
        let told = told.expect("two wait");
        assert!(told.starts_with("2 more Pods wait: 50 outputs"), "{told}");
        assert_eq!(outputs.crowd(start + Duration::from_secs(2)), None);
    }
}
