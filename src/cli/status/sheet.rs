//! One answer in every format that `-o` knows.

use std::str::FromStr;

use serde_json::Value;

use crate::cli::print::{print, print_json};
use crate::cli::{CliResult, Failure};
use crate::manifest::yaml::to_yaml;
use crate::render;
use crate::render::jsonpath::Template;

/// `-o`.
#[derive(Clone, Debug)]
pub(super) enum Output {
    Table,
    Wide,
    Json,
    Yaml,
    Csv,
    Name,
    Jsonpath(Template),
}

impl Output {
    /// Whether people read it.
    pub(super) fn is_table(&self) -> bool {
        matches!(self, Self::Table | Self::Wide)
    }
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "table" => Self::Table,
            "wide" => Self::Wide,
            "json" => Self::Json,
            "yaml" => Self::Yaml,
            "csv" => Self::Csv,
            "name" => Self::Name,
            _ => match text.strip_prefix("jsonpath=") {
                Some(template) => Self::Jsonpath(Template::parse(template)?),
                None => {
                    return Err(
                        "expected table, wide, json, yaml, csv, name or jsonpath=TEMPLATE".into(),
                    );
                }
            },
        })
    }
}

/// What is to be printed.
pub(super) struct Sheet {
    /// The whole answer.
    pub(super) document: Value,
    /// The list in it that CSV has a row for each of.
    pub(super) rows_at: &'static str,
    /// Names of columns.
    pub(super) headers: &'static [&'static str],
    /// The table's rows.
    pub(super) rows: Vec<Vec<String>>,
    /// What `-o name` prints.
    pub(super) names: Vec<String>,
}

impl Sheet {
    /// Prints it on standard output.
    pub(super) fn print(&self, output: &Output, no_headers: bool) -> CliResult<()> {
        match output {
            Output::Table | Output::Wide => {
                let headers = (!no_headers).then_some(self.headers);
                print(render::grid(headers, self.rows.iter().cloned()).trim_end_matches('\n'))
            }
            Output::Json => print_json(&self.document),
            Output::Yaml => print(to_yaml(&self.document).trim_end_matches('\n')),
            Output::Csv => print(self.csv(no_headers)?.trim_end_matches('\n')),
            Output::Name => self.names.iter().try_for_each(|name| print(name)),
            Output::Jsonpath(template) => print(&template.fill(&self.document)),
        }
    }

    /// The document's list as CSV: single values only, under the names of their fields.
    fn csv(&self, no_headers: bool) -> CliResult<String> {
        let rows = self.document[self.rows_at]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        let single = |(_, value): &(&String, &Value)| !value.is_array() && !value.is_object();
        let mut out = csv::Writer::from_writer(Vec::new());
        for (at, row) in rows.iter().filter_map(Value::as_object).enumerate() {
            if at == 0 && !no_headers {
                let fields = row.iter().filter(single);
                out.write_record(fields.map(|(field, _)| field))
                    .map_err(Failure::tool)?;
            }
            let values = row.iter().filter(single);
            out.write_record(values.map(|(_, value)| render::jsonpath::plain(value)))
                .map_err(Failure::tool)?;
        }
        let bytes = out.into_inner().map_err(Failure::tool)?;
        String::from_utf8(bytes).map_err(Failure::tool)
    }
}
