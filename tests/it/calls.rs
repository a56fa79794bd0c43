//! The commands and flags that the documents name are those of the program.

use clap::Command;

use crate::documents::{documents, split};

/// The words of each call of the program in a piece of code, up to the container's command or the next program. A call begins with
/// `kubectl batch`, or the code with the name of a command.
fn calls<'a>(program: &Command, code: &'a str) -> Vec<Vec<&'a str>> {
    let first = code.split(' ').next().unwrap_or_default();
    let is_short = program.find_subcommand(first).is_some();
    let after = code.split("kubectl batch ");
    after
        .skip(usize::from(!is_short))
        .map(|rest| {
            let words = rest.split_whitespace().map(|word| {
                let is_mark = |c: char| "[];,".contains(c);
                if word == ";" {
                    word
                } else {
                    word.trim_matches(is_mark)
                }
            });
            let ends = |word: &&str| !["--", "|", ">", "2>&1", "&", "&&", ";"].contains(word);
            words.take_while(ends).collect()
        })
        .collect()
}

/// Whether a command has a flag of its own, or one that all have.
fn knows(program: &Command, command: &Command, flag: &str) -> bool {
    let globals = program.get_arguments().filter(|own| own.is_global_set());
    let mut all = command.get_arguments().chain(globals);
    let Some(long) = flag.strip_prefix("--") else {
        return all.any(|own| own.get_short() == flag.chars().nth(1));
    };
    let name = long.split('=').next().unwrap_or_default();
    all.any(|own| {
        let mut aliases = own.get_all_aliases().into_iter().flatten();
        own.get_long() == Some(name) || aliases.any(|alias| alias == name)
    })
}

fn any_knows(program: &Command, command: &Command, flag: &str) -> bool {
    knows(program, command, flag)
        || command
            .get_subcommands()
            .any(|own| any_knows(program, own, flag))
}

fn is_flag(word: &str) -> bool {
    let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
    name.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

/// What a call names that the program does not have.
fn unknown(program: &Command, words: &[&str]) -> Vec<String> {
    let mut command = program;
    let mut unknown = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if is_flag(word) {
            if !knows(program, command, word) {
                unknown.push(format!("{word} of {}", command.get_name()));
            }
        } else if let Some(own) = command.find_subcommand(word) {
            command = own;
        } else if at == 0 && word.starts_with(|c: char| c.is_ascii_lowercase()) {
            unknown.push(format!("the command {word}"));
        }
    }
    unknown
}

fn program() -> Command {
    let mut command = kubectl_batch::cli::command();
    command.build();
    command
}

#[test]
fn commands_and_flags_are_those_of_the_program() {
    let program = program();
    let mut wrong = Vec::new();
    let mut count = 0;
    for document in documents() {
        for code in split(&document.text).1 {
            let name = document.path.display();
            for call in calls(&program, &code) {
                count += 1;
                let unknown = unknown(&program, &call);
                wrong.extend(unknown.iter().map(|what| format!("{name}: {what}: {code}")));
            }
            // Pages for those who come from another program name its flags, too.
            let is_own = code.starts_with("--") && !name.to_string().contains("/from-");
            let flag = code.split(' ').next().unwrap_or_default();
            if is_own && is_flag(flag) && !any_knows(&program, &program, flag) {
                wrong.push(format!("{name}: {flag} of no command"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 100, "only {count} calls");
}

#[test]
fn a_call_ends_before_the_containers_command_and_the_next_program() {
    let code = "kubectl batch run --items a -- sh -c x; kubectl batch status | kubectl get x";
    let words = calls(&program(), code);
    assert_eq!(words, [&["run", "--items", "a"][..], &["status"]]);
}

#[test]
fn what_the_program_does_not_have_is_seen() {
    let program = program();
    for (call, expected) in [
        ("run --items a -nx --flag=no", &["--flag=no of run"][..]),
        ("expnd -f x", &["the command expnd", "-f of kubectl-batch"]),
        ("template show -q", &["-q of show"]),
        ("-n ci status -A", &[]),
        ("set GROUP --max-active M", &[]),
    ] {
        let words: Vec<&str> = call.split(' ').collect();
        assert_eq!(unknown(&program, &words), expected, "{call}");
    }
}
