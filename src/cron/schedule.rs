//! A schedule: five fields, a descriptor or an interval (`robfig/cron` v3, `ParseStandard` and `Next`).

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::field::{DAY_OF_MONTH, DAY_OF_WEEK, Field, HOUR, MINUTE, MONTH};
use super::{go_duration, zone};

/// The search for the next time gives up after so many calendar years.
const YEARS_MAX: i16 = 5;

/// A text that is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScheduleError(String);

/// When something is to happen.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    times: Times,
    zone: TimeZone,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Times {
    /// At wall-clock minutes.
    Fields {
        minute: Field,
        hour: Field,
        day_of_month: Field,
        month: Field,
        day_of_week: Field,
    },
    /// So long after the time before.
    Every(SignedDuration),
}

impl Schedule {
    /// Reads a schedule; a zone at its beginning (`TZ=Europe/Rome 0 9 * * *`) goes before `zone`.
    pub fn parse(text: &str, zone: TimeZone) -> Result<Self, ScheduleError> {
        let (text, zone) = match text.strip_prefix("CRON_TZ=").or(text.strip_prefix("TZ=")) {
            Some(rest) => {
                let (name, rest) = rest
                    .split_once(' ')
                    .ok_or_else(|| error("no schedule after the time zone"))?;
                let zone = zone::load(name)
                    .ok_or_else(|| error(&format!("provided bad location {name}")))?;
                (rest.trim(), zone)
            }
            None => (text, zone),
        };
        let times = match text.strip_prefix('@') {
            Some(_) => descriptor(text)?,
            None => fields(text)?,
        };
        Ok(Self { times, zone })
    }

    /// The first time after `after`; nothing if none comes within five calendar years.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match self.times {
            Times::Every(delay) => whole_seconds(after).checked_add(delay).ok(),
            Times::Fields { .. } => self.next_minute(after),
        }
    }

    /// The last of the times that follow each other from `after` on and are not past `until`.
    pub fn last(&self, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let first = self.next(after).filter(|first| *first <= until)?;
        if let Times::Every(delay) = self.times {
            let laps = until.duration_since(first).as_secs() / delay.as_secs();
            let since = SignedDuration::from_secs(laps.checked_mul(delay.as_secs())?);
            return first.checked_add(since).ok();
        }
        // `next` of a time is past `until` exactly from the wanted time on, so that halving finds it.
        let (mut before, mut at) = (first.as_second() - 1, until.as_second());
        let overshoots = |second: i64| {
            let from = Timestamp::from_second(second).ok()?;
            Some(self.next(from).is_none_or(|next| next > until))
        };
        while at - before > 1 {
            let middle = before + (at - before) / 2;
            if overshoots(middle)? {
                at = middle;
            } else {
                before = middle;
            }
        }
        Timestamp::from_second(at).ok()
    }

    /// Searches stretch by stretch of one offset from UTC, in which the wall clock goes evenly: what a change of the offset
    /// leaves out does not come, and what it repeats comes twice.
    fn next_minute(&self, after: Timestamp) -> Option<Timestamp> {
        let mut from = whole_seconds(after).checked_add(1.second()).ok()?;
        let year = self.zone.to_datetime(from).year();
        let last_year = year.saturating_add(YEARS_MAX).min(9998);
        loop {
            let offset = self.zone.to_offset(from);
            let found = self.times.from(offset.to_datetime(from), last_year);
            let change = self.zone.following(from).next();
            let found = found.and_then(|minute| offset.to_timestamp(minute).ok());
            match (found, change.map(|change| change.timestamp())) {
                (Some(found), None) => return Some(found),
                (Some(found), Some(change)) if found < change => return Some(found),
                (_, Some(change)) if self.zone.to_datetime(change).year() <= last_year => {
                    from = change;
                }
                _ => return None,
            }
        }
    }
}

impl Times {
    /// The first wall-clock minute from this time on, this time included.
    fn from(self, from: DateTime, last_year: i16) -> Option<DateTime> {
        let Self::Fields {
            minute,
            hour,
            month,
            ..
        } = self
        else {
            return None;
        };
        // A minute that has begun is over.
        let begun = from.second() > 0 || from.subsec_nanosecond() > 0;
        let from = if begun {
            from.checked_add(1.minute()).ok()?
        } else {
            from
        };
        let (mut date, mut hours, mut minutes) = (from.date(), from.hour(), from.minute());
        while date.year() <= last_year {
            if !month.has(date.month()) {
                date = date.last_of_month();
            } else if self.has_day(date) {
                let this_hour = hour.has(hours).then(|| minute.from(minutes)).flatten();
                if let Some(minute) = this_hour {
                    return Some(date.at(hours, minute, 0, 0));
                }
                let later = hour.from(hours + 1).zip(minute.from(0));
                if let Some((hour, minute)) = later {
                    return Some(date.at(hour, minute, 0, 0));
                }
            }
            date = date.tomorrow().ok()?;
            (hours, minutes) = (0, 0);
        }
        None
    }

