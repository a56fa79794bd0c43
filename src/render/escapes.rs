//! Every escape sequence that has a name, through everything that draws text of a cluster: nothing of it is left to obey.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::sample::at;
use super::{
    Style, View, change_line, clashes, difference_table, frame, joblog, progress_line, show_lines,
    summary,
};
use crate::group::{Change, Difference, Group, JobView, Observation, Place, PodView, Wanted};

/// The same text at every place of a Job and its Pods where a cluster may have any.
struct Hostile {
    group: Group,
    changes: Vec<Change>,
}

fn sequences() -> BTreeMap<String, String> {
    let text = include_str!("../../tests/data/escapes.json");
    serde_json::from_str(text).expect("names and texts")
}

impl Hostile {
    fn new(text: &str) -> Self {
        let mut own = Self {
            group: Group::default(),
            changes: Vec::new(),
        };
        for (number, (job, pod)) in states(text).into_iter().enumerate() {
            let name = format!("{text}{number}");
            let mut object = json!({
                "metadata": {"namespace": text, "name": name, "uid": name, "annotations": {"kubectl-batch/item": name}},
                "spec": {"completions": 1, "backoffLimit": 6},
            });
            object["status"] = job;
            let job = JobView::from_value(&object).expect("a Job");
            own.see(Observation::Job(Box::new(job)));
            let labels = json!({"job-name": name});
            let pod = json!({
                "metadata": {"namespace": text, "name": format!("{name}-x"), "uid": format!("{name}-x"), "labels": labels},
                "spec": {"containers": [{"name": text, "image": text}], "nodeName": text},
                "status": pod,
            });
            let pod = PodView::from_value(&pod).expect("a Pod of a Job");
            own.see(Observation::Pod(Box::new(pod)));
            let place = Place {
                namespace: text.into(),
                name,
            };
            own.see(Observation::LastLine(place, text.into()));
        }
        let refused = Place {
            namespace: text.into(),
            name: format!("{text}-refused"),
        };
        own.group.expect(refused.clone(), text.into(), 9);
        own.see(Observation::Refused(refused, text.into()));
        own
    }

    fn see(&mut self, seen: Observation) {
        self.changes.extend(self.group.handle(at(60), seen));
    }

    /// Everything that is drawn of it.
    fn lines(&self, text: &str) -> Vec<String> {
        let style = Style {
            colour: false,
            ascii: false,
        };
        let view = |columns, rows| View {
            group: &self.group,
            title: text,
            place: text,
            began: at(0),
            now: at(90),
            size: (columns, rows),
            style,
        };
        let mut lines = vec![progress_line(view(80, 24))];
        for columns in [20, 60, 80, 200] {
            lines.extend(frame(view(columns, 24)));
        }
        let took = at(90).duration_since(at(0));
        lines.extend(summary(&self.group, text, took, style));
        let tally = self.group.tally();
        lines.extend(
            self.changes
                .iter()
                .map(|change| change_line(change, tally, at(90))),
        );
        lines
    }
}

/// Statuses of Jobs and Pods that hold text of others.
fn states(text: &str) -> [(Value, Value); 5] {
    let ended = json!({"reason": text, "message": text, "exitCode": 3, "finishedAt": "1970-01-01T00:00:30Z"});
    let container = |state: Value| json!({"name": text, "restartCount": 1, "state": state});
    let failed = json!({"conditions": [{"type": "Failed", "status": "True", "reason": text, "message": text}], "failed": 7});
    [
        (
            failed.clone(),
            json!({"phase": "Failed", "reason": text, "message": text}),
        ),
        (
            failed,
            json!({"phase": "Failed", "containerStatuses": [container(json!({"terminated": ended}))]}),
        ),
        (
            json!({}),
            json!({"phase": "Running", "containerStatuses": [container(json!({"running": {}}))]}),
        ),
        (
            json!({}),
            json!({"phase": "Pending", "containerStatuses": [container(json!({"waiting": {"reason": text, "message": text}}))]}),
        ),
        (
            json!({}),
            json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": text}]}),
        ),
    ]
}

/// Whether a terminal could obey a character, or a person not see it.
fn is_dangerous(c: char) -> bool {
    let hidden = "\u{ad}\u{61c}\u{180e}\u{200b}\u{200e}\u{200f}\u{2028}\u{2029}\u{3164}\u{feff}";
    c.is_control()
        || hidden.contains(c)
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2060}'..='\u{206f}').contains(&c)
        || ('\u{fff9}'..='\u{fffb}').contains(&c)
        || ('\u{e0000}'..='\u{e0fff}').contains(&c)
}

#[test]
fn nothing_that_is_drawn_of_a_group_can_be_obeyed() {
    for (name, text) in sequences() {
        let hostile = Hostile::new(&text);
        let lines = hostile.lines(&text);
        assert!(lines.len() > 20, "{name}: {lines:#?}");
        for line in lines {
            assert!(!line.chars().any(is_dangerous), "{name}: {line:?}");
        }
    }
}

#[test]
fn nothing_that_is_compared_logged_or_said_can_be_obeyed() {
    for (name, text) in sequences() {
        let object = json!({"metadata": {"namespace": text, "name": text, "uid": "u",
            "annotations": {"kubectl-batch/item": text, "kubectl-batch/digest": text}}});
        let job = JobView::from_value(&object).expect("a Job");
        let wanted = Wanted {
            place: job.place.clone(),
            item: text.clone(),
            index: 0,
            digest: "aa".into(),
        };
        let difference = Difference::new(&[wanted], [job]);
        let mut texts = vec![difference_table(&difference)];
        texts.extend(clashes(&difference));
        // Errors and warnings of a server go this way.
        texts.push(show_lines(&text).into_owned());
        for line in texts.iter().flat_map(|text| text.lines()) {
            assert!(!line.chars().any(is_dangerous), "{name}: {line:?}");
        }
        let hostile = Hostile::new(&text);
        for member in hostile.group.members() {
            let line = joblog::line(member).replace('\t', " ");
            assert!(!line.chars().any(is_dangerous), "{name}: {line:?}");
        }
    }
}

#[test]
fn every_sequence_of_the_list_is_dangerous_as_it_is() {
    let sequences = sequences();
    assert!(sequences.len() > 90, "{}", sequences.len());
    for (name, text) in sequences {
        assert!(text.chars().any(is_dangerous), "{name}");
    }
}
