//! Fields that the command line sets on the Jobs of any template.

use crate::cli::{CliResult, Failure};
use crate::cluster::duration::parse_duration;
use crate::manifest::names;
use crate::template::Overlays;

/// Fields of every Job; what is not given stays as the template has it.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Jobs")]
pub(in crate::cli) struct OverlayArgs {
    /// Delete a Job so long after its end: 0, 90, 10m, 24h
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    ttl: Option<u64>,
    /// End a Job that takes longer, as failed: 90, 10m, 2h
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    deadline: Option<u64>,
    /// How many failed Pods of a Job are replaced
    #[arg(long, alias = "backoff-limit", value_name = "N")]
    retries: Option<u32>,
    /// The priority class of the Pods
    #[arg(long, value_name = "NAME")]
    priority_class: Option<String>,
    /// The Kueue queue that the Jobs wait in; they are created suspended
    #[arg(long, value_name = "NAME")]
    kueue_queue: Option<String>,
}

/// Whole seconds: Kubernetes knows no others.
pub(in crate::cli) fn seconds(text: &str) -> Result<u64, String> {
    let time = parse_duration(text).filter(|time| time.subsec_nanos() == 0);
    let seconds = time.map(|time| time.as_secs());
    seconds
        .filter(|seconds| i32::try_from(*seconds).is_ok())
        .ok_or_else(|| "expected whole seconds such as 90, 90s, 10m or 2h, up to 68 years".into())
}

impl OverlayArgs {
    /// The fields.
    pub(super) fn overlays(&self) -> CliResult<Overlays> {
        for (flag, value) in [
            ("--priority-class", &self.priority_class),
            ("--kueue-queue", &self.kueue_queue),
        ] {
            if let Some(name) = value.as_ref().filter(|name| !is_name(name)) {
                return Err(Failure::usage(format!(
                    "{flag}: `{name}` cannot be a name: expected up to 63 of a-z, 0-9, - and . with a letter or digit at both ends"
                )));
            }
        }
        if let Some(count) = self.retries.filter(|count| i32::try_from(*count).is_err()) {
            return Err(Failure::usage(format!(
                "--retries: {count} is more than Kubernetes can count: the most is {}",
                i32::MAX
            )));
        }
        Ok(Overlays {
            ttl: self.ttl,
            deadline: self.deadline,
            retries: self.retries,
            priority_class: self.priority_class.clone(),
            kueue_queue: self.kueue_queue.clone(),
        })
    }
}

fn is_name(name: &str) -> bool {
    let lower = |c: char| !c.is_ascii_uppercase() && c != '_';
    !name.is_empty() && names::is_label_value(name) && name.chars().all(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_seconds() {
        for (text, expected) in [
            ("0", Some(0)),
            ("90", Some(90)),
            ("10m", Some(600)),
            ("1.5m", Some(90)),
            ("24h", Some(86_400)),
            ("0.5", None),
            ("500ms", None),
            ("-1", None),
            ("99999999999", None),
            ("x", None),
        ] {
            assert_eq!(seconds(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn names_are_those_of_objects() {
        for (name, good) in [
            ("low", true),
            ("a.b-c", true),
            ("", false),
            ("Low", false),
            ("a_b", false),
            ("-a", false),
        ] {
            assert_eq!(is_name(name), good, "{name}");
        }
    }
}
