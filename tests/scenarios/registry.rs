//! Which procedure runs a kind of scenario. A kind that is not listed fails.

use serde_json::Value;

use crate::compare::only_keys;
use crate::shape;
use crate::{contracts, created_pod, cron, cronjob_sync, job_sync, job_trace, validation};

/// Runs a whole case, given as it stands in the file, with the name of the controller that the file is about; the error
/// says what differs.
type Procedure = fn(&Value, &str) -> Result<(), String>;

/// The kinds; a further group of kinds is a further module and its lines here.
const KINDS: &[(&str, Procedure)] = &[
    ("index_text", |case, _| contracts::index_text(case)),
    ("validate_status_update", |case, _| {
        contracts::validate_status_update(case)
    }),
    ("ttl", |case, _| contracts::ttl(case)),
    ("orphan_finalizer", |case, _| {
        contracts::orphan_finalizer(case)
    }),
    ("default_job", |case, _| contracts::default_job(case)),
    ("created_pod", |case, _| created_pod::created_pod(case)),
    ("validate_job_create", |case, _| validation::create(case)),
    ("validate_job_update", |case, _| validation::update(case)),
    ("default_cronjob", |case, _| cron::defaults(case)),
    ("validate_cronjob", |case, _| cron::validation(case)),
    ("cron_parse", |case, _| cron::parse(case)),
    ("cron_next", |case, _| cron::next(case)),
    ("cron_most_recent", |case, _| cron::most_recent(case)),
    ("cron_requeue", |case, _| cron::requeue(case)),
    ("cronjob_sync", |case, _| cronjob_sync::cronjob_sync(case)),
    ("job_sync", job_sync::job_sync),
    ("job_trace", job_trace::job_trace),
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
pub(crate) fn run(case: &Value, controller: &str) -> Result<(), String> {
    only_keys(case, "case", KEYS)?;
    let kind = case["kind"].as_str().unwrap_or("none");
    let procedure = KINDS
        .iter()
        .find_map(|(name, procedure)| (*name == kind).then_some(procedure))
        .ok_or_else(|| format!("kind `{kind}` is not understood"))?;
    shape::check(kind, case)?;
    procedure(case, controller)
}
