//! The group's name: as asked for, else the template's own label, else the template's name without its placeholders.

use super::Options;
use super::error::TemplateError;
use super::file::File;
use super::tree::Node;
use crate::items::Item;
use crate::manifest::names;

/// The name of a group whose template gives none.
const FALLBACK: &str = "batch";

/// Chooses the name, and refuses a template without a Job where that can be seen without an item.
pub(super) fn choose(
    files: &[File],
    options: &Options,
    list_inside: bool,
) -> Result<String, TemplateError> {
    let names: Vec<&str> = files.iter().map(|file| file.source.name.as_str()).collect();
    let asked = |group: &str| {
        checked(group).ok_or_else(|| TemplateError::Whole {
            file: names.join(", "),
            problem: format!("\"{group}\" cannot be a group's name"),
            hint: "it is the value of a label: at most 63 letters, digits, `-`, `_` and `.`".into(),
        })
    };
    let (mut label, mut name, mut members) = (None, None, 0);
    let probe = Item::scalar(0, "item");
    for file in files {
        let rendering = match file.render(&probe, options, "") {
            Ok((rendering, _)) => rendering,
            // Only an item of the list itself can say whether this is an error.
            Err(_) if file.jinja.is_some() && !list_inside => {
                members += 1;
                label = label.or_else(|| label_in_text(file, options));
                name = name.or_else(|| name_in_text(file));
                continue;
            }
            Err(error) => return Err(error),
        };
        for document in rendering
            .documents
            .iter()
            .filter(|document| document.is_member)
        {
            members += 1;
            let tree = document.own();
            let own = tree.at(&["metadata", "labels", &options.group_label]);
            let own = own.and_then(Node::text).filter(|own| !own.is_empty());
            label = label.or_else(|| own.map(str::to_owned));
            name = name.or_else(|| tree.at(&["metadata", "name"]).map(bare));
        }
        // An `{% if %}` may leave the Job out for this item.
        members += usize::from(file.jinja.is_some());
    }
    if members == 0 {
        return Err(no_job(&names));
    }
    match options.group.clone().or(label) {
        Some(group) => asked(&group),
        None => Ok(name.unwrap_or_else(|| FALLBACK.into())),
    }
}

/// The error of a template without a Job.
pub(super) fn no_job(files: &[&str]) -> TemplateError {
    TemplateError::Whole {
        file: files.join(", "),
        problem: "there is no Job in this template".into(),
        hint: "a template holds at least one manifest with kind: Job".into(),
    }
}

fn checked(group: &str) -> Option<String> {
    (names::is_label_value(group) && !group.is_empty()).then(|| group.to_owned())
}

/// A name without its placeholders: `process-item-$ITEM` gives `process-item`.
fn bare(node: &Node) -> String {
    match node {
        Node::Slot(slot) => safe(&slot.literals().collect::<Vec<_>>().join("-")),
        other => safe(other.text().unwrap_or(FALLBACK)),
    }
}

fn safe(name: &str) -> String {
    let safe = name.trim_matches(['-', '.']).replace("--", "-");
    checked(&safe).unwrap_or_else(|| FALLBACK.into())
}

/// The value of the first line `key: value` of a text that holds no expression.
fn label_in_text(file: &File, options: &Options) -> Option<String> {
    values(&file.source.text, &options.group_label).find_map(checked)
}

fn name_in_text(file: &File) -> Option<String> {
    let name = values(&file.source.text, "name").next()?;
    let mut bare = String::new();
    for part in name.split("}}") {
        bare.push_str(part.split("{{").next().unwrap_or(""));
    }
    Some(safe(&bare))
}

fn values<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| {
        let value = line.trim().strip_prefix(key)?.strip_prefix(':')?;
        Some(value.trim().trim_matches(['"', '\'']))
    })
}
