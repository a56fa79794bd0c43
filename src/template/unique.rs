//! Names that a list of items gives: each one that Kubernetes takes, and no member's name twice.

use super::error::{TemplateError, shorten};
use crate::items::{Item, MakeScratch, Seen};
use crate::manifest::names;

/// What takes the names of objects as items are expanded.
pub trait TakeName {
    /// Takes the name of one object that an item gives; the error says what is wrong with it.
    fn take(
        &mut self,
        kind: &str,
        name: &str,
        is_member: bool,
        item: &Item,
    ) -> Result<(), TemplateError>;
}

/// The names of members so far. Only hashes are kept.
#[derive(Debug, Default)]
pub struct Names {
    seen: Seen,
}

/// The names that some items give, to be held against those of the items before them.
#[derive(Debug, Default)]
pub struct Claims {
    /// Kinds and names, one behind the other.
    text: String,
    claims: Vec<Claim>,
}

/// A member's name.
#[derive(Clone, Copy, Debug)]
struct Claim {
    /// Where its kind ends in the text, and where it ends itself.
    kind_end: usize,
    end: usize,
    /// The item's position in its list.
    index: usize,
}

impl Names {
    /// None yet; what does not fit into memory goes where `make` says.
    pub fn new(make: MakeScratch) -> Self {
        Self {
            seen: Seen::new(make),
        }
    }

    /// Takes the names that some items of the list have given, in their order.
    pub fn take_claims(&mut self, claims: &Claims, items: &[Item]) -> Result<(), TemplateError> {
        let mut start = 0;
        for claim in &claims.claims {
            let kind = &claims.text[start..claim.kind_end];
            let name = &claims.text[claim.kind_end..claim.end];
            start = claim.end;
            if let Some(first) = self.seen.take(&(kind, name), claim.index + 1)? {
                let item = items.iter().find(|item| item.index == claim.index);
                let item = item.expect("claims are those of the items");
                return Err(again(kind, name, first, item));
            }
        }
        Ok(())
    }
}

impl TakeName for Names {
    fn take(
        &mut self,
        kind: &str,
        name: &str,
        is_member: bool,
        item: &Item,
    ) -> Result<(), TemplateError> {
        check(kind, name, item)?;
        if is_member && let Some(first) = self.seen.take(&(kind, name), item.index + 1)? {
            return Err(again(kind, name, first, item));
        }
        Ok(())
    }
}

impl TakeName for Claims {
    fn take(
        &mut self,
        kind: &str,
        name: &str,
        is_member: bool,
        item: &Item,
    ) -> Result<(), TemplateError> {
        check(kind, name, item)?;
        if is_member {
            self.text.push_str(kind);
            let kind_end = self.text.len();
            self.text.push_str(name);
            self.claims.push(Claim {
                kind_end,
                end: self.text.len(),
                index: item.index,
            });
        }
        Ok(())
    }
}

/// Refuses a name that Kubernetes would.
fn check(kind: &str, name: &str, item: &Item) -> Result<(), TemplateError> {
    if names::is_object_name(name) {
        return Ok(());
    }
    Err(misfit(
        item,
        format!("\"{}\" cannot be the name of a {kind}", shorten(name)),
        "names are lower case letters, digits, `-` and `.`",
    ))
}

/// The error of a name that an earlier item has given, or the same one.
fn again(kind: &str, name: &str, first: usize, item: &Item) -> TemplateError {
    if first == item.index + 1 {
        misfit(
            item,
            format!("it gives {kind} \"{name}\" twice"),
            "two documents of the template have one name: change one of them",
        )
    } else {
        misfit(
            item,
            format!("it gives {kind} \"{name}\", as item {first} does"),
            "an item stands in the list once, and metadata.name holds a placeholder: process-$ITEM",
        )
    }
}

fn misfit(item: &Item, problem: String, hint: &str) -> TemplateError {
    TemplateError::Item {
        number: item.index + 1,
        item: shorten(&item.text()),
        problem,
        hint: hint.into(),
    }
}
