//! How fast requests go out: a window of requests under way, pauses, and a ceiling. Time and the seed are arguments.
//!
//! The window follows the server. It doubles each round until answers get slower, and from then on holds a few more
//! requests than the server works on at a time: how many wait there is told by how much longer an answer takes than the
//! quickest one did (the idea of TCP Vegas). A server that says it is busy, or breaks, halves the window and is left alone
//! for a while that doubles each time.

use std::time::Duration;

/// The bounds of a submission's pace.
#[derive(Clone, Debug)]
pub struct Pace {
    /// A ceiling for requests per second, if there is one.
    pub per_second_max: Option<f64>,
    /// Requests that are under way at a time, at most.
    pub in_flight_max: usize,
    /// Spreads the pauses of clients that were turned away together.
    pub seed: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            per_second_max: None,
            in_flight_max: 64,
            seed: 0,
        }
    }
}

/// Requests under way at the beginning.
const WINDOW_FIRST: usize = 4;
/// With fewer requests than this waiting in the server, there is room for more.
const QUEUE_LOW: f64 = 6.0;
/// With more requests than this waiting in the server, there are too many.
const QUEUE_HIGH: f64 = 16.0;
/// Answers that take this long, and much longer than they could, mean a server in trouble.
const SLOW: Duration = Duration::from_secs(2);
/// The first pause after a failure, and the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// The first pause when a quota is used up, and the longest.
const QUOTA_FIRST: Duration = Duration::from_secs(1);
const QUOTA_MAX: Duration = Duration::from_secs(15);
/// The longest `Retry-After` that is honoured in full.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(120);
/// How far requests may run ahead of an even spacing under a ceiling.
const BURST: Duration = Duration::from_millis(50);

/// Whether a request may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Now; it counts as sent.
    Now,
    /// Not before this time.
    At(Duration),
    /// When one that is under way has been answered.
    WhenAnswered,
}

/// What an answer says about the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// It did what it was asked.
    Good,
    /// It is too busy or broken, and may say when to come again.
    Busy(Option<Duration>),
    /// A quota is used up.
    QuotaUsed,
    /// Nothing.
    Nothing,
}

/// Answers to requests that went out between two judgements of the window.
#[derive(Debug, Default)]
struct Round {
    began: Duration,
    answers: usize,
    took: Duration,
    was_full: bool,
}

/// The pace of one submission.
#[derive(Debug)]
pub(super) struct Pacer {
    pace: Pace,
    random: fastrand::Rng,
    window: usize,
    in_flight: usize,
    /// Whether the window still doubles.
    is_starting: bool,
    /// The quickest answer.
    quickest: Option<Duration>,
    round: Round,
    paused_until: Duration,
    /// Requests from before this time belong to a failure that was reacted to already.
    reacted: Option<Duration>,
    failures: u32,
    next_slot: Duration,
}

impl Pacer {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            random: fastrand::Rng::with_seed(pace.seed),
            window: WINDOW_FIRST.min(pace.in_flight_max.max(1)),
            in_flight: 0,
            is_starting: true,
            quickest: None,
            round: Round::default(),
            paused_until: Duration::ZERO,
            reacted: None,
            failures: 0,
            next_slot: Duration::ZERO,
            pace,
        }
    }

    /// Whether a request may go out; it counts as sent if it may.
    pub(super) fn admit(&mut self, now: Duration) -> Admission {
        if now < self.paused_until {
            return Admission::At(self.paused_until);
        }
        if self.in_flight >= self.window {
            self.round.was_full = true;
            return Admission::WhenAnswered;
        }
        if let Some(most) = self.pace.per_second_max {
            if self.next_slot > now + BURST {
                return Admission::At(self.next_slot.saturating_sub(BURST));
            }
            self.next_slot = self.next_slot.max(now) + Duration::from_secs_f64(1.0 / most);
        }
        self.in_flight += 1;
        Admission::Now
    }

    /// A request that went out at `sent` was answered, or failed.
    pub(super) fn answered(&mut self, now: Duration, sent: Duration, signal: Signal) {
        self.in_flight = self.in_flight.saturating_sub(1);
        let is_news = self.reacted.is_none_or(|reacted| sent >= reacted);
        match signal {
            Signal::Good if is_news => self.good(now, sent),
            Signal::Busy(after) => self.busy(now, is_news, after),
            Signal::QuotaUsed if is_news => {
                // Whoever waits for room probes with one request, and is quick again as soon as there is some.
                self.window = 1;
                self.is_starting = true;
                self.pause(now, QUOTA_FIRST, QUOTA_MAX);
            }
            Signal::Good | Signal::QuotaUsed | Signal::Nothing => {}
        }
    }

    /// How long nothing will be sent.
    pub(super) fn pause_left(&self, now: Duration) -> Duration {
        self.paused_until.saturating_sub(now)
    }

    fn good(&mut self, now: Duration, sent: Duration) {
        self.failures = 0;
        let took = now.saturating_sub(sent);
        self.quickest = Some(self.quickest.map_or(took, |quickest| quickest.min(took)));
        // What went out under an earlier window says nothing about this one.
        if sent < self.round.began {
            return;
        }
        self.round.answers += 1;
        self.round.took += took;
        if self.round.answers >= self.window {
            self.judge();
            self.round = Round {
                began: now,
                ..Round::default()
            };
        }
    }

    /// Grows or shrinks the window by what the answers of a round say.
    fn judge(&mut self) {
        let mean = self.round.took / u32::try_from(self.round.answers.max(1)).unwrap_or(u32::MAX);
        let quickest = self.quickest.unwrap_or(mean);
        let share = quickest.as_secs_f64() / mean.as_secs_f64().max(f64::MIN_POSITIVE);
        let queue = self.window as f64 * (1.0 - share).max(0.0);
        let step = (self.window / 8).max(1);
        if mean > SLOW && share < 0.25 {
            self.is_starting = false;
            self.window /= 2;
        } else if queue > QUEUE_HIGH {
            self.is_starting = false;
            self.window -= step;
        } else if queue >= QUEUE_LOW {
            self.is_starting = false;
        } else if self.round.was_full {
            self.window += if self.is_starting { self.window } else { 1 };
        }
        self.window = self.window.clamp(1, self.pace.in_flight_max.max(1));
    }

    fn busy(&mut self, now: Duration, is_news: bool, after: Option<Duration>) {
        if is_news {
            self.window = (self.window / 2).max(1);
            self.is_starting = false;
            self.pause(now, PAUSE_FIRST, PAUSE_MAX);
        }
        let asked = now + after.unwrap_or_default().min(RETRY_AFTER_MAX);
        self.paused_until = self.paused_until.max(asked);
    }

    /// Doubles with each failure in a row; half of it is left to chance.
    fn pause(&mut self, now: Duration, first: Duration, most: Duration) {
        let whole = first.saturating_mul(1 << self.failures.min(16)).min(most);
        self.failures += 1;
        let pause = whole / 2 + whole.mul_f64(self.random.f64() / 2.0);
        self.paused_until = self.paused_until.max(now + pause);
        self.reacted = Some(now);
        self.round = Round {
            began: now,
            ..Round::default()
        };
    }
}

#[cfg(test)]
mod tests;
