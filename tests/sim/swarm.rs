//! The options of a run: each seed has its own mix of faults, so that rare ones are not drowned by frequent ones.

use std::time::Duration;

use kubectl_batch::controller::Owner;

/// How bad the world is in one run; rates are chances in a thousand.
#[derive(Clone, Debug)]
pub(crate) struct Swarm {
    /// Whose Jobs the controller serves.
    pub(crate) owner: Owner,
    /// How long the faults last.
    pub(crate) chaos: Duration,
    /// Jobs that users create.
    pub(crate) jobs: usize,
    /// Pods that end badly.
    pub(crate) failing: u32,
    /// How long a Pod runs at most.
    pub(crate) run_max: Duration,
    /// A Pod, at each step of the node: deleted for good by somebody.
    pub(crate) vanishing: u32,
    /// A Pod, at each step of the node: evicted.
    pub(crate) evicted: u32,
    /// Requests refused with 409, 429, 500, 503 or a broken connection, without effect.
    pub(crate) refused: u32,
    /// Requests that take effect, but whose answer is lost.
    pub(crate) lost: u32,
    /// Requests that are never answered.
    pub(crate) hanging: u32,
    /// Longest delay of a request or an answer.
    pub(crate) delay_max: Duration,
    /// Watch events dropped.
    pub(crate) dropped: u32,
    /// Watch events doubled.
    pub(crate) doubled: u32,
    /// Watch events that overtake the one before.
    pub(crate) swapped: u32,
    /// After a watch event: the connection breaks.
    pub(crate) cut: u32,
    /// After a watch event: the server says 410.
    pub(crate) expired: u32,
    /// Longest delay of a watch event.
    pub(crate) lag_max: Duration,
    /// Mean time between crashes of the process.
    pub(crate) crashes: Option<Duration>,
    /// Whether two processes want the work: a Lease says which of them has it.
    pub(crate) twice: bool,
    /// The clock of the process jumps by up to so many seconds.
    pub(crate) jumps: Option<i64>,
    /// Whether users change and delete Jobs.
    pub(crate) restless: bool,
}

impl Swarm {
    pub(crate) fn of(random: &mut fastrand::Rng) -> Self {
        // Half of the runs are without one kind of fault: a bug that one fault hides shows without it.
        let mut rate = |max: u32| {
            if random.bool() {
                random.u32(0..=max)
            } else {
                0
            }
        };
        let (failing, vanishing, evicted) = (rate(500), rate(30), rate(30));
        let (refused, lost, hanging) = (rate(200), rate(100), rate(10));
        let (dropped, doubled, swapped) = (rate(60), rate(200), rate(200));
        let (cut, expired) = (rate(100), rate(30));
        let mut mostly = |most: u64, seldom: u64| if random.u8(..4) == 0 { seldom } else { most };
        let (delay_max, lag_max) = (mostly(100, 5000), mostly(200, 20_000));
        let owner = if random.bool() {
            Owner::HandedOver
        } else {
            Owner::Everything
        };
        // Whoever serves everything is alone: it is part of the embedded cluster.
        let twice = owner == Owner::HandedOver && random.u8(..4) == 1;
        Self {
            owner,
            chaos: Duration::from_secs(random.u64(30..600)),
            jobs: random.usize(1..=4),
            failing,
            run_max: Duration::from_secs(random.u64(1..60)),
            vanishing,
            evicted,
            refused,
            lost,
            hanging,
            delay_max: Duration::from_millis(random.u64(1..=delay_max)),
            dropped,
            doubled,
            swapped,
            cut,
            expired,
            lag_max: Duration::from_millis(random.u64(1..=lag_max)),
            crashes: random
                .bool()
                .then(|| Duration::from_secs(random.u64(1..120))),
            twice,
            jumps: (random.u8(..4) == 0).then(|| random.i64(1..7200)),
            restless: random.bool(),
        }
    }

    /// The same world without faults of the network and the process.
    pub(crate) fn calm(&self) -> Self {
        Self {
            refused: 0,
            lost: 0,
            hanging: 0,
            delay_max: Duration::from_millis(20),
            dropped: 0,
            doubled: 0,
            swapped: 0,
            cut: 0,
            expired: 0,
            lag_max: Duration::from_millis(20),
            vanishing: 0,
            evicted: 0,
            crashes: None,
            jumps: None,
            restless: false,
            ..self.clone()
        }
    }
}
