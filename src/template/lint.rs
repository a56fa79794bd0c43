//! What is wrong with a template before any item is looked at.

use serde_json::Value;

use super::error::{TemplateError, place};
use super::notice::{Finding, Notice, Severity};
use super::token;
use super::tree::{Key, Node};
use super::{Options, Source, rules, schema};

/// Checks one document; `from` is the byte offset of the document in its source.
pub(super) fn document(
    document: &Node,
    source: &Source,
    offset: usize,
    options: &Options,
) -> Result<(), TemplateError> {
    let rule = Rule { source, offset };
    if !matches!(document, Node::Map(_)) {
        return Err(rule.at_line(
            offset + 1,
            "this document is not an object",
            "a manifest begins with apiVersion and kind",
        ));
    }
    for key in ["apiVersion", "kind"] {
        if document.get(key).and_then(Node::text).is_none() {
            return Err(rule.at_line(
                offset + 1,
                &format!("this document has no {key}"),
                "a manifest begins with apiVersion and kind",
            ));
        }
    }
    if document.at(&["metadata", "name"]).is_none() {
        let hint = "the name must be the same each time, so that a repeated submit finds its Jobs: metadata.name: process-$ITEM";
        return Err(rule.at_line(offset + 1, "this document has no metadata.name", hint));
    }
    restart_policy(document, &rule)?;
    unprovided(&rule, document, options)
}

/// A Job's Pods end: `Always` is for those that do not (`ValidateJobTemplate`).
fn restart_policy(document: &Node, rule: &Rule<'_>) -> Result<(), TemplateError> {
    let spec: &[&str] = match document.get("kind").and_then(Node::text) {
        Some("Job") => &["spec", "template", "spec"],
        Some("CronJob") => &["spec", "jobTemplate", "spec", "template", "spec"],
        _ => return Ok(()),
    };
    let hint =
        "write restartPolicy: Never (a new Pod for each try) or OnFailure (restarts in place)";
    let Some(spec) = document.at(spec) else {
        return Err(rule.at_line(
            rule.offset + 1,
            "this Job has no Pod template",
            "spec.template.spec holds the containers",
        ));
    };
    match spec.get("restartPolicy") {
        Some(Node::Fixed(Value::String(policy))) if policy == "Never" || policy == "OnFailure" => {
            Ok(())
        }
        Some(Node::Slot(_)) => Ok(()),
        None => Err(rule.at_text(
            "containers:",
            "this Pod template has no restartPolicy, and the default, Always, is not for Jobs",
            hint,
        )),
        Some(_) => Err(rule.at_text("restartPolicy:", "this restartPolicy is not for Jobs", hint)),
    }
}

/// A dollar that is left in a name or a label is a placeholder that nobody provides.
fn unprovided(rule: &Rule<'_>, document: &Node, options: &Options) -> Result<(), TemplateError> {
    let mut texts: Vec<&Node> = document.at(&["metadata", "name"]).into_iter().collect();
    if let Some(Node::Map(labels)) = document.at(&["metadata", "labels"]) {
        texts.extend(labels.iter().map(|(_, node)| node));
    }
    for node in texts {
        let literals: Vec<&str> = match node {
            Node::Fixed(Value::String(text)) => vec![text],
            Node::Slot(slot) => slot.literals().collect(),
            _ => Vec::new(),
        };
        for literal in literals {
            let Some((at, name)) = literal
                .match_indices('$')
                .find_map(|(at, _)| Some((at, token::placeholder(&literal[at + 1..])?.0)))
            else {
                continue;
            };
            let written = &literal[at..(at + 1 + name.len()).min(literal.len())];
            let hint = format!("provided are {}", options.provided());
            return Err(rule.at_text(written, &format!("no item provides ${name}"), &hint));
        }
    }
    Ok(())
}

/// Knows where in the source a message belongs.
pub(super) struct Rule<'a> {
    pub(super) source: &'a Source,
    pub(super) offset: usize,
}

