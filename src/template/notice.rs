//! What the check of a template finds, with its place in the source.

use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The cluster would refuse it.
    Error,
    /// The cluster takes it, but it is hardly meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// A finding in an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    /// The field's path: `spec.template.spec.containers[0].image`.
    pub(super) path: String,
    pub(super) problem: String,
}

impl Finding {
    pub(super) fn new(severity: Severity, path: String, problem: impl Into<String>) -> Self {
        Self {
            severity,
            path,
            problem: problem.into(),
        }
    }

    /// The last name of the path, which can be looked for in the text.
    pub(super) fn field(&self) -> &str {
        let last = self.path.rsplit('.').next().unwrap_or_default();
        last.split('[').next().unwrap_or_default()
    }
}

/// A finding with its place: `file:line:column: path: problem`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How bad it is.
    pub severity: Severity,
    /// The template's file.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
    /// The field's path in the object.
    pub path: String,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            path,
            problem,
            ..
        } = self;
        write!(out, "{file}:{line}:{column}: {path}: {problem}")
    }
}
