//! A log of the members that ended, in the columns of GNU parallel's `--joblog`, so that what reads those reads these.

use crate::group::{Member, Phase};

/// The names of the columns.
pub const HEADER: &str =
    "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand";

/// The value of a member that ended without a container saying how: a deadline, a Job that somebody deleted.
const UNKNOWN: i32 = -1;

/// The line of a member that has ended: its number in the list from 1, its node, when it started (seconds since 1970), how long it
/// ran (seconds), the exit code of its last Pod, and its item in the place of the command.
pub fn line(member: &Member) -> String {
    let job = member.job();
    let started = job.and_then(|job| job.started).or(member.state.since);
    let started = started.map_or(0.0, |at| at.as_millisecond() as f64 / 1000.0);
    let ran = member.ran_for.map_or(0.0, |time| time.as_secs_f64());
    let code = match (member.state.phase, member.exit_code) {
        (Phase::Succeeded, _) => 0,
        (_, Some(code)) if code != 0 => code,
        _ => UNKNOWN,
    };
    format!(
        "{}\t{}\t{started:.3}\t{ran:>10.3}\t0\t0\t{code}\t0\t{}",
        member.index.map_or(0, |index| index + 1),
        member.node.as_deref().map_or("-".into(), super::show),
        super::show(&member.item),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::zoo;

    #[test]
    fn a_line_for_each_member_that_ended_in_parallels_columns() {
        let group = zoo();
        let ended = group
            .members()
            .iter()
            .filter(|member| member.state.phase.is_final());
        let lines: Vec<String> = ended.map(line).collect();
        insta::assert_snapshot!(lines.join("\n").replace('\t', "|"), @r"
        0|-|1.000|     5.000|0|0|0|0|apple
        0|-|1.000|     5.000|0|0|3|0|banana
        ");
        assert_eq!(HEADER.split('\t').count(), lines[0].split('\t').count());
    }
}
