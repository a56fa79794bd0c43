//! What becomes of one request, and how often: each seed has its own mix.

use std::time::Duration;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It arrives, and so does the answer.
    Delivered,
    /// The server says no with this status, and does nothing.
    Refused(u16),
    /// The connection breaks before it arrives.
    Broken,
    /// It is done, and the answer is lost.
    Lost,
    /// It is done, and the answer is 504.
    StoredAfterAll,
    /// The answer is 504, and it is done some time after that.
    StoredLater(Duration),
    /// It arrives twice, and the answer is that to the second one.
    Twice,
    /// It is done or not, and no answer ever comes.
    Hanging(bool),
}

/// Chances in a thousand, and times.
#[derive(Clone, Debug)]
pub(super) struct Mix {
    pub(super) refused: u32,
    pub(super) broken: u32,
    pub(super) lost: u32,
    pub(super) stored: u32,
    pub(super) twice: u32,
    pub(super) hanging: u32,
    /// After an event of a watch: the stream ends.
    pub(super) cut: u32,
    /// After an event of a watch: nothing more ever comes.
    pub(super) half_open: u32,
    /// After an event of a watch: 410.
    pub(super) expired: u32,
    /// An event of a watch comes twice.
    pub(super) doubled: u32,
    /// The longest time that a request, an answer or an event is on its way.
    pub(super) delay_max: Duration,
    /// Between restarts of the server, on average.
    pub(super) restarts: Option<Duration>,
}

impl Mix {
    pub(super) fn of(random: &mut fastrand::Rng) -> Self {
        // Half of the runs are without one kind of fault: a bug that one fault hides shows without it.
        let mut rate = |most: u32| {
            if random.bool() {
                random.u32(0..=most)
            } else {
                0
            }
        };
        let mut mix = Self {
            refused: rate(150),
            broken: rate(80),
            lost: rate(150),
            stored: rate(100),
            twice: rate(100),
            hanging: rate(50),
            cut: rate(100),
            half_open: rate(30),
            expired: rate(50),
            doubled: rate(100),
            delay_max: Duration::ZERO,
            restarts: None,
        };
        let slow = random.u8(..4) == 0;
        mix.delay_max = Duration::from_millis(random.u64(1..if slow { 5000 } else { 100 }));
        mix.restarts = random
            .bool()
            .then(|| Duration::from_secs(random.u64(5..60)));
        mix
    }

    /// The same without faults.
    pub(super) fn calm() -> Self {
        Self {
            refused: 0,
            broken: 0,
            lost: 0,
            stored: 0,
            twice: 0,
            hanging: 0,
            cut: 0,
            half_open: 0,
            expired: 0,
            doubled: 0,
            delay_max: Duration::from_millis(5),
            restarts: None,
        }
    }

    pub(super) fn fate(&self, random: &mut fastrand::Rng, writes: bool, watches: bool) -> Fate {
        let mut chance = |rate: u32| rate > 0 && random.u32(..1000) < rate;
        if chance(self.refused) {
            let codes: &[u16] = match (writes, watches) {
                (true, _) => &[409, 429, 500, 503, 504],
                (_, true) => &[410, 429, 500, 503],
                _ => &[429, 500, 503, 504],
            };
            return Fate::Refused(codes[random.usize(..codes.len())]);
        }
        if chance(self.broken) {
            return Fate::Broken;
        }
        if chance(self.lost) {
            return Fate::Lost;
        }
        if writes && chance(self.stored) {
            return if random.bool() {
                Fate::StoredAfterAll
            } else {
                Fate::StoredLater(Duration::from_millis(random.u64(..20_000)))
            };
        }
        if writes && chance(self.twice) {
            return Fate::Twice;
        }
        if chance(self.hanging) {
            return Fate::Hanging(random.bool());
        }
        Fate::Delivered
    }
}
