//! The `kubectl-batch` binary.

fn main() {}
