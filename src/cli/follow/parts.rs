//! What is followed, what is created meanwhile, and how following ended.

use std::time::Duration;

use futures::stream::{BoxStream, LocalBoxStream};
use jiff::SignedDuration;
use kube::Client;

use super::{LogMode, Reading};
use crate::cli::record::Ledger;
use crate::cli::ttl::TtlArgs;
use crate::cluster::gate::Gate;
use crate::cluster::observe::Observed;
use crate::cluster::submit::Event;
use crate::group::{Group, Place, Policy};

/// What is created while the group is followed.
pub(in crate::cli) struct Submission<'a> {
    /// Its outcomes.
    pub(in crate::cli) outcomes: LocalBoxStream<'a, Event>,
    /// Lets through as many members as may be created.
    pub(in crate::cli) gate: Gate,
    /// Members that are there as they should be, and are not sent.
    pub(in crate::cli) there: Vec<Place>,
    /// How many of those that are sent have been answered.
    pub(in crate::cli) answered: usize,
    /// What limits it.
    pub(in crate::cli) policy: Policy,
}

/// Everything that is followed.
pub(in crate::cli) struct Follow<'a> {
    /// The model, with the members that will be submitted.
    pub(in crate::cli) group: Group,
    /// What is created meanwhile.
    pub(in crate::cli) submission: Option<Submission<'a>>,
    /// What is observed.
    pub(in crate::cli) observed: BoxStream<'static, Observed>,
    /// Where output is fetched from.
    pub(in crate::cli) client: Client,
    /// Whose output is shown.
    pub(in crate::cli) logs: LogMode,
    /// What is read of it.
    pub(in crate::cli) reading: Reading,
    /// How long Jobs stay after their end.
    pub(in crate::cli) ttl: TtlArgs,
    /// When to give up.
    pub(in crate::cli) timeout: Option<Duration>,
    /// How long a member may wait for something that does not come.
    pub(in crate::cli) pending_timeout: Option<SignedDuration>,
    /// A group without members ends the command at once.
    pub(in crate::cli) must_exist: bool,
    /// The group's record, if there is one.
    pub(in crate::cli) ledger: Option<Ledger>,
    /// The command ends when nothing more can be created for now.
    pub(in crate::cli) detach: bool,
}

/// How following ended.
pub(in crate::cli) struct Ending {
    /// The exit code.
    pub(in crate::cli) code: u8,
    /// Why creating stopped early, if it did.
    pub(in crate::cli) stopped: Option<String>,
    /// How many members have no Job yet.
    pub(in crate::cli) left: usize,
    /// Whether the group has a record, from which they can be created.
    pub(in crate::cli) is_recorded: bool,
    /// A member waited for too long.
    pub(in crate::cli) gave_up: bool,
}
