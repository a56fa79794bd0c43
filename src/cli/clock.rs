//! The time at which a command looks at a group.

use jiff::Timestamp;

/// The time now.
#[expect(clippy::disallowed_methods, reason = "a command begins now")]
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}
