//! The CronJob controller's rules: schedules, what is due, history, and which Job to start
//! (`pkg/controller/cronjob` of Kubernetes 1.36, `robfig/cron` v3).
//!
//! One pass reads a little before it decides, so it has steps, all of them pure; the caller acts in between:
//!
//! 1. [`history`] says which old Jobs to delete.
//! 2. [`needs_live_cron_job`] and [`missing_jobs`] say what to read live.
//! 3. [`plan`] takes the answers, and says which Job to start and which to delete for it: a [`CronPlan`].
//! 4. [`CronPlan::finish`] takes what came of that, and says what to write and when to look again: a [`CronEnding`].

pub mod admission;
mod cron_job;
mod due;
mod field;
mod go_duration;
mod history;
mod plan;
mod schedule;
mod start;
pub mod validation;
mod zone;

pub use cron_job::{ActiveJob, Child, Concurrency, CronJob, CronStatus, Ending};
pub use due::{Due, Missed, due, earliest, requeue_after};
pub use history::history;
pub use plan::{CronPlan, Facts, LiveJob, missing_jobs, needs_live_cron_job, plan};
pub use schedule::{Schedule, ScheduleError};
pub use start::{CreateOutcome, CronEnding, Replaced, Start, StartOutcome};
pub use zone::load as load_zone;
