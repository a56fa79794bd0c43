//! Runs scenario files against the pure rules: `cargo test --test scenarios`.
//!
//! `KUBECTL_BATCH_SCENARIOS=DIR` names another folder of the same format. What is not understood fails.

mod compare;
mod contracts;
mod created_pod;
mod cron;
mod cronjob_sync;
mod engine;
mod job_sync;
mod job_trace;
mod mutants;
mod objects;
mod registry;
mod shape;
mod simulation;
mod status;
mod validation;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::Value;

#[expect(clippy::disallowed_methods, reason = "the harness reads its cases")]
fn main() -> ExitCode {
    let named = std::env::var_os("KUBECTL_BATCH_SCENARIOS").map(PathBuf::from);
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let check_harness = named.is_none();
    let folder = named.unwrap_or(own);
    let mut files: Vec<PathBuf> = match std::fs::read_dir(&folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(error) => return refuse(&format!("{}: {error}", folder.display())),
    };
    files.retain(|path| {
        path.extension()
            .is_some_and(|ext| ext == "yaml" || ext == "yml")
    });
    files.sort();
    let mut topics: BTreeMap<String, Vec<Result<(), String>>> = BTreeMap::new();
    let mut mutants = mutants::Mutants::default();
    for file in files {
        let cases = std::fs::read_to_string(&file)
            .map_err(|error| error.to_string())
            .and_then(|text| read(&text));
        let (controller, cases) = match cases {
            Ok(read) => read,
            Err(error) => return refuse(&format!("{}: {error}", file.display())),
        };
        for case in cases {
            let topic = case["topic"].as_str().unwrap_or("no topic").to_owned();
            let id = case["id"].as_str().unwrap_or("no id").to_owned();
            let result = registry::run(&case, &controller).map_err(|why| format!("{id}: {why}"));
            if check_harness && result.is_ok() {
                let harness = topics.entry("harness".to_owned()).or_default();
                harness.extend(mutants.try_all(&case, &controller));
            }
            topics.entry(topic).or_default().push(result);
        }
    }
    report(&topics)
}

/// The name of the controller that a file is about, and its cases.
fn read(text: &str) -> Result<(String, Vec<Value>), String> {
    let file: Value = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    if file["schema_version"] != 1 {
        return Err("schema_version is not 1".into());
    }
    let cases = file["scenarios"].as_array().ok_or("no list `scenarios`")?;
    let controller = file["default_controller_name"]
        .as_str()
        .ok_or("no text `default_controller_name`")?;
    Ok((controller.to_owned(), cases.clone()))
}

#[expect(clippy::print_stdout, reason = "the report of a test program")]
fn report(topics: &BTreeMap<String, Vec<Result<(), String>>>) -> ExitCode {
    let mut good = !topics.is_empty();
    for (topic, results) in topics {
        let failures: Vec<&String> = results.iter().filter_map(|r| r.as_ref().err()).collect();
        let passed = results.len() - failures.len();
        println!("{topic}: {passed} passed, {} failed", failures.len());
        for why in &failures {
            println!("    {why}");
        }
        good &= failures.is_empty();
    }
    if good {
        ExitCode::SUCCESS
    } else {
        refuse("scenarios: cases failed, or no case was found")
    }
}

#[expect(clippy::print_stderr, reason = "the report of a test program")]
fn refuse(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::FAILURE
}
