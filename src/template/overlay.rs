//! Fields of Jobs that the command line sets on any template.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::tree::Node;

/// The label that puts a Job into a queue of Kueue.
const QUEUE: &str = "kueue.x-k8s.io/queue-name";

/// What is set on every Job, and on the Jobs that a `CronJob` makes; what is not given stays as the template has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Overlays {
    /// `spec.ttlSecondsAfterFinished`. It says nothing about the work, so it is no part of the digest.
    pub ttl: Option<u64>,
    /// `spec.activeDeadlineSeconds`.
    pub deadline: Option<u64>,
    /// `spec.backoffLimit`.
    pub retries: Option<u32>,
    /// `priorityClassName` of the Pods.
    pub priority_class: Option<String>,
    /// The Kueue queue that the Jobs wait in: they are created suspended, and Kueue lets them go.
    pub kueue_queue: Option<String>,
}

impl Overlays {
    /// Sets what belongs to the work itself. The error is the path of what should be a map and is none.
    pub(super) fn apply(&self, document: &mut Node, kind: &str) -> Result<(), &'static str> {
        let Some(job) = job(document, kind)? else {
            return Ok(());
        };
        if let Some(queue) = &self.kueue_queue {
            let metadata = job.map_mut("metadata").ok_or("metadata")?;
            let labels = metadata.map_mut("labels").ok_or("metadata.labels")?;
            labels.set(QUEUE, fixed(queue.as_str()));
        }
        let spec = job.map_mut("spec").ok_or("spec")?;
        if self.kueue_queue.is_some() {
            spec.set("suspend", fixed(true));
        }
        if let Some(seconds) = self.deadline {
            spec.set("activeDeadlineSeconds", fixed(seconds));
        }
        if let Some(count) = self.retries {
            spec.set("backoffLimit", fixed(count));
        }
        if let Some(class) = &self.priority_class {
            let pod = spec
                .map_mut("template")
                .and_then(|node| node.map_mut("spec"));
            let pod = pod.ok_or("spec.template.spec")?;
            pod.set("priorityClassName", fixed(class.as_str()));
        }
        Ok(())
    }

    /// Sets what only tidies up, after the digest was taken.
    pub(super) fn tidy(&self, document: &mut Node, kind: &str) -> Result<(), &'static str> {
        if let (Some(seconds), Some(job)) = (self.ttl, job(document, kind)?) {
            let spec = job.map_mut("spec").ok_or("spec")?;
            spec.set("ttlSecondsAfterFinished", fixed(seconds));
        }
        Ok(())
    }
}

/// The Job, or the one that a `CronJob` makes.
fn job<'a>(document: &'a mut Node, kind: &str) -> Result<Option<&'a mut Node>, &'static str> {
    match kind {
        "Job" => Ok(Some(document)),
        "CronJob" => {
            let spec = document.map_mut("spec").ok_or("spec")?;
            let job = spec.map_mut("jobTemplate").ok_or("spec.jobTemplate")?;
            Ok(Some(job))
        }
        _ => Ok(None),
    }
}

fn fixed(value: impl Into<Value>) -> Node {
    Node::Fixed(value.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Options, Source, Template};
    use super::*;
    use crate::items::Item;

    const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: p-$ITEM\nspec:\n  backoffLimit: 6 # as ever\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - {name: c, image: b}\n";
    const CRON: &str = "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: p-$ITEM\nspec:\n  schedule: '@daily'\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          restartPolicy: Never\n          containers:\n          - {name: c, image: b}\n";

    fn expanded(text: &str, overlays: Overlays) -> Value {
        let source = Source {
            name: "t".into(),
            text: text.into(),
        };
        let options = Options {
            overlays,
            ..Options::default()
        };
        let template = Template::compile(&[source], &options).expect("it compiles");
        let item = Item::scalar(0, "a");
        let object = template
            .expand(&item)
            .expect("it expands")
            .objects
            .remove(0);
        let mut yaml = Vec::new();
        template.write_yaml(&item, &mut yaml).expect("it expands");
        let text = String::from_utf8(yaml).expect("UTF-8");
        let read = crate::manifest::yaml::documents(&text).expect("YAML");
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].value, object, "both ways of writing are one");
        object
    }

    fn all() -> Overlays {
        Overlays {
            ttl: Some(60),
            deadline: Some(30),
            retries: Some(2),
            priority_class: Some("low".into()),
            kueue_queue: Some("team-a".into()),
        }
    }

    #[test]
    fn a_job_and_the_jobs_of_a_cron_job_get_the_same_fields() {
        for (text, prefix) in [(JOB, ""), (CRON, "/spec/jobTemplate")] {
            let object = expanded(text, all());
            for (path, value) in [
                ("/spec/ttlSecondsAfterFinished", json!(60)),
                ("/spec/activeDeadlineSeconds", json!(30)),
                ("/spec/backoffLimit", json!(2)),
                ("/spec/suspend", json!(true)),
                ("/spec/template/spec/priorityClassName", json!("low")),
                (
                    "/metadata/labels/kueue.x-k8s.io~1queue-name",
                    json!("team-a"),
                ),
            ] {
                let found = object.pointer(&format!("{prefix}{path}"));
                assert_eq!(found, Some(&value), "{prefix}{path}");
            }
        }
        assert_eq!(expanded(CRON, all())["spec"].get("suspend"), None);
    }

    #[test]
    fn all_but_the_time_to_live_is_part_of_the_digest() {
        let digest = |overlays| {
            expanded(JOB, overlays)["metadata"]["annotations"]["kubectl-batch/digest"].to_string()
        };
        let plain = digest(Overlays::default());
        let only = |change: fn(&mut Overlays)| {
            let mut overlays = Overlays::default();
            change(&mut overlays);
            digest(overlays)
        };
        assert_eq!(only(|overlays| overlays.ttl = Some(1)), plain);
        assert_eq!(
            only(|overlays| overlays.retries = Some(6)),
            plain,
            "the same value"
        );
        for changed in [
            only(|overlays| overlays.deadline = Some(1)),
            only(|overlays| overlays.retries = Some(1)),
            only(|overlays| overlays.priority_class = Some("x".into())),
            only(|overlays| overlays.kueue_queue = Some("x".into())),
        ] {
            assert_ne!(changed, plain);
        }
    }
}
