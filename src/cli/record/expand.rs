//! Members of a record expanded again, from the templates that it keeps.

use crate::cli::Failure;
use crate::cli::members::by_member;
use crate::cluster::submit::Prepared;
use crate::group::record::{Record, Row};
use crate::template::Template;

/// The templates of a record, compiled.
pub(in crate::cli) struct Expanded<'a> {
    /// Those that a row needs.
    templates: Vec<Option<Template>>,
    rows: Vec<&'a Row>,
}

/// Compiles the templates and expands each row once, so that nothing is created if one cannot be.
pub(in crate::cli) fn expand<'a>(
    record: &Record,
    rows: Vec<&'a Row>,
) -> Result<Expanded<'a>, Failure> {
    let lost = |why: &str| {
        Failure::usage(format!(
            "the members cannot be created from the group's record: {why}\nhint: run the same command as before, with its template and list"
        ))
    };
    let mut templates = Vec::new();
    for (number, saved) in record.templates.iter().enumerate() {
        let is_needed = rows.iter().any(|row| row.template == number);
        if is_needed && saved.is_null() {
            return Err(lost("its template makes Secrets, and so was not kept"));
        }
        let template = is_needed.then(|| Template::from_saved(saved));
        templates.push(template.transpose().map_err(|why| lost(&why))?);
    }
    let expanded = Expanded { templates, rows };
    for row in &expanded.rows {
        let name = &row.place.name;
        match expanded.row(row) {
            Ok(Some(_)) => {}
            Ok(None) => return Err(lost(&format!("the template gives no Job {name}"))),
            Err(why) => return Err(lost(&why)),
        }
    }
    Ok(expanded)
}

impl Expanded<'_> {
    /// The objects of the members, expanded as they are taken.
    pub(in crate::cli) fn prepared(&self) -> impl Iterator<Item = Prepared> + '_ {
        let row = |row: &&Row| {
            let found = self.row(row).ok().flatten();
            found.expect("it was expanded before")
        };
        self.rows.iter().map(row)
    }

    fn row(&self, row: &Row) -> Result<Option<Prepared>, String> {
        let template = self.templates[row.template].as_ref();
        let template = template.expect("the templates of all rows were compiled");
        let expansion = template.expand(&row.item);
        let objects = expansion.map_err(|error| error.to_string())?.objects;
        let mut members = by_member(objects, &row.place.namespace).into_iter();
        Ok(members.find(|member| member.place == row.place))
    }
}
