//! Deletes Jobs whose place other ones are to take, each by its uid and no other, and creates those.
//!
//! Between the two, what is left of a member may be in this process only: neither a lost answer nor a server that is away for
//! a while may end the work there.

#![expect(clippy::disallowed_methods, reason = "patience has a clock")]

use std::time::Duration;

use futures::{StreamExt, stream};
use kube::Client;
use serde_json::Value;
use tokio::time::Instant;

use super::gate::Gate;
use super::problem::{Class, Problem};
use super::rest::{self, JOBS};
use super::submit::{Event, Options, Outcome, Prepared, submit};
use crate::group::Place;

/// Deletions that are under way at a time.
const CONCURRENCY: usize = 16;
/// A server that does not answer well for this long is given up.
const PATIENCE: Duration = Duration::from_secs(300);
/// The first pause before a request is repeated; it doubles up to the longest one.
const PAUSE: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What becomes of the Pods of a Job that is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Cascade {
    /// The Job goes when its Pods have gone: the next one never runs beside them
    Foreground,
    /// The Job goes at once, and its Pods after it
    Background,
}

impl Cascade {
    /// `DeleteOptions.propagationPolicy`.
    fn policy(self) -> &'static str {
        match self {
            Self::Foreground => "Foreground",
            Self::Background => "Background",
        }
    }
}

/// Asks for the deletion of Jobs, named by place and uid; one that is gone, or that is another one by now, is left alone.
///
/// Whoever creates Jobs of these names waits until the old ones are gone: `submit` does. Gives how many are gone or going,
/// and the first error.
pub async fn delete_by_uid(
    client: &Client,
    jobs: Vec<(Place, String)>,
    cascade: Cascade,
) -> (usize, Option<Problem>) {
    let mut requests = stream::iter(jobs)
        .map(|(place, uid)| async move { delete_one(client, &place, &uid, cascade).await })
        .buffer_unordered(CONCURRENCY);
    let (mut deleted, mut first_error) = (0, None);
    while let Some(result) = requests.next().await {
        match result {
            Ok(()) => deleted += 1,
            Err(problem) => {
                first_error.get_or_insert(problem);
            }
        }
    }
    (deleted, first_error)
}

/// Deletes a Job and creates another one of its name, once the old one is gone; gives the uid of the new one, if this created it.
pub async fn recreate(
    client: &Client,
    old: &Value,
    new: &Value,
) -> Result<Option<String>, Problem> {
    let uid = old.pointer("/metadata/uid").and_then(Value::as_str);
    let Some((place, uid)) = Place::of(old).zip(uid) else {
        return Ok(None);
    };
    delete_one(client, &place, uid, Cascade::Background).await?;
    let mut patience = Patience::new();
    loop {
        match create_one(client, &place, new).await {
            Err(problem) if problem.class == Class::Unreachable && patience.pause().await => {}
            result => return result,
        }
    }
}

async fn create_one(
    client: &Client,
    place: &Place,
    object: &Value,
) -> Result<Option<String>, Problem> {
    let prepared = Prepared {
        place: place.clone(),
        objects: vec![object.clone()],
    };
    let (gate, options) = (Gate::default(), Options::default());
    let mut events = submit(client, std::iter::once(prepared), &options, &gate);
    while let Some(event) = events.next().await {
        match event {
            Event::Member(_, Outcome::Created(uid)) => return Ok(Some(uid)),
            Event::Member(_, Outcome::Unchanged) => return Ok(None),
            Event::Member(_, Outcome::Unreachable(why)) => return Err(Problem::unreachable(why)),
            Event::Member(_, Outcome::Refused(message)) => {
                return Err(Problem {
                    message,
                    class: Class::Refused,
                });
            }
            Event::Waiting(_) | Event::GoesOn => {}
        }
    }
    Ok(None)
}

async fn delete_one(
    client: &Client,
    place: &Place,
    uid: &str,
    cascade: Cascade,
) -> Result<(), Problem> {
    let mut options = rest::only_uid(uid);
    options["propagationPolicy"] = cascade.policy().into();
    let mut patience = Patience::new();
    loop {
        let error = match rest::delete(client, JOBS, &place.namespace, &place.name, &options).await
        {
            Ok(_) => return Ok(()),
            // Gone, or replaced by somebody else: comparing digests tells what that means.
            Err(error) if is_other(&error) => return Ok(()),
            Err(error) => error,
        };
        let stays = matches!(&error, kube::Error::Api(status) if (400..429).contains(&status.code) && status.code != 409);
        if stays || !patience.pause().await {
            return Err(error.into());
        }
    }
}

/// Whether the object of this uid is not there: 404, or 409 for the precondition. A 409 of another kind is worth another try.
fn is_other(error: &kube::Error) -> bool {
    let kube::Error::Api(status) = error else {
        return false;
    };
    status.code == 404 || (status.code == 409 && status.message.contains("UID in precondition"))
}

/// How long is waited for a server that does not answer well.
struct Patience {
    end: Instant,
    pause: Duration,
}

impl Patience {
    fn new() -> Self {
        Self {
            end: Instant::now() + PATIENCE,
            pause: PAUSE,
        }
    }

    /// Waits before the next try; false if there is to be none.
    async fn pause(&mut self) -> bool {
        let goes_on = Instant::now() < self.end;
        if goes_on {
            tokio::time::sleep(self.pause).await;
            self.pause = (self.pause * 2).min(PAUSE_MAX);
        }
        goes_on
    }
}
