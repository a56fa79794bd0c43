//! Completion: what may stand where the cursor is, told to kubectl in its own protocol and to shells by `clap_complete`.

mod candidates;

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use clap::{Arg, Command, CommandFactory};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate, complete};

use super::{Cli, pflag};
use candidates::{Source, Wanted};

/// The first argument with which kubectl asks for completions, by way of `kubectl_complete-batch`.
const ASKED: &str = "__complete";
/// How the program is called for the same: a link of this name will do.
const ASKED_AS: &str = "kubectl_complete-";
/// The variable with which the scripts for shells ask.
pub(super) const VARIABLE: &str = "KUBECTL_BATCH_COMPLETE";
/// Stands for "names of files", which the shell knows better.
const FILES: &str = "\u{1}files";
/// The same for folders.
const FOLDERS: &str = "\u{1}folders";

/// What a shell does besides with the candidates; the numbers are cobra's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Directive {
    Files = 0,
    NoFiles = 4,
    Folders = 16,
}

/// The words to complete, if the command line asks for completions in kubectl's way.
pub(super) fn asked(arguments: &[OsString]) -> Option<&[OsString]> {
    let (own, rest) = arguments.split_first()?;
    let stem = Path::new(own).file_stem()?.to_string_lossy();
    if stem.starts_with(ASKED_AS) {
        return Some(rest);
    }
    let (first, words) = rest.split_first()?;
    (first == ASKED).then_some(words)
}

/// Answers kubectl: a candidate a line, its description after a tab, and a directive at the end.
pub(super) fn answer(words: &[OsString]) -> std::io::Result<()> {
    let (candidates, directive) = candidates_for(words);
    let mut lines = String::new();
    for candidate in candidates {
        let value = candidate.get_value().to_string_lossy().into_owned();
        if value.contains(['\n', '\t']) {
            continue;
        }
        lines += &value;
        if let Some(help) = candidate.get_help() {
            let help = help.to_string();
            lines += "\t";
            lines += help.lines().next().unwrap_or_default();
        }
        lines.push('\n');
    }
    lines += ":";
    lines += &(directive as u8).to_string();
    lines.push('\n');
    std::io::stdout().write_all(lines.as_bytes())
}

/// Answers a shell that has one of `clap_complete`'s scripts; `false` if none has asked.
pub(super) fn answer_shell(arguments: &[OsString]) -> bool {
    let words = arguments.iter().skip_while(|word| *word != "--").skip(2);
    let words: Vec<OsString> = words.cloned().collect();
    let factory = move || command(&words, false);
    let asked = clap_complete::CompleteEnv::with_factory(factory)
        .var(VARIABLE)
        .bin("kubectl-batch");
    // Whatever goes wrong, a prompt is no place for a message.
    asked.try_complete(arguments, None).unwrap_or(true)
}

fn candidates_for(words: &[OsString]) -> (Vec<CompletionCandidate>, Directive) {
    let (current, before) = match words.split_last() {
        Some((current, before)) => (current.clone(), before),
        None => (OsString::new(), words),
    };
    // After `--` stands a program and what it takes.
    if before.iter().any(|word| word == "--") {
        return (Vec::new(), Directive::Files);
    }
    let line = [OsString::from("kubectl-batch")];
    let line: Vec<_> = line
        .iter()
        .chain(before)
        .chain([&current])
        .cloned()
        .collect();
    let at = line.len() - 1;
    let found = complete(&mut command(before, true), line, at, None).unwrap_or_default();
    let names_of = |marker: &str| {
        let is = |candidate: &CompletionCandidate| {
            candidate.get_value().to_string_lossy().ends_with(marker)
        };
        found.iter().any(is)
    };
    if names_of(FILES) {
        return (Vec::new(), Directive::Files);
    }
    if names_of(FOLDERS) {
        return (Vec::new(), Directive::Folders);
    }
    let wants_flags = current.to_string_lossy().starts_with('-');
    let fits = |candidate: &CompletionCandidate| {
        !candidate.is_hide_set()
            && (wants_flags || !candidate.get_value().to_string_lossy().starts_with('-'))
    };
    (found.into_iter().filter(fits).collect(), Directive::NoFiles)
}