    fn has_day(self, date: Date) -> bool {
        let Self::Fields {
            day_of_month,
            day_of_week,
            ..
        } = self
        else {
            return false;
        };
        let in_month = day_of_month.has(date.day());
        let in_week = day_of_week.has(date.weekday().to_sunday_zero_offset());
        if day_of_month.star || day_of_week.star {
            in_month && in_week
        } else {
            in_month || in_week
        }
    }
}

fn fields(text: &str) -> Result<Times, ScheduleError> {
    let parts: Vec<&str> = text.split_whitespace().collect();
    if parts.is_empty() {
        return Err(error("empty spec string"));
    }
    let [minute, hour, day_of_month, month, day_of_week] = parts[..] else {
        let found = parts.len();
        return Err(error(&format!(
            "expected exactly 5 fields, found {found}: [{}]",
            parts.join(" ")
        )));
    };
    let field = |text, bounds| Field::parse(text, bounds).map_err(|problem| error(&problem));
    Ok(Times::Fields {
        minute: field(minute, MINUTE)?,
        hour: field(hour, HOUR)?,
        day_of_month: field(day_of_month, DAY_OF_MONTH)?,
        month: field(month, MONTH)?,
        day_of_week: field(day_of_week, DAY_OF_WEEK)?,
    })
}

fn descriptor(text: &str) -> Result<Times, ScheduleError> {
    let same_as = match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => return interval(text),
    };
    fields(same_as)
}

/// At least a second, and no fractions of one.
fn interval(text: &str) -> Result<Times, ScheduleError> {
    let text = text
        .strip_prefix("@every ")
        .ok_or_else(|| error(&format!("unrecognized descriptor: {text}")))?;
    let duration = go_duration::parse(text)
        .ok_or_else(|| error(&format!("failed to parse duration @every {text}")))?;
    Ok(Times::Every(SignedDuration::from_secs(
        duration.as_secs().max(1),
    )))
}

fn whole_seconds(time: Timestamp) -> Timestamp {
    let nanos = i64::from(time.subsec_nanosecond());
    let before = SignedDuration::from_nanos(nanos.rem_euclid(1_000_000_000));
    time.checked_sub(before).unwrap_or(time)
}

