//! What the group's record adds to following: options that change, members of others, and an end before the end.

use super::Loop;
use crate::cli::CliResult;
use crate::cli::record::{Ledger, News};
use crate::group::{Observation, Phase};

impl Loop<'_, '_> {
    /// Whether another command will create members that have no Job yet.
    pub(super) fn others_create(&self) -> bool {
        let ledger = self.follow.ledger.as_ref();
        ledger.is_some_and(Ledger::others_create)
            && self.follow.group.tally().of(Phase::Waiting) > 0
    }

    /// Whether a command that is not to wait has done all that can be done now.
    pub(super) fn is_detached(&self) -> bool {
        self.follow.detach && (self.follow.submission.is_none() || self.is_full)
    }

    pub(super) fn detached_code(&self) -> u8 {
        match (&self.unreachable, self.refused, &self.halted) {
            (Some(_), ..) | (None, true, _) => 5,
            (None, false, Some(_)) => self.code(),
            _ => 0,
        }
    }

    /// Another command changed the group's record.
    pub(super) fn heard(&mut self, news: News) -> CliResult<()> {
        match news {
            News::Settings(settings) => {
                self.held_back.max_active = settings.max_active;
                let (Some(submission), Ok(policy)) =
                    (&mut self.follow.submission, settings.policy())
                else {
                    return Ok(());
                };
                if std::mem::replace(&mut submission.policy, policy) != policy {
                    self.screen.note(&settings.words())?;
                }
            }
            News::Members(members) => {
                for member in members {
                    self.take_in(Observation::Recorded(Box::new(member)))?;
                }
            }
            News::Creating(_) => {}
        }
        Ok(())
    }
}

/// What is heard from the group's record; pends where there is none.
pub(super) async fn next_news(ledger: &mut Option<Ledger>) -> News {
    match ledger {
        Some(ledger) => ledger.news().await,
        None => std::future::pending().await,
    }
}
