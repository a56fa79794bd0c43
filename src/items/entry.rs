//! An item as it was read, and where.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// A raw item, and where it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub(super) value: Value,
    pub(super) place: Place,
}

/// Where an item was read: `file:line`, or `entry 2 of --items`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    origin: Arc<str>,
    spot: Spot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spot {
    Line(usize),
    Entry(usize),
}

impl Entry {
    pub(super) fn text(text: impl Into<String>, place: Place) -> Self {
        Self {
            value: Value::String(text.into()),
            place,
        }
    }

    /// What was read: a scalar or an object.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Where it was read.
    pub fn place(&self) -> &Place {
        &self.place
    }
}

impl Place {
    pub(super) fn line(origin: &Arc<str>, line: usize) -> Self {
        Self {
            origin: origin.clone(),
            spot: Spot::Line(line),
        }
    }

    pub(super) fn entry(origin: &Arc<str>, number: usize) -> Self {
        Self {
            origin: origin.clone(),
            spot: Spot::Entry(number),
        }
    }

    /// From what it was read.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.spot {
            Spot::Line(line) => write!(out, "{}:{line}", self.origin),
            Spot::Entry(number) => write!(out, "entry {number} of {}", self.origin),
        }
    }
}
