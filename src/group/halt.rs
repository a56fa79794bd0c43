//! When a group is stopped early: GNU parallel's `--halt`, with its words.

use std::str::FromStr;

use super::phase::Phase;
use super::tally::Tally;

/// A share stops nothing before so many members have met it, as in GNU parallel: one of two is half, and no sign.
const SHARE_MIN: usize = 3;

/// What is done with the members that run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HaltWhen {
    /// They run to their end; nothing more is created.
    Soon,
    /// They are suspended, which ends their Pods.
    Now,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Fail,
    Success,
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Limit {
    Count(usize),
    /// Percent of the members that have ended.
    Share(f64),
}

/// When to stop: `now,fail=1`, `soon,fail=10%`, `now,success=1`, `never`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Halt(Option<(HaltWhen, What, Limit)>);

/// What a halt rule must look like.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no rule for halting: write never, or now or soon, a comma, and fail, success or done with =N or =N%"
)]
pub struct NoHalt(String);

impl FromStr for Halt {
    type Err = NoHalt;

    fn from_str(text: &str) -> Result<Self, NoHalt> {
        let wrong = || NoHalt(text.to_owned());
        if text == "never" {
            return Ok(Self(None));
        }
        let (when, rule) = text.split_once(',').ok_or_else(wrong)?;
        let when = match when {
            "now" => HaltWhen::Now,
            "soon" => HaltWhen::Soon,
            _ => return Err(wrong()),
        };
        let (what, limit) = rule.split_once('=').unwrap_or((rule, "1"));
        let what = match what {
            "fail" => What::Fail,
            "success" => What::Success,
            "done" => What::Done,
            _ => return Err(wrong()),
        };
        let limit = match limit.strip_suffix('%') {
            Some(share) => share
                .parse()
                .ok()
                .filter(|share| (0.0..=100.0).contains(share))
                .map(Limit::Share),
            None => limit
                .parse()
                .ok()
                .filter(|count| *count > 0)
                .map(Limit::Count),
        };
        Ok(Self(Some((when, what, limit.ok_or_else(wrong)?))))
    }
}

impl Halt {
    /// Whether failures count.
    pub fn counts_failures(self) -> bool {
        matches!(self.0, Some((_, What::Fail, _)))
    }

    /// Whether the group is to be stopped, and how; `excused` members ended badly through no fault of their own.
    pub fn reached(self, tally: Tally, excused: usize) -> Option<HaltWhen> {
        let (when, what, limit) = self.0?;
        let count = match what {
            What::Fail => tally.bad().saturating_sub(excused),
            What::Success => tally.of(Phase::Succeeded),
            What::Done => tally.done(),
        };
        let reached = match limit {
            Limit::Count(limit) => count >= limit,
            Limit::Share(share) => {
                count >= SHARE_MIN && count as f64 * 100.0 >= share * tally.done() as f64
            }
        };
        reached.then_some(when)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(succeeded: usize, failed: usize) -> Tally {
        let mut tally = Tally::default();
        (0..succeeded).for_each(|_| tally.add(Phase::Succeeded));
        (0..failed).for_each(|_| tally.add(Phase::Failed));
        tally.add(Phase::Running);
        tally
    }

    #[test]
    fn a_rule_is_reached_by_number_or_by_share() {
        use HaltWhen::{Now, Soon};
        for (rule, succeeded, failed, excused, reached) in [
            ("never", 0, 100, 0, None),
            ("now,fail=1", 9, 0, 0, None),
            ("now,fail=1", 0, 1, 0, Some(Now)),
            ("now,fail", 0, 1, 0, Some(Now)),
            ("now,fail=1", 0, 1, 1, None),
            ("soon,fail=3", 0, 2, 0, None),
            ("soon,fail=3", 0, 3, 0, Some(Soon)),
            ("soon,fail=50%", 1, 2, 0, None),
            ("soon,fail=50%", 3, 3, 0, Some(Soon)),
            ("soon,fail=50%", 4, 3, 0, None),
            ("now,success=2", 2, 0, 0, Some(Now)),
            ("soon,done=4", 2, 2, 0, Some(Soon)),
        ] {
            let halt: Halt = rule.parse().expect(rule);
            assert_eq!(
                halt.reached(tally(succeeded, failed), excused),
                reached,
                "{rule} {succeeded} {failed}"
            );
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for text in [
            "",
            "now",
            "later,fail=1",
            "now,fall=1",
            "now,fail=0",
            "soon,fail=101%",
            "now,fail=x",
        ] {
            assert!(text.parse::<Halt>().is_err(), "{text}");
        }
    }
}
