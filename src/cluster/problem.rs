//! What the server or the network said, as kubectl words it, with the next step where there is one.

use kube::Error;

/// How a failure is to be treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The server cannot be reached, or does not know us.
    Unreachable,
    /// The server understood and said no.
    Refused,
}

/// One failed request: a line for people and what kind of failure it is.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// What to print.
    pub message: String,
    /// How to treat it.
    pub class: Class,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match &error {
            Error::Api(status) => Self {
                message: format!(
                    "Error from server ({}): {}{}",
                    status.reason,
                    status.message,
                    hint(status)
                ),
                class: Class::Refused,
            },
            _ => Self {
                message: format!("the server cannot be reached: {}", root_cause(&error)),
                class: Class::Unreachable,
            },
        }
    }
}

fn hint(status: &kube::core::Status) -> &'static str {
    match status.code {
        401 => {
            "\nhint: the login is missing or has expired; log in again, or choose another --context"
        }
        403 => "\nhint: `kubectl auth can-i --list` shows what this user may do in the namespace",
        _ => "",
    }
}

/// The innermost source that says something.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error.to_string();
    let mut next = error.source();
    while let Some(inner) = next {
        cause = inner.to_string();
        next = inner.source();
    }
    cause
}
