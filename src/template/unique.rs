//! Names that a list of items gives: each one that Kubernetes takes, and no member's name twice.

use super::error::{TemplateError, shorten};
use crate::items::{Item, MakeScratch, Seen};
use crate::manifest::names;

/// The names of members so far. Only hashes are kept.
#[derive(Debug, Default)]
pub struct Names {
    seen: Seen,
}

impl Names {
    /// None yet; what does not fit into memory goes where `make` says.
    pub fn new(make: MakeScratch) -> Self {
        Self {
            seen: Seen::new(make),
        }
    }

    /// Takes the name of one object that an item gives.
    pub(super) fn take(
        &mut self,
        kind: &str,
        name: &str,
        is_member: bool,
        item: &Item,
    ) -> Result<(), TemplateError> {
        let misfit = |problem, hint: &str| TemplateError::Item {
            number: item.index + 1,
            item: shorten(&item.text()),
            problem,
            hint: hint.into(),
        };
        if !names::is_object_name(name) {
            return Err(misfit(
                format!("\"{}\" cannot be the name of a {kind}", shorten(name)),
                "names are lower case letters, digits, `-` and `.`",
            ));
        }
        if !is_member {
            return Ok(());
        }
        match self.seen.take(&(kind, name), item.index + 1)? {
            None => Ok(()),
            Some(first) if first == item.index + 1 => Err(misfit(
                format!("it gives {kind} \"{name}\" twice"),
                "two documents of the template have one name: change one of them",
            )),
            Some(first) => Err(misfit(
                format!("it gives {kind} \"{name}\", as item {first} does"),
                "an item stands in the list once, and metadata.name holds a placeholder: process-$ITEM",
            )),
        }
    }
}
