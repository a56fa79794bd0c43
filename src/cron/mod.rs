//! CronJob schedules and rules.
