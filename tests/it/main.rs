//! Command tests, contract tests and the tests that keep the house in order: one binary, because linking is the slow part.

mod layering;
