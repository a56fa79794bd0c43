//! What an answer means for the object that was asked about: the one place where status codes are read.

use std::time::Duration;

use kube::core::Status;
use serde_json::Value;

use crate::cluster::problem::Problem;
use crate::cluster::transport::TransportError;

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Create the object.
    Create,
    /// Is there an object of this name, and which?
    LookUp,
}

/// A response, read whole.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) retry_after: Option<Duration>,
    /// The JSON in the body; a string if it is no JSON.
    pub(super) body: Value,
}

/// What is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) uid: String,
    pub(super) digest: Option<String>,
    pub(super) is_being_deleted: bool,
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The object was created; its uid.
    Created(String),
    /// The name is taken.
    Taken(Problem),
    /// This has the name.
    Found(Found),
    /// Nothing has the name.
    Absent,
    /// The same request may go well later.
    Again(Trouble),
    /// A quota leaves no room.
    QuotaUsed(Problem),
    /// The answer is no, and stays no.
    No(Problem),
}

/// Why a request did not go through this time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) problem: Problem,
    /// When the server wants to be asked again.
    pub(super) after: Option<Duration>,
    /// Whether the server may have done what it was asked.
    pub(super) is_in_doubt: bool,
    /// Whether it is about this object only: the server is well.
    pub(super) is_own: bool,
    /// Whether there was no answer at all, for want of a connection.
    pub(super) is_unsent: bool,
}

/// Reads what came back.
pub(super) fn read(ask: Ask, result: Result<Reply, TransportError>) -> Answer {
    match result {
        Ok(reply) => read_reply(ask, &reply),
        Err(error) => Answer::Again(Trouble {
            problem: Problem::from_transport(&error),
            after: None,
            is_in_doubt: !error.is_unsent(),
            is_own: false,
            is_unsent: error.is_unsent(),
        }),
    }
}

fn read_reply(ask: Ask, reply: &Reply) -> Answer {
    if (200..300).contains(&reply.code) {
        let Some(found) = found(&reply.body) else {
            // A proxy that answers in the server's place, or an answer that was cut off.
            return Answer::Again(trouble(reply, true));
        };
        return match ask {
            Ask::Create => Answer::Created(found.uid),
            Ask::LookUp => Answer::Found(found),
        };
    }
    let status = status(reply);
    let problem = Problem::from_status(&status);
    match (reply.code, ask) {
        (404, Ask::LookUp) => Answer::Absent,
        (409, Ask::Create) if status.reason == "AlreadyExists" => Answer::Taken(problem),
        // The quota or the namespace changed under the server's hands; it asks to be asked again.
        (409, _) => Answer::Again(Trouble {
            is_own: true,
            ..trouble(reply, false)
        }),
        (403, _) if status.message.contains("exceeded quota") => Answer::QuotaUsed(problem),
        (429, _) => Answer::Again(trouble(reply, false)),
        (408 | 410 | 500..=599, _) => Answer::Again(trouble(reply, true)),
        _ => Answer::No(problem),
    }
}

fn trouble(reply: &Reply, is_in_doubt: bool) -> Trouble {
    Trouble {
        problem: Problem::from_status(&status(reply)),
        after: reply.retry_after,
        is_in_doubt,
        is_own: false,
        is_unsent: false,
    }
}

/// An object with a uid.
fn found(object: &Value) -> Option<Found> {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
    Some(Found {
        uid: text("/metadata/uid")?.to_owned(),
        digest: text(super::DIGEST).map(str::to_owned),
        is_being_deleted: text("/metadata/deletionTimestamp").is_some(),
    })
}

/// The status in a body; whatever else answers an error is quoted in one.
fn status(reply: &Reply) -> Status {
    let mut status = match &reply.body {
        Value::Object(_) => serde_json::from_value(reply.body.clone()).unwrap_or_default(),
        Value::String(text) => Status {
            message: text.trim().chars().take(500).collect(),
            ..Status::default()
        },
        _ => Status::default(),
    };
    status.code = reply.code;
    if status.reason.is_empty() {
        let code = http::StatusCode::from_u16(reply.code).ok();
        let words = code.and_then(|code| code.canonical_reason());
        status.reason = words.unwrap_or("Unknown").replace(' ', "");
    }
    if status.message.is_empty() {
        status.message = format!("the server answered with status {}", reply.code);
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn reply(code: u16, body: Value) -> Reply {
        Reply {
            code,
            retry_after: None,
            body,
        }
    }

    fn kind(answer: &Answer) -> &'static str {
        match answer {
            Answer::Created(_) => "created",
            Answer::Taken(_) => "taken",
            Answer::Found(_) => "found",
            Answer::Absent => "absent",
            Answer::QuotaUsed(_) => "quota",
            Answer::No(_) => "no",
            Answer::Again(trouble) if trouble.is_own => "again soon",
            Answer::Again(trouble) if trouble.is_in_doubt => "again, in doubt",
            Answer::Again(_) => "again",
        }
    }

    #[test]
    fn answers_mean_what_the_table_says() {
        let job = json!({"metadata": {"uid": "u"}});
        let status = |reason: &str, message: &str| json!({"reason": reason, "message": message});
        let none = Value::Null;
        for (ask, code, body, expected) in [
            (Ask::Create, 201, job.clone(), "created"),
            (Ask::Create, 200, job.clone(), "created"),
            (Ask::Create, 200, json!("<html>"), "again, in doubt"),
            (Ask::LookUp, 200, job, "found"),
            (Ask::LookUp, 404, none.clone(), "absent"),
            (
                Ask::Create,
                404,
                status("NotFound", "namespaces \"x\" not found"),
                "no",
            ),
            (Ask::Create, 409, status("AlreadyExists", ""), "taken"),
            (Ask::Create, 409, status("Conflict", ""), "again soon"),
            (
                Ask::Create,
                403,
                status("Forbidden", "exceeded quota: q"),
                "quota",
            ),
            (Ask::Create, 403, status("Forbidden", "User cannot"), "no"),
            (
                Ask::Create,
                401,
                status("Unauthorized", "Unauthorized"),
                "no",
            ),
            (Ask::Create, 400, none.clone(), "no"),
            (Ask::Create, 422, none.clone(), "no"),
            (Ask::Create, 413, none.clone(), "no"),
            (Ask::Create, 301, none.clone(), "no"),
            (Ask::Create, 429, none.clone(), "again"),
            (Ask::LookUp, 429, none.clone(), "again"),
            (Ask::Create, 500, none.clone(), "again, in doubt"),
            (Ask::Create, 503, none.clone(), "again, in doubt"),
            (Ask::Create, 504, none, "again, in doubt"),
        ] {
            let told = format!("{ask:?} {code} {body}");
            let answer = read(ask, Ok(reply(code, body)));
            assert_eq!(kind(&answer), expected, "{told}");
        }
    }

    #[test]
    fn a_connection_that_was_never_there_leaves_no_doubt() {
        let refused = TransportError::Refused { host: "k8s".into() };
        let lost = TransportError::Lost {
            cause: "reset".into(),
        };
        assert_eq!(kind(&read(Ask::Create, Err(refused))), "again");
        assert_eq!(kind(&read(Ask::Create, Err(lost))), "again, in doubt");
    }

    #[test]
    fn an_answer_that_is_no_status_is_quoted() {
        let answer = read(Ask::Create, Ok(reply(429, json!("Too many requests\n"))));
        let Answer::Again(trouble) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(
            trouble.problem.message,
            "Error from server (TooManyRequests): Too many requests"
        );
    }
}
