//! The difference between a list and the cluster: which member is new, there, over, or another one than the list asks for.

use std::collections::BTreeMap;

use super::job_view::JobView;
use super::place::Place;

/// A member that the list asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where its Job is to stand.
    pub place: Place,
    /// The item.
    pub item: String,
    /// Position in the list.
    pub index: usize,
    /// The digest of its manifest.
    pub digest: String,
}

/// How a member stands: each is one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The list has it, the cluster does not, or not for long.
    New,
    /// It is there as the list asks for it, and has not begun.
    Unchanged,
    /// It is there, and has Pods.
    Running,
    /// It is there, and has succeeded.
    Done,
    /// It is there, and has failed.
    Failed,
    /// Another Job has its name: the digest differs, or there is none.
    Changed,
    /// The cluster has it, the list does not.
    Extra,
}

impl Standing {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::New,
        Self::Unchanged,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::Changed,
        Self::Extra,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Unchanged => "unchanged",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Changed => "changed",
            Self::Extra => "extra",
        }
    }

    /// Whether the member is there as the list asks for it: nothing is to be done.
    pub fn stays(self) -> bool {
        matches!(
            self,
            Self::Unchanged | Self::Running | Self::Done | Self::Failed
        )
    }
}

/// What the cluster has of a group: one Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// `metadata.uid`.
    pub uid: String,
    /// The digest that it carries.
    pub digest: Option<String>,
}

/// One member of the list, of the cluster, or of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Where its Job stands, or is to stand.
    pub place: Place,
    /// Its item.
    pub item: String,
    /// Position in the list.
    pub index: Option<usize>,
    /// The digest that the list asks for.
    pub wanted: Option<String>,
    /// What is there.
    pub present: Option<Present>,
    /// How it stands.
    pub standing: Standing,
}

/// A list held against the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// The members of the list in its order, then those that only the cluster has, by place.
    pub members: Vec<Compared>,
}

impl Difference {
    /// Holds a list against the Jobs of its group. A Job that is being deleted counts for nothing, and one that another object
    /// controls (a `CronJob`, say) is not extra.
    pub fn new(wanted: &[Wanted], jobs: impl IntoIterator<Item = JobView>) -> Self {
        let jobs = jobs.into_iter().filter(|job| !job.is_being_deleted);
        let mut present: BTreeMap<Place, JobView> =
            jobs.map(|job| (job.place.clone(), job)).collect();
        let mut members: Vec<Compared> = wanted
            .iter()
            .map(|wanted| compare(wanted, present.remove(&wanted.place)))
            .collect();
        let extras = present.into_values().filter(|job| !job.is_owned);
        members.extend(extras.map(extra));
        Self { members }
    }

    /// The members that stand so.
    pub fn of(&self, standing: Standing) -> impl Iterator<Item = &Compared> {
        self.members
            .iter()
            .filter(move |member| member.standing == standing)
    }

    /// Whether the cluster has any Job of the group.
    pub fn has_any(&self) -> bool {
        self.members.iter().any(|member| member.present.is_some())
    }

    /// `2 new, 1 running, 1 extra`; what there is none of is left out.
    pub fn words(&self) -> String {
        let counted = Standing::ALL.map(|standing| (self.of(standing).count(), standing.word()));
        let parts = counted
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"));
        parts.collect::<Vec<_>>().join(", ")
    }
}

fn compare(wanted: &Wanted, job: Option<JobView>) -> Compared {
    let standing = match &job {
        None => Standing::New,
        Some(job) if job.digest.as_ref() != Some(&wanted.digest) => Standing::Changed,
        Some(job) => match &job.ended {
            Some(end) if end.succeeded => Standing::Done,
            Some(_) => Standing::Failed,
            None if job.active > 0 => Standing::Running,
            None => Standing::Unchanged,
        },
    };
    Compared {
        place: wanted.place.clone(),
        item: wanted.item.clone(),
        index: Some(wanted.index),
        wanted: Some(wanted.digest.clone()),
        present: job.map(present),
        standing,
    }
}

fn extra(job: JobView) -> Compared {
    Compared {
        place: job.place.clone(),
        item: job.item.clone(),
        index: None,
        wanted: None,
        present: Some(present(job)),
        standing: Standing::Extra,
    }
}

fn present(job: JobView) -> Present {
    Present {
        uid: job.uid,
        digest: job.digest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn wanted(name: &str, index: usize) -> Wanted {
        let place = Place {
            namespace: "ci".into(),
            name: name.into(),
        };
        Wanted {
            place,
            item: name.to_uppercase(),
            index,
            digest: "d1".into(),
        }
    }

    fn job(name: &str, digest: &Value, more: &Value) -> JobView {
        let mut job =
            json!({"metadata": {"name": name, "namespace": "ci", "uid": format!("u-{name}")}});
        if let Some(digest) = digest.as_str() {
            job["metadata"]["annotations"]["kubectl-batch/digest"] = digest.into();
        }
        json_patch::merge(&mut job, more);
        JobView::from_value(&job).expect("a Job")
    }

    #[test]
    fn every_member_stands_as_the_table_says() {
        let ended =
            |kind: &str| json!({"status": {"conditions": [{"type": kind, "status": "True"}]}});
        let none = json!({});
        for (digest, more, standing) in [
            (json!("d1"), none.clone(), "unchanged"),
            (json!("d1"), json!({"spec": {"suspend": true}}), "unchanged"),
            (json!("d1"), json!({"status": {"active": 1}}), "running"),
            (json!("d1"), ended("Complete"), "done"),
            (json!("d1"), ended("Failed"), "failed"),
            (json!("d1"), ended("FailureTarget"), "unchanged"),
            (json!("d2"), none.clone(), "changed"),
            (json!("d2"), ended("Complete"), "changed"),
            (Value::Null, none, "changed"),
            (
                json!("d2"),
                json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}),
                "new",
            ),
        ] {
            let told = format!("{digest} {more}");
            let difference = Difference::new(&[wanted("a", 0)], [job("a", &digest, &more)]);
            assert_eq!(difference.members.len(), 1, "{told}");
            assert_eq!(difference.members[0].standing.word(), standing, "{told}");
        }
    }

    #[test]
    fn the_list_comes_first_and_what_only_the_cluster_has_after_it() {
        let owned = json!({"metadata": {"ownerReferences": [{"kind": "CronJob", "name": "c", "uid": "x", "controller": true}]}});
        let jobs = [
            job("z", &json!("d9"), &json!({})),
            job("b", &json!("d1"), &json!({})),
            job("cron-1", &Value::Null, &owned),
            job("y", &Value::Null, &json!({})),
        ];
        let difference = Difference::new(&[wanted("c", 0), wanted("b", 1)], jobs);
        let seen: Vec<_> = difference
            .members
            .iter()
            .map(|member| (member.place.name.as_str(), member.index, member.standing))
            .collect();
        assert_eq!(
            seen,
            [
                ("c", Some(0), Standing::New),
                ("b", Some(1), Standing::Unchanged),
                ("y", None, Standing::Extra),
                ("z", None, Standing::Extra),
            ]
        );
        assert_eq!(difference.words(), "1 new, 1 unchanged, 2 extra");
        assert!(difference.has_any());
        assert!(!Difference::new(&[wanted("c", 0)], []).has_any());
    }
}
