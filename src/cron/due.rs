//! Which start is due, how many were missed, and when to look again
//! (`pkg/controller/cronjob/utils.go`, `mostRecentScheduleTime`, `nextScheduleTimeDuration`).

use jiff::{SignedDuration, Timestamp};

use super::Schedule;

/// More missed starts than this are worth a warning.
const MISSED_MANY: i64 = 100;
/// A timer that fires a little early must not find that it is not time yet.
const PADDING: SignedDuration = SignedDuration::from_millis(100);

/// How many starts were missed, by an estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    /// None.
    None,
    /// At most 100.
    Few,
    /// More than 100.
    Many,
}

/// What is due now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The latest start that is due; those before it are lost.
    pub time: Option<Timestamp>,
    /// How many were missed.
    pub missed: Missed,
}

/// From when on starts are looked for: the last one, else the creation; with a deadline, not longer ago than that.
pub fn earliest(
    created: Timestamp,
    last: Option<Timestamp>,
    deadline_seconds: Option<i64>,
    now: Timestamp,
) -> Timestamp {
    let start = last.unwrap_or(created);
    let Some(seconds) = deadline_seconds else {
        return start;
    };
    let limit = now.checked_sub(SignedDuration::from_secs(seconds));
    start.max(limit.unwrap_or(Timestamp::MIN))
}

/// What is due at `now`; an error if the schedule never comes to pass.
///
/// How many starts were missed is told by the first two, so that it is an estimate where they do not come evenly.
pub fn due(schedule: &Schedule, earliest: Timestamp, now: Timestamp) -> Result<Due, &'static str> {
    let nothing = Due {
        time: None,
        missed: Missed::None,
    };
    let first = schedule
        .next(earliest)
        .ok_or("it has no time within five years")?;
    if now < first {
        return Ok(nothing);
    }
    let second = schedule.next(first);
    if second.is_some_and(|second| now < second) {
        return Ok(Due {
            time: Some(first),
            ..nothing
        });
    }
    let gap = second.map_or(0, |second| rounded(second.duration_since(first)));
    if gap < 1 {
        return Err("time difference between two schedules is less than 1 second");
    }
    let missed = now.duration_since(first).as_secs() / gap + 1;
    let back = SignedDuration::from_secs((missed - 2).saturating_mul(gap));
    let from = first.checked_add(back).unwrap_or(Timestamp::MAX);
    Ok(Due {
        time: schedule.last(from, now),
        missed: match missed {
            ..=0 => Missed::None,
            1..=MISSED_MANY => Missed::Few,
            _ => Missed::Many,
        },
    })
}

/// When to look again, given the status as it is now; the deadline plays no part in it.
pub fn requeue_after(
    schedule: &Schedule,
    created: Timestamp,
    last: Option<Timestamp>,
    now: Timestamp,
) -> Option<SignedDuration> {
    let earliest = earliest(created, last, None, now);
    let base = match due(schedule, earliest, now) {
        Ok(Due {
            time: Some(time), ..
        }) => time,
        Ok(Due {
            missed: Missed::None,
            ..
        }) => earliest,
        Ok(_) | Err(_) => now,
    };
    let next = schedule.next(base)?;
    Some(next.duration_since(now).saturating_add(PADDING))
}

fn rounded(duration: SignedDuration) -> i64 {
    let half_up = duration.saturating_add(SignedDuration::from_millis(500));
    half_up.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    fn at(text: &str) -> Timestamp {
        format!("2026-01-15T{text}Z").parse().expect("an instant")
    }

    #[test]
    fn only_the_latest_start_is_due_and_more_than_100_missed_are_many() {
        let schedule = Schedule::parse("* * * * *", TimeZone::UTC).expect("a schedule");
        for (now, time, missed) in [
            ("10:00:30", None, Missed::None),
            ("10:01:00", Some("10:01:00"), Missed::None),
            ("10:02:00", Some("10:02:00"), Missed::Few),
            ("11:40:59", Some("11:40:00"), Missed::Few),
            ("11:41:00", Some("11:41:00"), Missed::Many),
        ] {
            let found = due(&schedule, at("10:00:00"), at(now));
            let time = time.map(at);
            assert_eq!(found, Ok(Due { time, missed }), "at {now}");
        }
    }

    #[test]
    fn a_deadline_forgets_starts_that_are_too_long_ago() {
        for (last, deadline, found) in [
            (None, None, "09:00:00"),
            (Some("10:00:00"), None, "10:00:00"),
            (Some("10:00:00"), Some(60), "10:59:00"),
            (Some("10:00:00"), Some(7200), "10:00:00"),
            (None, Some(i64::MAX), "09:00:00"),
        ] {
            let start = earliest(at("09:00:00"), last.map(at), deadline, at("11:00:00"));
            assert_eq!(start, at(found), "{last:?} {deadline:?}");
        }
    }

    #[test]
    fn a_schedule_without_a_time_is_an_error() {
        let never = Schedule::parse("59 23 31 2 *", TimeZone::UTC).expect("a schedule");
        assert!(due(&never, at("10:00:00"), at("11:00:00")).is_err());
        assert_eq!(
            requeue_after(&never, at("10:00:00"), None, at("11:00:00")),
            None
        );
    }
}
