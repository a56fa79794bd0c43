//! A group of Jobs as one thing: what is observed of its members is folded into a model, changes and a verdict.
//!
//! [`Group::handle`] takes one [`Observation`] and gives the [`Change`]s that follow from it. The table shows the model, the
//! plain lines and the JSON events show the changes, and the exit code comes from the [`Verdict`]: all of one source.
//! Pods are ahead of a Job's status, so a member's phase follows its Pods and settles on the Job's conditions.

mod cause;
mod change;
mod difference;
mod due;
mod estimate;
mod event;
mod explained;
mod halt;
mod job_view;
mod member;
mod model;
mod phase;
mod place;
mod pod_view;
pub mod record;
mod tally;
mod verdict;
mod wait;
mod window;

pub use cause::is_quota;
pub use change::{Change, Observation, Recorded, What};
pub use difference::{Compared, Difference, Present, Standing, Wanted};
pub use estimate::{HeldBack, Limit};
pub use event::explanation;
pub use explained::Explained;
pub use halt::{Halt, HaltWhen, NoHalt};
pub use job_view::{JobEnd, JobView};
pub use member::Member;
pub use model::{Cause, Causes, Group};
pub use phase::{Assessment, Failures, Phase, assess};
pub use place::Place;
pub use pod_view::{PodState, PodView};
pub use tally::Tally;
pub use verdict::Verdict;
pub use wait::{Obstacle, Wait};
pub use window::{Policy, Room, Stopped};