/// The command line with candidates for values, found with the connection that the words say.
fn command(words: &[OsString], marks_files: bool) -> Command {
    let own = [OsString::from("kubectl-batch")];
    let lenient = pflag::spelled(Cli::command()).ignore_errors(true);
    let matches = lenient.try_get_matches_from(own.iter().chain(words));
    let source = Arc::new(
        matches
            .map(|matches| Source::new(&matches))
            .unwrap_or_default(),
    );
    with_candidates(Cli::command(), &source, marks_files)
}

fn with_candidates(command: Command, source: &Arc<Source>, marks_files: bool) -> Command {
    let name = command.get_name().to_owned();
    let argument = |argument: Arg| with_values(argument, &name, source, marks_files);
    command
        .mut_args(argument)
        .mut_subcommands(|command| with_candidates(command, source, marks_files))
}

fn with_values(argument: Arg, command: &str, source: &Arc<Source>, marks_files: bool) -> Arg {
    if let Some(wanted) = Wanted::of(&argument, command) {
        let source = source.clone();
        return argument.add(ArgValueCandidates::new(move || source.candidates(wanted)));
    }
    let value = argument.get_value_names().and_then(<[_]>::first);
    let marker = match value.map(clap::builder::Str::as_str) {
        Some("FILE" | "PATTERN") if marks_files => FILES,
        Some("DIR") if marks_files => FOLDERS,
        _ => return argument,
    };
    let mark = move |_: &OsStr| vec![CompletionCandidate::new(marker)];
    argument.add(ArgValueCompleter::new(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(words: &[&str]) -> (Vec<String>, Directive) {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let (candidates, directive) = candidates_for(&words);
        let values = candidates
            .iter()
            .map(|candidate| candidate.get_value().to_string_lossy().into_owned());
        (values.collect(), directive)
    }

    #[test]
    fn commands_flags_and_fixed_values_are_offered() {
        for (words, offered, not) in [
            (
                &[""][..],
                &["run", "expand", "completion"][..],
                &["--help", "__complete"][..],
            ),
            (
                &["r"],
                &["run", "retry", "resume", "reconcile"],
                &["expand"],
            ),
            (&["run", "--can"], &["--canary"], &["--halt"]),
            (&["-n", "x", "run", "--con"], &["--context"], &[]),
            (&["template", ""], &["list", "show", "new"], &["run"]),
            (&["template", "show", "process"], &["process-item"], &["pi"]),
            (&["run", "-t", ""], &["process-item", "pi"], &["run"]),
            (
                &["run", "--template=pro"],
                &["--template=process-item"],
                &["--template=pi"],
            ),
            (&["run", "--progress", ""], &["live", "plain"], &["run"]),
            (&["completion", ""], &["bash", "kubectl"], &["run"]),
        ] {
            let (values, directive) = told(words);
            assert_eq!(directive, Directive::NoFiles, "{words:?}");
            let has = |value: &&&str| values.iter().any(|own| own == **value);
            assert!(
                offered.iter().all(|value| has(&value)),
                "{words:?}: {values:?}"
            );
            assert!(
                !not.iter().any(|value| has(&value)),
                "{words:?}: {values:?}"
            );
        }
    }

    #[test]
    fn files_are_left_to_the_shell() {
        for (words, directive) in [
            (&["expand", "-f", ""][..], Directive::Files),
            (&["expand", "--filename=a"], Directive::Files),
            (&["expand", "--output-dir", ""], Directive::Folders),
            (&["run", "--", "c"], Directive::Files),
            (&["run", "--limit", ""], Directive::NoFiles),
        ] {
            assert_eq!(told(words), (Vec::new(), directive), "{words:?}");
        }
    }

    #[test]
    fn kubectl_asks_by_a_word_or_by_a_name() {
        let asked_by = |line: &[&str]| {
            let line: Vec<OsString> = line.iter().map(OsString::from).collect();
            asked(&line).map(<[_]>::len)
        };
        assert_eq!(
            asked_by(&["kubectl-batch", "__complete", "run", ""]),
            Some(2)
        );
        assert_eq!(asked_by(&["/bin/kubectl_complete-batch", "run"]), Some(1));
        assert_eq!(asked_by(&["kubectl-batch", "run"]), None);
    }
}
