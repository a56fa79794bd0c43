//! The reconcile loop: watch Jobs and Pods, decide in [`crate::job`], perform the actions.
//!
//! One task owns what was observed (`world`) and the [`queue`]; each pass over a Job runs as a task of its own, at most one
//! per Job at a time. Every write is guarded by a uid or a resourceVersion, and every new Pod by its name, so a stale view
//! costs time, never correctness; a Lease keeps a second process away ([`lead()`]).

mod announce;
mod claim;
mod driver;
mod engine;
mod expectations;
mod expiry;
mod freeing;
mod gone;
mod governor;
mod lead;
mod look;
mod naming;
mod options;
mod pace;
mod pass;
pub mod queue;
mod scale;
mod untrack;
mod world;

pub use driver::run;
pub use lead::lead;
pub use options::{Options, Owner, Ran};
