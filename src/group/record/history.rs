//! What became of a member, Job after Job: each observer adds what it saw, and what one of them saw ending stays ended.

use jiff::{SignedDuration, Timestamp};

use crate::group::phase::Phase;

/// Jobs of one member that are remembered; older ones are forgotten.
pub const HISTORY_MAX: usize = 10;

/// One Job of a member, as it was last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The first characters of the Job's uid; `None` if it is not known.
    pub job: Option<String>,
    /// Annotation `kubectl-batch/attempt`.
    pub number: u32,
    /// When the Job was created.
    pub began: Option<Timestamp>,
    /// How it ended; [`Phase::Pending`] if it has not.
    pub phase: Phase,
    /// Why.
    pub reason: Option<String>,
    /// The same without what differs from member to member.
    pub cause: Option<String>,
    /// Tries that failed.
    pub failures: u32,
    /// How long it ran, in whole seconds.
    pub ran_for: Option<SignedDuration>,
}

impl Attempt {
    /// A Job that was created and of which nothing else is known.
    pub fn created(uid: Option<&str>, number: u32) -> Self {
        Self {
            job: uid.map(short),
            number,
            began: None,
            phase: Phase::Pending,
            reason: None,
            cause: None,
            failures: 0,
            ran_for: None,
        }
    }

    /// What one observer knows better than another about the same Job.
    fn weight(&self) -> u8 {
        match self.phase {
            Phase::Succeeded | Phase::Failed | Phase::Refused => 3,
            Phase::Gone => 2,
            _ => u8::from(self.began.is_some()),
        }
    }
}

/// What a record keeps of a Job's uid: enough to tell the Jobs of one member apart.
pub(in crate::group) fn short(uid: &str) -> String {
    uid.chars().take(8).collect()
}

/// Takes in what was seen of one Job; says whether that was news.
pub(super) fn learn(history: &mut Vec<Attempt>, seen: &Attempt) -> bool {
    let is_same = |known: &&mut Attempt| match (&known.job, &seen.job) {
        (Some(known), Some(seen)) => known == seen,
        (None, _) => known.number == seen.number,
        (Some(_), None) => false,
    };
    if let Some(known) = history.iter_mut().rev().find(is_same) {
        let knows_job = known.job.is_none() && seen.job.is_some();
        let is_better = knows_job || seen.weight() > known.weight();
        if is_better {
            *known = seen.clone();
        }
        return is_better;
    }
    // Some Job of this name is there: nothing that the history does not say better.
    if seen.job.is_none() && !history.is_empty() {
        return false;
    }
    history.push(seen.clone());
    history.sort_by_key(|attempt| (attempt.number, attempt.began.unwrap_or(Timestamp::MAX)));
    let extra = history.len().saturating_sub(HISTORY_MAX);
    history.drain(..extra);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(job: &str, number: u32, began: i64, phase: Phase) -> Attempt {
        Attempt {
            began: Timestamp::from_second(began).ok(),
            phase,
            ..Attempt::created(Some(job), number)
        }
    }

    #[test]
    fn what_ended_stays_ended_and_a_new_job_comes_last() {
        let mut history = Vec::new();
        let failed = attempt("a", 1, 5, Phase::Failed);
        for (seen, is_news) in [
            (attempt("a", 1, 5, Phase::Pending), true),
            (attempt("a", 1, 5, Phase::Pending), false),
            (attempt("a", 1, 5, Phase::Gone), true),
            (failed.clone(), true),
            (attempt("a", 1, 5, Phase::Gone), false),
            (attempt("a", 1, 5, Phase::Succeeded), false),
            (attempt("b", 2, 9, Phase::Pending), true),
            (attempt("a", 1, 5, Phase::Pending), false),
            (Attempt::created(None, 1), false),
        ] {
            assert_eq!(learn(&mut history, &seen), is_news, "{seen:?}");
        }
        assert_eq!(history, [failed, attempt("b", 2, 9, Phase::Pending)]);
    }

    #[test]
    fn a_job_that_was_created_again_as_the_same_attempt_is_another_one() {
        let mut history = vec![attempt("a", 1, 5, Phase::Succeeded)];
        assert!(learn(&mut history, &Attempt::created(Some("b"), 1)));
        assert!(learn(&mut history, &attempt("b", 1, 9, Phase::Failed)));
        assert_eq!(history.len(), 2);
        assert_eq!(history[1].phase, Phase::Failed);
    }

    #[test]
    fn an_unknown_job_becomes_known_and_old_ones_are_forgotten() {
        let mut history = vec![Attempt::created(None, 1)];
        assert!(learn(&mut history, &Attempt::created(Some("a"), 1)));
        assert_eq!(history, [Attempt::created(Some("a"), 1)]);
        for number in 2..20 {
            learn(
                &mut history,
                &Attempt::created(Some(&format!("{number}")), number),
            );
        }
        assert_eq!((history.len(), history[0].number), (HISTORY_MAX, 10));
    }
}