fn error(problem: &str) -> ScheduleError {
    ScheduleError(problem.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(text: &str, zone: &str) -> Schedule {
        Schedule::parse(text, zone::load(zone).expect("a zone")).expect("a schedule")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    /// Schedule, zone, instant, and the next time after it.
    const NEXT: &str = "
        0 * * * * | UTC | 2026-01-15T12:00:00Z | 2026-01-15T13:00:00Z
        0 * * * * | UTC | 2026-01-15T11:59:59.9Z | 2026-01-15T12:00:00Z
        30 6-16/4 * * 1-5 | UTC | 2026-01-16T14:30:00Z | 2026-01-19T06:30:00Z
        0 0 29 2 * | UTC | 2026-01-01T00:00:00Z | 2028-02-29T00:00:00Z
        59 23 31 2 * | UTC | 2026-01-01T00:00:00Z | never
        0 0 29 2 * | UTC | 1896-03-01T00:00:00Z | never
        0 0 13 * 5 | UTC | 2026-01-10T00:00:00Z | 2026-01-13T00:00:00Z
        0 0 13 * * | UTC | 2026-01-13T00:00:00Z | 2026-02-13T00:00:00Z
        0 0 */2 * 1 | UTC | 2026-01-03T00:00:00Z | 2026-01-05T00:00:00Z
        0 9 * * * | America/New_York | 2026-01-15T00:00:00Z | 2026-01-15T14:00:00Z
        0 0 * * * | Asia/Kolkata | 2026-01-15T00:00:00Z | 2026-01-15T18:30:00Z
        (02:00 to 03:00 is left out on 8 March)
        30 2 * * * | America/New_York | 2026-03-08T00:00:00-05:00 | 2026-03-09T02:30:00-04:00
        0 * * * * | America/New_York | 2026-03-08T01:00:00-05:00 | 2026-03-08T03:00:00-04:00
        (01:00 to 02:00 comes twice on 1 November)
        30 1 * * * | America/New_York | 2026-11-01T01:30:00-04:00 | 2026-11-01T01:30:00-05:00
        30 1 * * * | America/New_York | 2026-11-01T01:30:00-05:00 | 2026-11-02T01:30:00-05:00
        */20 1 * * * | America/New_York | 2026-11-01T01:40:00-04:00 | 2026-11-01T01:00:00-05:00
        (the day begins at 01:00)
        0 0 * * * | America/Sao_Paulo | 2018-11-03T12:00:00Z | 2018-11-05T02:00:00Z
        0 9 10 * * | America/Sao_Paulo | 2018-10-17T09:00:00Z | 2018-11-10T11:00:00Z
        @every 1h30m | UTC | 2026-01-15T12:34:56.7Z | 2026-01-15T14:04:56Z
        @every 10ms | UTC | 2026-01-15T12:00:00Z | 2026-01-15T12:00:01Z
        @weekly | UTC | 2026-01-15T12:00:00Z | 2026-01-18T00:00:00Z
        TZ=Asia/Kolkata 0 0 * * * | UTC | 2026-01-15T00:00:00Z | 2026-01-15T18:30:00Z
        , * * * * | UTC | 2026-01-15T00:00:00Z | never
    ";

    #[test]
    fn the_next_time_is_found_by_the_wall_clock_of_the_zone() {
        let rows = NEXT.lines().filter(|row| row.contains('|'));
        for row in rows {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let [text, zone, after, next] = cells[..] else {
                panic!("a row of four cells: {row}");
            };
            let next = (next != "never").then(|| at(next));
            assert_eq!(schedule(text, zone).next(at(after)), next, "{row}");
        }
    }

    #[test]
    fn the_last_time_up_to_now_is_the_one_that_stepping_finds() {
        for (text, zone, after, until) in [
            (
                "*/7 * * * *",
                "UTC",
                "2026-01-15T12:00:00Z",
                "2026-01-15T15:33:21.5Z",
            ),
            (
                "*/7 * * * *",
                "UTC",
                "2026-01-15T12:00:00Z",
                "2026-01-15T12:07:00Z",
            ),
            (
                "0 3 * * 1-5",
                "America/New_York",
                "2026-03-01T00:00:00Z",
                "2026-04-01T00:00:00Z",
            ),
            (
                "30 1 * * *",
                "America/New_York",
                "2026-10-25T00:00:00Z",
                "2026-11-01T06:30:00Z",
            ),
            (
                "@every 17s",
                "UTC",
                "2026-01-15T12:00:00.3Z",
                "2026-01-15T12:10:00Z",
            ),
            (
                "@every 17s",
                "UTC",
                "2026-01-15T12:00:00Z",
                "2026-01-15T12:00:16Z",
            ),
        ] {
            let schedule = schedule(text, zone);
            let (mut stepped, mut time) = (None, at(after));
            while let Some(next) = schedule.next(time).filter(|next| *next <= at(until)) {
                (stepped, time) = (Some(next), next);
            }
            assert_eq!(
                schedule.last(at(after), at(until)),
                stepped,
                "{text} {until}"
            );
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_a_reason() {
        let problems: Vec<String> = [
            "",
            "* * * *",
            "0 * * * * *",
            "* 24 * * *",
            "@reboot",
            "@Daily",
            "@every x",
            "TZ=0",
            "TZ=Nowhere/City 0 * * * *",
            "obvious error schedule",
        ]
        .iter()
        .map(|text| {
            Schedule::parse(text, TimeZone::UTC)
                .expect_err(text)
                .to_string()
        })
        .collect();
        insta::assert_snapshot!(problems.join("\n"), @r"
        empty spec string
        expected exactly 5 fields, found 4: [* * * *]
        expected exactly 5 fields, found 6: [0 * * * * *]
        end of range (24) above maximum (23): 24
        unrecognized descriptor: @reboot
        unrecognized descriptor: @Daily
        failed to parse duration @every x
        no schedule after the time zone
        provided bad location Nowhere/City
        expected exactly 5 fields, found 3: [obvious error schedule]
        ");
    }
}
