//! What the server or the network said, as kubectl words it, with the next step where there is one.

use std::fmt::Write;

use kube::Error;
use kube::core::Status;

use super::root_cause::root_cause;
use super::transport::TransportError;

/// How a failure is to be treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The server cannot be reached, or does not know us.
    Unreachable,
    /// The server understood and said no.
    Refused,
}

/// One failed request: a line for people and what kind of failure it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// What to print.
    pub message: String,
    /// How to treat it.
    pub class: Class,
}

/// How messages begin that kubectl prints without `error: ` in front.
const COMPLETE: &[&str] = &[
    "Error from server",
    "The connection to the server ",
    "Unable to connect to the server: ",
    "The request is invalid",
];

impl Problem {
    /// What a status of the server means.
    pub fn from_status(status: &Status) -> Self {
        if status.code == 401 {
            return Self::unreachable(format!(
                "You must be logged in to the server ({})\n\
                 hint: the login is missing or has expired; log in again, or choose another --context",
                status.message
            ));
        }
        Self {
            message: if status.reason == "Invalid" {
                invalid(status)
            } else {
                from_server(status) + &hint(status)
            },
            class: Class::Refused,
        }
    }

    /// What a failed connection means.
    pub fn from_transport(error: &TransportError) -> Self {
        Self::unreachable(match error {
            TransportError::Refused { host } => format!(
                "The connection to the server {host} was refused - did you specify the right host or port?"
            ),
            TransportError::NotSent { cause } | TransportError::Lost { cause } => {
                format!("Unable to connect to the server: {cause}")
            }
            TransportError::NoAnswer { seconds } => {
                format!("Unable to connect to the server: no answer within {seconds} seconds")
            }
        })
    }

    /// The server cannot be reached.
    pub fn unreachable(message: String) -> Self {
        Self {
            message,
            class: Class::Unreachable,
        }
    }

    /// Whether a message stands by itself, as kubectl prints it: nothing is put in front of it.
    pub fn is_complete(message: &str) -> bool {
        COMPLETE.iter().any(|start| message.starts_with(start))
            || (message.starts_with("The ") && message.contains("\" is invalid"))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match &error {
            Error::Api(status) => Self::from_status(status),
            Error::Service(inner) => match inner.downcast_ref::<TransportError>() {
                Some(transport) => Self::from_transport(transport),
                None => Self::unreachable(format!(
                    "Unable to connect to the server: {}",
                    root_cause(&error)
                )),
            },
            _ => Self::unreachable(format!(
                "Unable to connect to the server: {}",
                root_cause(&error)
            )),
        }
    }
}

fn from_server(status: &Status) -> String {
    let reason = if status.reason.is_empty() {
        String::new()
    } else {
        format!(" ({})", status.reason)
    };
    format!("Error from server{reason}: {}", status.message)
}

