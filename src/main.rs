//! The `kubectl-batch` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    kubectl_batch::cli::main()
}
