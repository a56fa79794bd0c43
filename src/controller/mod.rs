//! The reconcile loop: watch Jobs and Pods, decide in [`crate::job`], perform the actions.
//!
//! One task owns what was observed (`world`) and the [`queue`]; each pass over a Job runs as a task of its own, at most one
//! per Job at a time. Every write is guarded by a uid or a resourceVersion, so a stale view costs time, never correctness.

mod announce;
mod claim;
mod driver;
mod expectations;
mod pass;
pub mod queue;
mod scale;
mod world;

pub use driver::{Options, Owner, run};
