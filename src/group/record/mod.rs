//! A group's record: its list, templates, options and outcomes, as they outlive its Jobs and the machine that created them.
//!
//! `content` turns lists and outcomes into bytes and back, `files` divides them among ConfigMaps, `history` merges what several
//! observers saw of a member. Nothing here talks to a cluster.

mod content;
mod files;
mod gzip;
mod history;
mod identity;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::halt::NoHalt;
use super::phase::Phase;
use super::place::Place;
use super::tally::Tally;
use super::window::Policy;
use crate::items::Item;
pub use files::{Head, Written, write};
pub use history::{Attempt, HISTORY_MAX};
pub use identity::Identity;

/// The label that says what a ConfigMap of a record is: [`HEAD`] or `part`.
pub const ROLE: &str = "kubectl-batch/record";
/// The one ConfigMap of a record that names all others.
pub const HEAD: &str = "head";

/// What is known of a group besides its Jobs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// What limits the creation of members.
    pub settings: Settings,
    /// A command creates members, or lets them go.
    pub is_creating: bool,
    /// Grows with each sign of life of such a command.
    pub beat: u64,
    /// Templates, as whoever expands them saved them; `null` for one that may not be kept.
    pub templates: Vec<Value>,
    /// Members, in the order in which they were named first.
    pub members: Vec<Row>,
}

/// One member of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Where its Job stands, or stood.
    pub place: Place,
    /// Its item.
    pub item: Item,
    /// Which of the record's templates it comes from.
    pub template: usize,
    /// Its Jobs so far, the latest last.
    pub attempts: Vec<Attempt>,
}

/// The options of a group that may be changed while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// At most so many members are unfinished at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_active: Option<usize>,
    /// So many members come first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<usize>,
    /// When to stop early, in the words of `--halt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub halt: Option<String>,
    /// Members are created suspended.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
}

/// Why a record cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Something else has the name.
    #[error(
        "the ConfigMap {0} is no record of a group: something else wrote it\nhint: rename or delete it, or choose another --group"
    )]
    Foreign(String),
    /// Another version of this tool wrote it.
    #[error(
        "the ConfigMap {name} has the format {found}, and this version of the tool knows {} only\nhint: use the version that wrote it, or delete it",
        files::FORMAT
    )]
    Version {
        /// The ConfigMap.
        name: String,
        /// The format that it names.
        found: String,
    },
    /// Its content is not what was written.
    #[error(
        "the ConfigMap {name} is damaged: {problem}\nhint: delete it; the next run or submit of the group writes it anew"
    )]
    Damaged {
        /// The ConfigMap.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// A part is not there: it was replaced meanwhile, or deleted by hand.
    #[error("the ConfigMap {0} is missing, and the group's record cannot be read without it")]
    Incomplete(String),
    /// A cluster should not hold so much.
    #[error(
        "the list and the templates are too large for a record: {bytes} bytes compressed, of at most {}",
        files::BYTES_MAX
    )]
    TooLarge {
        /// Compressed.
        bytes: usize,
    },
}

impl Row {
    /// What became of it last; nothing if it was never created.
    pub fn last(&self) -> Option<&Attempt> {
        self.attempts.last()
    }

    /// What it does, as far as the record knows.
    pub fn phase(&self) -> Phase {
        self.last().map_or(Phase::Waiting, |attempt| attempt.phase)
    }
}

impl Record {
    /// Takes in a list: its members get this template and item, whatever they had; other members stay.
    pub fn plan(&mut self, template: Value, list: Vec<(Place, Item)>) {
        let known = self.templates.iter().position(|known| *known == template);
        let number = known.unwrap_or_else(|| {
            self.templates.push(template);
            self.templates.len() - 1
        });
        let rows = self.rows();
        for (place, item) in list {
            if let Some(row) = rows.get(&place) {
                let row = &mut self.members[*row];
                (row.item, row.template) = (item, number);
            } else {
                self.members.push(Row {
                    place,
                    item,
                    template: number,
                    attempts: Vec::new(),
                });
            }
        }
        self.forget_templates();
    }

    /// Takes in what was seen of members; says whether that was news. Members that are not in the list are left out.
    pub fn learn(&mut self, seen: &[(Place, Attempt)]) -> bool {
        let rows = self.rows();
        let mut is_news = false;
        for (place, attempt) in seen {
            if let Some(row) = rows.get(place) {
                is_news |= history::learn(&mut self.members[*row].attempts, attempt);
            }
        }
        is_news
    }

    /// The row of a member, by its place.
    pub fn rows(&self) -> BTreeMap<Place, usize> {
        let rows = self.members.iter().enumerate();
        rows.map(|(number, row)| (row.place.clone(), number))
            .collect()
    }

    /// How many members are in which phase, as far as the record knows.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for row in &self.members {
            tally.add(row.phase());
        }
        tally
    }

    fn forget_templates(&mut self) {
        let used: BTreeSet<usize> = self.members.iter().map(|row| row.template).collect();
        let numbers: BTreeMap<usize, usize> = used.iter().copied().zip(0..).collect();
        let mut at = 0;
        self.templates.retain(|_| {
            at += 1;
            used.contains(&(at - 1))
        });
        for row in &mut self.members {
            row.template = numbers[&row.template];
        }
    }
}

impl Settings {
    /// The options as they are given on a command line.
    pub fn words(&self) -> String {
        let max_active = self.max_active.map(|most| format!("--max-active {most}"));
        let canary = self.canary.map(|count| format!("--canary {count}"));
        let halt = self.halt.as_ref().map(|rule| format!("--halt {rule}"));
        let parts: Vec<String> = [max_active, canary, halt].into_iter().flatten().collect();
        if parts.is_empty() {
            return "now without a limit".into();
        }
        format!("now with {}", parts.join(" "))
    }

    /// The policy that follows; what is no halt rule is refused.
    pub fn policy(&self) -> Result<Policy, NoHalt> {
        Ok(Policy {
            // What is suspended never ends, and so would never make room.
            max_active: self.max_active.filter(|_| !self.suspended),
            canary: self.canary,
            halt: self.halt.as_deref().unwrap_or("never").parse()?,
        })
    }
}

#[cfg(test)]
mod tests;
