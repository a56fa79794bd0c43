//! `completion`: the script that makes a shell, or kubectl, complete this program's words.

use std::io::Write;

use clap_complete::env::{Bash, EnvCompleter, Fish, Powershell, Zsh};

use super::complete::VARIABLE;
use super::{CliResult, Failure};

/// Print a completion script, for a shell or for kubectl
///
/// kubectl completes `kubectl batch` by itself once it finds kubectl_complete-batch on the PATH:
///
///   kubectl batch completion kubectl > ~/bin/kubectl_complete-batch && chmod +x ~/bin/kubectl_complete-batch
///
/// The other scripts complete `kubectl-batch`, for those who call it by that name: source <(kubectl-batch completion bash)
#[derive(Clone, Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Args {
    /// For whom
    shell: Shell,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
    /// The program kubectl_complete-batch, for kubectl's own completion
    Kubectl,
}

/// Prints the script.
pub(super) fn completion(args: &Args, name: &str) -> CliResult {
    let script = match args.shell {
        Shell::Bash => registration(&Bash)?,
        Shell::Zsh => registration(&Zsh)?,
        Shell::Fish => registration(&Fish)?,
        Shell::Powershell => registration(&Powershell)?,
        Shell::Kubectl => shim(name),
    };
    std::io::stdout().write_all(script.as_bytes())?;
    Ok(0)
}

fn registration(shell: &dyn EnvCompleter) -> CliResult<String> {
    let mut script = Vec::new();
    shell
        .write_registration(
            VARIABLE,
            "kubectl_batch",
            "kubectl-batch",
            "kubectl-batch",
            &mut script,
        )
        .map_err(Failure::tool)?;
    String::from_utf8(script).map_err(Failure::tool)
}

/// The program that kubectl runs when it is asked to complete a plugin's words.
fn shim(name: &str) -> String {
    let plugin = name.strip_prefix("kubectl ").unwrap_or("batch");
    let file = plugin.replace('-', "_");
    format!(
        "#!/bin/sh\n# Save as kubectl_complete-{file} on the PATH, executable: kubectl then completes `kubectl {plugin}`.\n\
         exec kubectl {plugin} __complete \"$@\"\n"
    )
}
