//! Gives the API the logs that it answers `GET pods/NAME/log` from.

#![expect(clippy::disallowed_methods, reason = "`sinceSeconds` counts from now")]

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{LogOptions, LogRegistry};
use crate::local::api::{LogRequest, Logs};

impl LogRegistry {
    /// A reader of these logs for [`crate::local::api::Api::new`].
    pub fn serve(&self) -> Logs {
        let registry = self.clone();
        Arc::new(move |request| {
            let uid = request.pod["metadata"]["uid"].as_str().unwrap_or_default();
            let options = options(&request, Timestamp::now());
            registry.stream(uid, &request.container, options)
        })
    }
}

fn options(request: &LogRequest, now: Timestamp) -> LogOptions {
    let ago = |seconds: i64| {
        let earlier = now.checked_sub(SignedDuration::from_secs(seconds));
        earlier.unwrap_or(Timestamp::MIN)
    };
    LogOptions {
        follow: request.follow,
        previous: request.previous,
        tail_lines: request.tail_lines.map(|lines| lines as u64),
        since: request.since_time.or(request.since_seconds.map(ago)),
        timestamps: request.timestamps,
        limit_bytes: request.limit_bytes.map(|bytes| bytes as u64),
    }
}
