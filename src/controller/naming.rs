//! The names of new Pods. Whoever asks for the same Pod gives it the same name, so that a Pod which is asked for twice,
//! by a process that did not see its first answer or by a second process, is there once.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::job::{Job, NewPod, new_pod};

/// The letters of generated suffixes (`apimachinery/pkg/util/rand`): none that make words.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// How many of them a name ends with.
const SUFFIX: usize = 5;
/// A generated name is cut so that the suffix fits a label's 63 characters.
const PREFIX_MAX: usize = 58;

/// Names for new Pods: for each index, or for the Job as a whole, the first that no known Pod has.
///
/// `taken` says how many names of a Job without indexes are known to be used up; it grows.
pub(super) fn names(
    job: &Job,
    pods: &[NewPod],
    known: &BTreeSet<&str>,
    taken: &mut u32,
) -> Vec<String> {
    // Only the prefix is wanted here: a large template would be copied for nothing.
    let bare = Job {
        template: json!({}),
        ..job.clone()
    };
    let prefix = |pod: &NewPod| {
        let object = new_pod(&bare, pod);
        let prefix = object
            .pointer("/metadata/generateName")
            .and_then(Value::as_str);
        prefix
            .unwrap_or_default()
            .chars()
            .take(PREFIX_MAX)
            .collect::<String>()
    };
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut contiguous = true;
    let mut ordinal = *taken;
    let mut found = Vec::with_capacity(pods.len());
    for pod in pods {
        let prefix = prefix(pod);
        let mut next = if pod.index.is_some() { 0 } else { ordinal };
        let name = loop {
            let name = format!("{prefix}{}", suffix(&job.uid, pod.index, next));
            next += 1;
            if !known.contains(name.as_str()) && used.insert(name.clone()) {
                break name;
            }
            if pod.index.is_none() && contiguous {
                *taken = next;
            }
        };
        if pod.index.is_none() {
            (ordinal, contiguous) = (next, false);
        }
        found.push(name);
    }
    found
}

fn suffix(job_uid: &str, index: Option<i32>, ordinal: u32) -> String {
    let slot = index.map_or_else(String::new, |index| index.to_string());
    let digest = Sha256::digest(format!("{job_uid}/{slot}/{ordinal}"));
    let mut number = digest
        .iter()
        .take(8)
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let mut letters = String::with_capacity(SUFFIX);
    for _ in 0..SUFFIX {
        letters.push(char::from(
            LETTERS[(number % LETTERS.len() as u64) as usize],
        ));
        number /= LETTERS.len() as u64;
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(uid: &str) -> Job {
        let object = json!({"metadata": {"name": "pi", "uid": uid}, "spec": {"template": {"spec": {"restartPolicy": "Never"}}}});
        Job::from_value(&object).expect("a Job")
    }

    fn plain(count: usize) -> Vec<NewPod> {
        vec![NewPod::default(); count]
    }

    #[test]
    fn the_same_pods_get_the_same_names_and_others_get_others() {
        let none = BTreeSet::new();
        let names_of = |uid, count| names(&job(uid), &plain(count), &none, &mut 0);
        let three = names_of("a", 3);
        assert_eq!(three[..2], names_of("a", 2));
        assert_ne!(three, names_of("b", 3));
        assert_eq!(three.iter().collect::<BTreeSet<_>>().len(), 3);
        assert!(
            three
                .iter()
                .all(|name| name.starts_with("pi-") && name.len() == 8),
            "{three:?}"
        );
    }

    #[test]
    fn a_known_pod_keeps_its_name_and_a_hole_is_filled_first() {
        let all = names(&job("a"), &plain(4), &BTreeSet::new(), &mut 0);
        let known: BTreeSet<&str> = [all[0].as_str(), all[2].as_str()].into();
        let mut taken = 0;
        assert_eq!(
            names(&job("a"), &plain(2), &known, &mut taken),
            [all[1].clone(), all[3].clone()]
        );
        assert_eq!(taken, 1, "only what is used up from the first on");
    }

    #[test]
    fn a_name_that_was_seen_once_is_not_given_again() {
        let all = names(&job("a"), &plain(2), &BTreeSet::new(), &mut 0);
        let mut taken = 0;
        names(&job("a"), &plain(1), &[all[0].as_str()].into(), &mut taken);
        assert_eq!(
            names(&job("a"), &plain(1), &BTreeSet::new(), &mut taken),
            [all[1].clone()]
        );
    }

    #[test]
    fn each_index_has_names_of_its_own() {
        let pod = |index| NewPod {
            index: Some(index),
            failures: None,
        };
        let both = names(&job("a"), &[pod(3), pod(4)], &BTreeSet::new(), &mut 0);
        assert!(
            both[0].starts_with("pi-3-") && both[1].starts_with("pi-4-"),
            "{both:?}"
        );
        let again = names(&job("a"), &[pod(3)], &[both[0].as_str()].into(), &mut 0);
        assert_ne!(again[0], both[0]);
        assert_eq!(
            names(&job("a"), &[pod(4)], &BTreeSet::new(), &mut 9),
            [both[1].clone()]
        );
    }
}
