//! Which procedure runs a kind of scenario. A kind that is not listed fails.

use serde_json::Value;

use crate::compare::only_keys;
use crate::contracts;

/// Runs a whole case, given as it stands in the file; the error says what differs.
type Procedure = fn(&Value) -> Result<(), String>;

/// The kinds; a further group of kinds is a further module and its lines here.
const KINDS: &[(&str, Procedure)] = &[
    ("index_text", contracts::index_text),
    ("validate_status_update", contracts::validate_status_update),
    ("ttl", contracts::ttl),
    ("orphan_finalizer", contracts::orphan_finalizer),
    ("default_job", contracts::default_job),
];

const KEYS: &[&str] = &[
    "id",
    "topic",
    "kind",
    "holdout",
    "title",
    "source",
    "adapted",
    "note",
    "skip_api_check",
    "given",
    "steps",
    "expect",
    "cross_checked",
];

/// Runs one case.
pub(crate) fn run(case: &Value) -> Result<(), String> {
    only_keys(case, "case", KEYS)?;
    let kind = case["kind"].as_str().unwrap_or("none");
    let procedure = KINDS
        .iter()
        .find_map(|(name, procedure)| (*name == kind).then_some(procedure))
        .ok_or_else(|| format!("kind `{kind}` is not understood"))?;
    procedure(case)
}
