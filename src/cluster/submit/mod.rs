//! Creates the members of a group: concurrently, at the server's pace, each at most once, and says of each what became of it.
//!
//! `machine` decides what is sent when, `member` what an answer means for a member, `answer` what a status code means,
//! `pace` how fast; none of them knows a clock or a network. This file and `wire` do what they say.

#![expect(clippy::disallowed_methods, reason = "a submission has a clock")]

mod answer;
mod kinds;
mod machine;
mod member;
mod pace;
mod wire;

use std::time::Duration;

use futures::stream::{self, FuturesUnordered, LocalBoxStream, StreamExt};
use kube::Client;
use serde_json::Value;
use tokio::time::Instant;

use super::gate::{Gate, Passage};
use super::rest::FIELD_MANAGER;
use crate::group::Place;
use answer::Answer;
use machine::{Machine, Next, Way};
use member::Member;
pub use pace::Pace;
use wire::Wire;

/// The annotation that a repeated submit compares.
pub(crate) const DIGEST: &str = "/metadata/annotations/kubectl-batch~1digest";

/// The objects of one item, ready to be created.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// Where its Job will stand.
    pub place: Place,
    /// All objects of the item: what its Job needs first, the Job last.
    pub objects: Vec<Value>,
}

/// How a submission is done.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The server checks everything and keeps nothing.
    pub is_dry_run: bool,
    /// How fast it may be.
    pub pace: Pace,
}

/// What happens while members are created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A member's creation has ended.
    Member(Place, Outcome),
    /// Nothing, or less, is created for now, and why; it goes on by itself.
    Waiting(String),
    /// What was waited for has come: creating goes on.
    GoesOn,
}

/// What became of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was created now; its Job's uid.
    Created(String),
    /// It was there already, with the same digest.
    Unchanged,
    /// Something else has its name, or the server said no.
    Refused(String),
    /// The server cannot be reached: nothing more will be created.
    Unreachable(String),
}

/// Creates the members as they come; events come in the order in which they are known.
pub fn submit<'a>(
    client: &Client,
    members: impl Iterator<Item = Prepared> + 'a,
    options: &Options,
    gate: &Gate,
) -> LocalBoxStream<'a, Event> {
    let dry_run = if options.is_dry_run {
        "&dryRun=All"
    } else {
        ""
    };
    let query = format!("fieldManager={FIELD_MANAGER}&fieldValidation=Strict{dry_run}");
    let submission = Submission {
        wire: Wire::new(client, &query),
        machine: Machine::new(members, options.pace.clone()),
        under_way: FuturesUnordered::new(),
        passage: gate.passage(),
        began: Instant::now(),
    };
    stream::unfold(submission, |mut submission| async move {
        let event = submission.event().await?;
        Some((event, submission))
    })
    .boxed_local()
}

/// A request on its way: when it went out, whose it is, and its answer.
type UnderWay = futures::future::BoxFuture<'static, (Duration, Box<Member>, Answer)>;

/// Does what the machine says.
struct Submission<I: Iterator<Item = Prepared>> {
    wire: Wire,
    machine: Machine<I>,
    under_way: FuturesUnordered<UnderWay>,
    passage: Passage,
    began: Instant,
}

impl<I: Iterator<Item = Prepared>> Submission<I> {
    /// The next event; `None` when all has ended.
    async fn event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.machine.event() {
                return Some(event);
            }
            let way = match (self.passage.is_shut(), self.passage.is_open()) {
                (true, _) => Way::Shut,
                (false, true) => Way::Open,
                (false, false) => Way::Closed,
            };
            match self.machine.next(self.began.elapsed(), way) {
                Next::Send(member) => self.send(member),
                Next::Wait(at) => self.answer_or(Some(at)).await,
                Next::Answer => self.answer_or(None).await,
                Next::Over => return None,
            }
        }
    }

    fn send(&mut self, member: Box<Member>) {
        self.passage.passed(self.machine.begun());
        let (wire, sent) = (self.wire.clone(), self.began.elapsed());
        self.under_way.push(Box::pin(async move {
            let (ask, object, namespace) = member.request();
            let answer = wire.ask(ask, object, namespace).await;
            (sent, member, answer)
        }));
    }

    /// Waits for an answer, for a time, or for the gate.
    async fn answer_or(&mut self, at: Option<Duration>) {
        let alarm = async {
            match at {
                Some(at) => tokio::time::sleep_until(self.began + at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some((sent, member, answer)) = self.under_way.next() => {
                self.machine.answered(self.began.elapsed(), sent, member, answer);
            }
            () = alarm => {}
            () = self.passage.changed() => {}
        }
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}
