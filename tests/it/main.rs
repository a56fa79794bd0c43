//! Command tests.

fn main() {}
