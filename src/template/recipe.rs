//! A template made to order: one that comes with the tool, with another image, command, counts.
//!
//! The files in `templates/` are written so that each of these fields has a line of its own, which a test checks.

use std::fmt::Write;

use serde_json::Value;

use super::Builtin;
use crate::manifest::yaml;

/// What is asked for; what is not given stays as the template has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipe {
    /// `metadata.name`; `$ITEM` may stand in it.
    pub name: Option<String>,
    /// The container's image.
    pub image: Option<String>,
    /// The container's command.
    pub command: Vec<String>,
    /// Pods that must succeed.
    pub completions: Option<u32>,
    /// Pods at once.
    pub parallelism: Option<u32>,
    /// Pods that may fail.
    pub backoff_limit: Option<u32>,
    /// Seconds that the Job may take.
    pub deadline: Option<u64>,
    /// Seconds after its end until the Job is deleted.
    pub ttl: Option<u64>,
    /// The name of the work queue, for the patterns that have one.
    pub queue: Option<String>,
    /// When a `CronJob` runs.
    pub schedule: Option<String>,
}

/// What a pattern does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the template {template} has no {field}: choose another one from `template list`")]
pub struct NoSuchField {
    template: &'static str,
    field: &'static str,
}

impl Recipe {
    /// The text of a template with what is asked for in it.
    pub fn text(&self, template: &Builtin) -> Result<String, NoSuchField> {
        let mut lines: Vec<String> = template.text.lines().map(str::to_owned).collect();
        let missing = |field| NoSuchField {
            template: template.name,
            field,
        };
        if let Some(name) = &self.name {
            replace(&mut lines, "name", &quoted(name)).ok_or_else(|| missing("name"))?;
        }
        if let Some(image) = &self.image {
            replace(&mut lines, "image", &quoted(image)).ok_or_else(|| missing("image"))?;
        }
        if !self.command.is_empty() {
            let list = Value::from(self.command.clone())
                .to_string()
                .replace("\",\"", "\", \"");
            if replace(&mut lines, "command", &list).is_none() {
                insert_after(&mut lines, "image:", &format!("command: {list}"))
                    .ok_or_else(|| missing("command"))?;
            }
        }
        for (field, value) in self.numbers() {
            if replace(&mut lines, field, &value.to_string()).is_none() {
                insert_before(&mut lines, "template:", &format!("{field}: {value}"))
                    .ok_or_else(|| missing(field))?;
            }
        }
        if let Some(queue) = &self.queue {
            let at = lines.iter().position(|line| line.trim() == "- name: QUEUE");
            let value = at.and_then(|at| lines.get_mut(at + 1));
            set_value(value.ok_or_else(|| missing("queue"))?, &quoted(queue));
        }
        if let Some(schedule) = &self.schedule {
            replace(&mut lines, "schedule", &quoted(schedule))
                .ok_or_else(|| missing("schedule"))?;
        }
        let mut text = lines.join("\n");
        text.push('\n');
        Ok(text)
    }

    fn numbers(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("completions", self.completions.map(u64::from)),
            ("parallelism", self.parallelism.map(u64::from)),
            ("backoffLimit", self.backoff_limit.map(u64::from)),
            ("activeDeadlineSeconds", self.deadline),
            ("ttlSecondsAfterFinished", self.ttl),
        ]
        .into_iter()
        .filter_map(|(field, value)| Some((field, value?)))
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    yaml::emit_scalar(text, usize::MAX, &mut out);
    out
}

/// Sets the value of the first line with a key.
fn replace(lines: &mut [String], key: &str, value: &str) -> Option<()> {
    let is_line = |line: &&mut String| {
        let rest = line.trim_start().strip_prefix(key);
        rest.is_some_and(|rest| rest.starts_with(':'))
    };
    set_value(lines.iter_mut().find(is_line)?, value);
    Some(())
}

fn set_value(line: &mut String, value: &str) {
    if let Some(colon) = line.find(':') {
        line.truncate(colon + 1);
        // Writing into a string does not fail.
        let _ = write!(line, " {value}");
    }
}

/// Adds a line with the same indent before the last line that is `mark`.
fn insert_before(lines: &mut Vec<String>, mark: &str, text: &str) -> Option<()> {
    let at = lines.iter().rposition(|line| line.trim() == mark)?;
    let indent = lines[at].len() - lines[at].trim_start().len();
    lines.insert(at, format!("{}{text}", " ".repeat(indent)));
    Some(())
}

/// Adds a line with the same indent after the first line that begins with `mark`.
fn insert_after(lines: &mut Vec<String>, mark: &str, text: &str) -> Option<()> {
    let at = lines
        .iter()
        .position(|line| line.trim_start().starts_with(mark))?;
    let indent = lines[at].len() - lines[at].trim_start().len();
    lines.insert(at + 1, format!("{}{text}", " ".repeat(indent)));
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::builtins;
    use super::*;

    fn made(recipe: &Recipe, name: &str) -> Value {
        let template = super::super::builtin(name).expect(name);
        let text = recipe.text(template).expect(name);
        let mut read = yaml::documents(&text).expect(&text);
        assert_eq!(read.len(), 1, "{text}");
        read.remove(0).value
    }

    #[test]
    fn every_pattern_takes_every_field_of_a_job() {
        let recipe = Recipe {
            name: Some("mine-$ITEM".into()),
            image: Some("my/image:1".into()),
            command: vec!["sh".into(), "-c".into(), "echo \"$ITEM\": # x".into()],
            completions: Some(7),
            parallelism: Some(3),
            backoff_limit: Some(0),
            deadline: Some(60),
            ttl: Some(10),
            ..Recipe::default()
        };
        for template in builtins() {
            let object = made(&recipe, template.name);
            let job = match object["kind"].as_str() {
                Some("CronJob") => &object["spec"]["jobTemplate"],
                _ => &object,
            };
            let spec = &job["spec"];
            let counts = [
                "completions",
                "parallelism",
                "backoffLimit",
                "activeDeadlineSeconds",
                "ttlSecondsAfterFinished",
            ];
            assert_eq!(
                counts.map(|key| &spec[key]),
                [7, 3, 0, 60, 10],
                "{}",
                template.name
            );
            let container = &spec["template"]["spec"]["containers"][0];
            assert_eq!(container["image"], "my/image:1");
            assert_eq!(
                container["command"],
                json!(recipe.command),
                "{}",
                template.name
            );
            assert_eq!(
                object["metadata"]["name"], "mine-$ITEM",
                "{}",
                template.name
            );
        }
    }

    #[test]
    fn a_queue_and_a_schedule_belong_to_their_patterns() {
        let recipe = Recipe {
            queue: Some("tasks".into()),
            ..Recipe::default()
        };
        let job = made(&recipe, "job-wq-2");
        let environment = &job["spec"]["template"]["spec"]["containers"][0]["env"];
        assert_eq!(environment[1], json!({"name": "QUEUE", "value": "tasks"}));
        let pi = super::super::builtin("pi").expect("it is there");
        let error = recipe.text(pi).expect_err("pi has no queue");
        assert_eq!(
            error.to_string(),
            "the template pi has no queue: choose another one from `template list`"
        );
        let recipe = Recipe {
            schedule: Some("@daily".into()),
            ..Recipe::default()
        };
        assert_eq!(made(&recipe, "hello")["spec"]["schedule"], "@daily");
    }

    #[test]
    fn nothing_asked_for_changes_nothing() {
        for template in builtins() {
            assert_eq!(
                Recipe::default().text(template).as_deref(),
                Ok(template.text)
            );
        }
    }
}
