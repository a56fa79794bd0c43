//! `version`: what this program is, what the server is, and which of the features that matter the server has.

use serde_json::{Map, Value, json};

use super::print::{print, print_json};
use super::session::{Session, block_on};
use super::{CliResult, Global};
use crate::cluster::features::{Feature, features, version as server_version};
use crate::manifest::yaml::to_yaml;
use crate::render::{grid, show};

/// Show the versions of this program and of the server, and what the server can do
///
/// Features are found by a dry run of a Job that uses them all; nothing is created.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// json or yaml: one document
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<Output>,
    /// Only this program's version; nothing is asked
    #[arg(long)]
    client: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Json,
    Yaml,
}

/// Shows what is known; a server that cannot be reached is an error after the program's own version.
pub(super) fn version(args: &Args, global: &Global) -> CliResult {
    let mut document = json!({"clientVersion": own()});
    let mut told = Vec::new();
    let asked = if args.client {
        Ok(())
    } else {
        block_on(async {
            let session = Session::connect(global).await?;
            document["serverVersion"] = server_version(&session.client).await?;
            told = features(&session.client, &session.namespace).await;
            Ok(())
        })
    };
    if asked.is_ok() && !args.client {
        let found = told
            .iter()
            .map(|(name, has)| ((*name).to_owned(), json!(has)));
        document["features"] = Value::Object(found.collect::<Map<_, _>>());
    }
    match args.output {
        Some(Output::Json) => print_json(&document)?,
        Some(Output::Yaml) => print(to_yaml(&document).trim_end())?,
        None => print(lines(&document, &told).trim_end())?,
    }
    asked.map(|()| 0)
}

/// This program, in the words of kubectl's own version.
fn own() -> Value {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    json!({"gitVersion": concat!("v", env!("CARGO_PKG_VERSION")), "platform": format!("{system}/{architecture}")})
}

fn lines(document: &Value, features: &[Feature]) -> String {
    let mut lines = String::new();
    for (title, key) in [
        ("Client Version", "clientVersion"),
        ("Server Version", "serverVersion"),
    ] {
        if let Some(version) = document[key]["gitVersion"].as_str() {
            lines.extend([title, ": ", &*show(version), "\n"]);
        }
    }
    if !features.is_empty() {
        let word = |has: &Option<bool>| match has {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        };
        lines += "Features:\n";
        let rows = features
            .iter()
            .map(|(name, has)| [format!("  {name}"), word(has).to_owned()]);
        lines += &grid(None, rows);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_told_in_words() {
        let document = json!({"clientVersion": {"gitVersion": "v1"}, "serverVersion": {"gitVersion": "v2\u{1b}"}});
        let features = [
            ("managedBy", Some(true)),
            ("WatchList", Some(false)),
            ("x", None),
        ];
        let told = lines(&document, &features);
        assert!(
            told.starts_with("Client Version: v1\nServer Version: v2"),
            "{told}"
        );
        assert!(!told.contains('\u{1b}'), "{told:?}");
        let words: Vec<&str> = told
            .lines()
            .skip(2)
            .flat_map(str::split_whitespace)
            .collect();
        assert_eq!(
            words,
            [
                "Features:",
                "managedBy",
                "yes",
                "WatchList",
                "no",
                "x",
                "unknown"
            ]
        );
    }
}