impl Rule<'_> {
    fn at_line(&self, line: usize, problem: &str, hint: &str) -> TemplateError {
        TemplateError::Rule {
            file: self.source.name.clone(),
            line,
            column: 1,
            problem: problem.into(),
            hint: hint.into(),
        }
    }

    /// A finding with its place.
    fn notice(&self, finding: Finding) -> Notice {
        let (line, column) = self.find(&format!("{}:", finding.field()));
        Notice {
            severity: finding.severity,
            file: self.source.name.clone(),
            line,
            column,
            path: finding.path,
            problem: finding.problem,
        }
    }

    /// At the first place of a text after the document begins; at the document, if the text was made by a loop.
    fn at_text(&self, text: &str, problem: &str, hint: &str) -> TemplateError {
        let (line, column) = self.find(text);
        TemplateError::Rule {
            file: self.source.name.clone(),
            line,
            column,
            problem: problem.into(),
            hint: hint.into(),
        }
    }

    fn find(&self, text: &str) -> (usize, usize) {
        let lines: usize = self
            .source
            .text
            .split_inclusive('\n')
            .take(self.offset)
            .map(str::len)
            .sum();
        let tail = self.source.text.get(lines..).unwrap_or("");
        match tail.find(text) {
            Some(at) => place(&self.source.text, lines + at),
            None => (self.offset + 1, 1),
        }
    }
}

/// What the check of a document finds; `value` is the document for one item.
pub(super) fn notices(
    plain: &Node,
    value: &Value,
    source: &Source,
    offset: usize,
    options: &Options,
) -> Vec<Notice> {
    let rule = Rule { source, offset };
    let mut found = rules::check(value);
    leftover(plain, &mut Vec::new(), options, &mut found);
    let text = |key: &str| plain.get(key).and_then(Node::text).unwrap_or_default();
    if text("kind") == "CronJob" && text("apiVersion") == "batch/v1beta1" {
        let problem = "batch/v1beta1 is gone since Kubernetes 1.25: written as batch/v1";
        found.push(Finding::new(
            Severity::Warning,
            "apiVersion".into(),
            problem,
        ));
    }
    found.extend(schema::check(value));
    found
        .into_iter()
        .map(|finding| rule.notice(finding))
        .collect()
}

/// A dollar with a name that is left where neither a shell nor Kubernetes would look at it.
fn leftover(node: &Node, path: &mut Vec<String>, options: &Options, found: &mut Vec<Finding>) {
    /// Fields whose text is a program's own affair.
    const FREE: &[&str] = &[
        "command",
        "args",
        "env",
        "annotations",
        "data",
        "stringData",
        "exec",
    ];
    match node {
        Node::Fixed(Value::String(text)) => found.extend(dollar(text, path, options)),
        Node::Slot(slot) => {
            found.extend(slot.literals().find_map(|text| dollar(text, path, options)));
        }
        Node::Fixed(_) => {}
        Node::List(nodes) => {
            for (at, node) in nodes.iter().enumerate() {
                path.push(format!("[{at}]"));
                leftover(node, path, options, found);
                path.pop();
            }
        }
        Node::Map(entries) => {
            for (key, node) in entries {
                let Key::Fixed(key) = key else { continue };
                if FREE.contains(&key.as_str()) {
                    continue;
                }
                let dot = if path.is_empty() { "" } else { "." };
                path.push(format!("{dot}{key}"));
                leftover(node, path, options, found);
                path.pop();
            }
        }
    }
}

fn dollar(text: &str, path: &[String], options: &Options) -> Option<Finding> {
    let (name, _) = text
        .match_indices('$')
        .find_map(|(at, _)| token::placeholder(&text[at + 1..]))?;
    let problem = format!(
        "no item provides ${name}, so it stands as it is: provided are {}",
        options.provided()
    );
    Some(Finding::new(Severity::Warning, path.concat(), problem))
}