/// Status 422 with its causes, each once.
fn invalid(status: &Status) -> String {
    let Some(details) = &status.details else {
        return format!("The request is invalid: {}", status.message);
    };
    let mut words = if details.kind.is_empty() && details.name.is_empty() {
        "The request is invalid".to_owned()
    } else {
        format!("The {} \"{}\" is invalid", details.kind, details.name)
    };
    let mut causes: Vec<String> = Vec::new();
    for cause in &details.causes {
        let cause = format!("{}: {}", cause.field, cause.message);
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    match causes.as_slice() {
        [] if details.kind.is_empty() => words + ": " + &status.message,
        [] => words,
        [one] => words + ": " + one,
        _ => {
            words.push(':');
            for cause in causes {
                // Writing into a string does not fail.
                let _ = write!(words, "\n* {cause}");
            }
            words
        }
    }
}

/// The next step, if there is one.
fn hint(status: &Status) -> String {
    let message = status.message.as_str();
    if status.code == 403 && message.contains("exceeded quota") {
        return "\nhint: `kubectl describe quota` shows what is used; finished Jobs count until they are deleted"
            .into();
    }
    if status.code == 403
        && let Some((verb, resource, namespace)) = denied(message)
    {
        return format!("\nhint: `kubectl auth can-i {verb} {resource}{namespace}` asks again");
    }
    if status.code == 404 && message.starts_with("namespaces ") {
        return "\nhint: `kubectl create namespace NAME` makes a namespace; -n names another"
            .into();
    }
    String::new()
}

/// The verb, the resource and the namespace that a user may not, out of the server's sentence:
/// `... cannot create resource "jobs" in API group "batch" in the namespace "ci"`.
fn denied(message: &str) -> Option<(&str, String, String)> {
    let quoted = |after: &str| {
        let (_, rest) = message.split_once(after)?;
        Some(rest.split_once('"')?.0)
    };
    let (_, rest) = message.split_once(" cannot ")?;
    let verb = rest.split_once(' ')?.0;
    let resource = quoted(" resource \"")?;
    let group = quoted(" in API group \"").filter(|group| !group.is_empty());
    let resource = group.map_or_else(|| resource.into(), |group| format!("{resource}.{group}"));
    let namespace = quoted(" in the namespace \"");
    let namespace = namespace.map_or_else(String::new, |name| format!(" -n {name}"));
    Some((verb, resource, namespace))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn words(status: Value) -> String {
        let status: Status = serde_json::from_value(status).expect("a status");
        Problem::from_status(&status).message
    }

    fn cause(field: &str, message: &str) -> Value {
        json!({"reason": "FieldValueInvalid", "field": field, "message": message})
    }

    #[test]
    fn an_invalid_object_is_told_by_its_causes() {
        let status = |causes: Value| {
            json!({"code": 422, "reason": "Invalid", "message": "Job.batch \"x\" is invalid: and so on",
                   "details": {"kind": "Job", "name": "x", "causes": causes}})
        };
        let (a, b) = (cause("spec.a", "Required value"), cause("spec.b", "no"));
        for (causes, expected) in [
            (
                json!([a]),
                "The Job \"x\" is invalid: spec.a: Required value",
            ),
            (
                json!([a, b, a]),
                "The Job \"x\" is invalid:\n* spec.a: Required value\n* spec.b: no",
            ),
            (json!([]), "The Job \"x\" is invalid"),
        ] {
            let told = words(status(causes));
            assert_eq!(told, expected);
            assert!(Problem::is_complete(&told));
        }
        let bare = words(json!({"code": 422, "reason": "Invalid", "message": "no"}));
        assert_eq!(bare, "The request is invalid: no");
    }

    #[test]
    fn a_missing_permission_names_verb_and_resource_in_its_hint() {
        let told = words(json!({"code": 403, "reason": "Forbidden", "message":
            "jobs.batch is forbidden: User \"ann\" cannot create resource \"jobs\" in API group \"batch\" in the namespace \"ci\""}));
        assert!(
            told.starts_with("Error from server (Forbidden): jobs.batch is forbidden: "),
            "{told}"
        );
        assert!(
            told.ends_with("\nhint: `kubectl auth can-i create jobs.batch -n ci` asks again"),
            "{told}"
        );
        let core = words(json!({"code": 403, "reason": "Forbidden", "message":
            "pods is forbidden: User \"ann\" cannot list resource \"pods\" in API group \"\" at the cluster scope"}));
        assert!(core.contains("can-i list pods` asks"), "{core}");
    }

    #[test]
    fn a_used_up_quota_has_another_hint() {
        let told = words(json!({"code": 403, "reason": "Forbidden", "message":
            "jobs.batch \"a\" is forbidden: exceeded quota: q, requested: count/jobs.batch=1, used: count/jobs.batch=5, limited: count/jobs.batch=5"}));
        assert!(told.contains("hint: `kubectl describe quota`"), "{told}");
    }

    #[test]
    fn a_missing_login_is_worded_as_kubectl_does() {
        let told = words(json!({"code": 401, "reason": "Unauthorized", "message": "Unauthorized"}));
        assert!(
            told.starts_with("You must be logged in to the server (Unauthorized)\nhint: "),
            "{told}"
        );
        assert!(!Problem::is_complete(&told));
    }

    #[test]
    fn connections_fail_as_in_kubectl() {
        let refused = TransportError::Refused {
            host: "k8s:6443".into(),
        };
        assert_eq!(
            Problem::from(Error::Service(Box::new(refused))).message,
            "The connection to the server k8s:6443 was refused - did you specify the right host or port?"
        );
        let lost = TransportError::Lost {
            cause: "connection reset".into(),
        };
        let problem = Problem::from_transport(&lost);
        assert_eq!(
            (problem.message.as_str(), problem.class),
            (
                "Unable to connect to the server: connection reset",
                Class::Unreachable
            )
        );
    }
}
