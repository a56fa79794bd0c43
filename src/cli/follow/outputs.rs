//! What members write: followed from their Pods, a bounded number at a time, line by line.

use std::collections::BTreeSet;

use futures::StreamExt;
use kube::Client;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::turns::Turns;
use crate::cluster::logs::{self, Log, Part};
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
    tasks: JoinSet<()>,
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
                return;
            };
            let whose = Whose { place, item };
            read(&client, &log, &whose, &sender).await;
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

    /// The next line of what is still being read; `None` when all is read.
    pub(super) async fn next_of_rest(&mut self) -> Option<Line> {
        loop {
            tokio::select! {
                biased;
                Some(line) = self.lines.recv() => return Some(line),
                done = self.tasks.join_next() => if done.is_none() {
                    return self.lines.try_recv().ok();
                },
            }
        }
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

async fn read(client: &Client, log: &Log, whose: &Whose, sender: &mpsc::Sender<Line>) {
    let mut lines = match logs::lines(client, log).await {
        Ok(lines) => lines,
        Err(error) => {
            tracing::debug!(%error, pod = log.pod, "no output");
            return;
        }
    };
    while let Some(text) = lines.next().await {
        let Ok(text) = text else {
            tracing::debug!(pod = log.pod, "the output broke off");
            return;
        };
        let line = Line {
            place: whose.place.clone(),
            item: whose.item.clone(),
            pod: log.pod.clone(),
            text,
        };
        if sender.send(line).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use http::{Request, Response};
    use kube::client::Body;
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn those_that_wait_for_a_place_are_counted_once() {
        // A server that never answers.
        let service = tower::service_fn(|_: Request<Body>| {
            std::future::pending::<Result<Response<Body>, Infallible>>()
        });
        let client = Client::new(service, "ci");
        let mut outputs = Outputs::new(client, LogMode::All, Reading::default());
        for number in 0..AT_ONCE + 2 {
            let pod = json!({
                "metadata": {"name": "p", "uid": number.to_string(), "labels": {"job-name": "j"}},
                "status": {"phase": "Running"},
            });
            outputs.pod_seen(&PodView::from_value(&pod).expect("a Pod of a Job"), "apple");
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
