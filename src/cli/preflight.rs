//! What `run` and `submit` check on the cluster before the first create; all that is wrong is said at once.

use super::input::Batch;
use super::members::prepared;
use super::session::Session;
use super::{CliResult, Failure};
use crate::cluster::permissions::{Rule, SUBMIT};
use crate::cluster::preflight::check;

/// Checks, warns, or ends the command; `needs` are the permissions besides those that every submission needs.
pub(super) async fn preflight(
    batch: &Batch,
    session: &Session,
    needs: &[&[Rule]],
    hands_over: bool,
) -> CliResult<()> {
    if session.is_local() {
        return Ok(());
    }
    let needs: Vec<Rule> = SUBMIT
        .iter()
        .chain(needs.iter().copied().flatten())
        .copied()
        .collect();
    let first = prepared(&batch.template, &batch.items, &session.namespace).next();
    let findings = check(
        &session.client,
        &session.namespace,
        &needs,
        first,
        batch.items.len(),
        hands_over,
    )
    .await?;
    for warning in &findings.warnings {
        super::screen::warn(warning);
    }
    if findings.errors.is_empty() {
        return Ok(());
    }
    let list = findings.errors.join("\nerror: ");
    Err(Failure::cluster(format!(
        "{list}\nhint: nothing was created"
    )))
}
