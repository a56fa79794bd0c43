//! One member on its way into the cluster: what is asked next, and what its answers make of it. Pure: time is an argument.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::Value;

use super::answer::{Answer, Ask, Found, Trouble};
use super::{Outcome, Prepared, text};
use crate::cluster::problem::{Class, Problem};
use crate::group::Place;

/// Requests for one object that may go wrong.
const TRIES_MAX: u32 = 20;
/// How long the server may be too busy for one object.
const BUSY_MAX: Duration = Duration::from_secs(600);
/// How long an object of the same name may take to be deleted.
const DELETION_MAX: Duration = Duration::from_secs(300);
/// How often it is looked after.
const DELETION_CHECK: Duration = Duration::from_secs(1);
/// The first wait after a conflict that is about this object only; it grows with each try.
const CONFLICT: Duration = Duration::from_millis(50);

/// A member on its way.
#[derive(Debug)]
pub(super) struct Member {
    place: Place,
    /// What is left to create; the first one is in hand.
    objects: VecDeque<Value>,
    /// Whether an answer about the object in hand was lost, so that it may have been created by us.
    is_in_doubt: bool,
    ask: Ask,
    tries: u32,
    /// Since when the server has been too busy for the object in hand, or away.
    busy_since: Option<Duration>,
    deletion_seen: Option<Duration>,
    outcome: Outcome,
}

/// How a member goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// With its next request.
    Next,
    /// With its next request, but not before so much time has passed.
    After(Duration, Option<String>),
    /// Not at all: it has ended.
    Done(Outcome),
}

impl Member {
    /// Nothing was asked yet; `None` if there is nothing to create.
    pub(super) fn new(prepared: Prepared) -> Option<Self> {
        (!prepared.objects.is_empty()).then(|| Self {
            place: prepared.place,
            objects: prepared.objects.into(),
            is_in_doubt: false,
            ask: Ask::Create,
            tries: 0,
            busy_since: None,
            deletion_seen: None,
            outcome: Outcome::Unchanged,
        })
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// What is to be asked now: about which object, in which namespace.
    pub(super) fn request(&self) -> (Ask, &Value, &str) {
        let object = self.object();
        let namespace = text(object, "/metadata/namespace").unwrap_or(&self.place.namespace);
        (self.ask, object, namespace)
    }

    /// Takes in an answer.
    pub(super) fn answered(&mut self, now: Duration, answer: Answer) -> Turn {
        match answer {
            Answer::Created(uid) => self.created(uid),
            Answer::Taken(problem) => self.taken(problem),
            Answer::Found(found) => self.found(now, found),
            Answer::Absent => {
                self.ask = Ask::Create;
                Turn::Next
            }
            Answer::Again(trouble) => self.again(now, &trouble),
            // It waits with all others until there is room.
            Answer::QuotaUsed(_) => Turn::Next,
            Answer::No(problem) => Turn::Done(no(problem)),
        }
    }

    fn object(&self) -> &Value {
        self.objects
            .front()
            .expect("a member that has not ended has an object")
    }

    /// Whether the object in hand is what the group is about, and not something that it needs.
    fn is_job(&self) -> bool {
        crate::template::is_member(self.object())
    }

    fn created(&mut self, uid: String) -> Turn {
        if self.is_job() {
            self.outcome = Outcome::Created(uid);
        }
        self.settled()
    }

    /// The object in hand is in the cluster.
    fn settled(&mut self) -> Turn {
        self.objects.pop_front();
        self.is_in_doubt = false;
        self.ask = Ask::Create;
        self.tries = 0;
        self.busy_since = None;
        self.deletion_seen = None;
        if self.objects.is_empty() {
            Turn::Done(self.outcome.clone())
        } else {
            Turn::Next
        }
    }

    fn taken(&mut self, problem: Problem) -> Turn {
        if !self.is_job() {
            return self.settled();
        }
        self.tries += 1;
        if self.tries > TRIES_MAX && self.deletion_seen.is_none() {
            return Turn::Done(no(problem));
        }
        self.ask = Ask::LookUp;
        Turn::Next
    }

    fn found(&mut self, now: Duration, found: Found) -> Turn {
        if found.is_being_deleted {
            return self.wait_for_deletion(now);
        }
        if !self.is_job() {
            return self.settled();
        }
        let wanted = text(self.object(), super::DIGEST);
        match (found.digest.as_deref(), wanted) {
            (Some(found), Some(wanted)) if found != wanted => {
                Turn::Done(Outcome::Refused(format!(
                    "another Job has this name: its digest is {found}, the template gives {wanted}; \
                     delete the group first, or choose another --group and metadata.name"
                )))
            }
            (None, Some(_)) => Turn::Done(Outcome::Refused(
                "a Job with this name is there that this tool did not create; \
                 delete it first, or choose another --group and metadata.name"
                    .into(),
            )),
            _ if self.is_in_doubt => self.created(found.uid),
            _ => self.settled(),
        }
    }

    /// What has the name now is about to be gone: it counts for nothing.
    fn wait_for_deletion(&mut self, now: Duration) -> Turn {
        let since = *self.deletion_seen.get_or_insert(now);
        let name = &self.place.name;
        if now.saturating_sub(since) > DELETION_MAX {
            return Turn::Done(Outcome::Refused(format!(
                "{name} is being deleted, and that does not come to an end\n\
                 hint: its finalizers may be waiting for something: kubectl get job {name} -o yaml"
            )));
        }
        self.ask = Ask::Create;
        self.is_in_doubt = false;
        let why = format!("{name} of before is still being deleted");
        Turn::After(DELETION_CHECK, Some(why))
    }

    fn again(&mut self, now: Duration, trouble: &Trouble) -> Turn {
        let message = &trouble.problem.message;
        if trouble.is_own || trouble.is_in_doubt {
            self.tries += 1;
        } else if now.saturating_sub(*self.busy_since.get_or_insert(now)) > BUSY_MAX {
            // Busy for this one only: for all, the whole submission would have been given up.
            let seconds = BUSY_MAX.as_secs();
            return Turn::Done(Outcome::Refused(format!(
                "{message} (for {seconds} seconds)"
            )));
        }
        if self.tries > TRIES_MAX {
            return Turn::Done(Outcome::Refused(format!(
                "{message} (tried {TRIES_MAX} times)"
            )));
        }
        if trouble.is_in_doubt && self.ask == Ask::Create {
            self.is_in_doubt = true;
            self.ask = Ask::LookUp;
        }
        if trouble.is_own {
            return Turn::After(CONFLICT * self.tries, None);
        }
        Turn::Next
    }
}

fn no(problem: Problem) -> Outcome {
    match problem.class {
        Class::Refused => Outcome::Refused(problem.message),
        Class::Unreachable => Outcome::Unreachable(problem.message),
    }
}

#[cfg(test)]
mod tests;
