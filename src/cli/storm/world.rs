//! The world of one run: the store with its API, the clock, the dice, the trace.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::fate::{Fate, Mix};
use crate::local::api::Api;
use crate::local::logs::LogRegistry;
use crate::local::store::{Environment, Store};

/// 2026-01-15T12:00:00Z, when every run begins.
const BEGIN: i64 = 1_768_478_400;
/// How long the server is away in a restart, at most.
const AWAY_MAX: u64 = 15_000;
/// Lines that are kept of what happened.
const TRACE_MAX: usize = 200_000;

/// Everything that the tasks of a run share. One thread, so that the order of things depends on nothing but the seed.
pub(super) struct World {
    pub(super) store: Arc<Store>,
    pub(super) api: Api,
    began: Instant,
    state: Mutex<State>,
}

struct State {
    random: fastrand::Rng,
    mix: Mix,
    trace: Vec<String>,
    /// Restarts so far: streams of an earlier life are cut.
    life: u64,
    away_until: Instant,
    next_restart: Option<Instant>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the runtime's time is paused: this is simulated time"
)]
fn now() -> Instant {
    Instant::now()
}

impl World {
    pub(super) fn new(seed: u64) -> Arc<Self> {
        let mut random = fastrand::Rng::with_seed(seed);
        // The watcher's own jitter comes from this generator.
        fastrand::seed(random.u64(..));
        let mix = Mix::of(&mut random);
        let began = now();
        let environment = Environment {
            now: Box::new(move || time(began)),
            random: random.fork(),
        };
        let store = Arc::new(Store::new(environment));
        let api = Api::new(store.clone(), LogRegistry::default().serve());
        let trace = vec![format!("seed {seed}: {mix:?}")];
        let state = State {
            random,
            mix,
            trace,
            life: 0,
            away_until: began,
            next_restart: None,
        };
        Arc::new(Self {
            store,
            api,
            began,
            state: Mutex::new(state),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("nothing panics while it holds the state")
    }

    /// What the server's clock shows.
    pub(super) fn time(&self) -> Timestamp {
        time(self.began)
    }

    /// Since the begin of the run.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    pub(super) fn note(&self, line: &str) {
        let at = self.elapsed().as_secs_f64();
        let mut state = self.state();
        if state.trace.len() < TRACE_MAX {
            state.trace.push(format!("{at:9.3} {line}"));
        }
    }

    pub(super) fn take_trace(&self) -> Vec<String> {
        std::mem::take(&mut self.state().trace)
    }

    pub(super) fn random<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        draw(&mut self.state().random)
    }

    /// No more faults from here on.
    pub(super) fn calm_down(&self) {
        self.note("---- faults end ----");
        let mut state = self.state();
        state.mix = Mix::calm();
        state.next_restart = None;
        // Streams that fell silent are cut, as the server does with every watch after some minutes.
        state.life += 1;
    }

    /// Throws dice: true `rate` times in a thousand.
    pub(super) fn chance(&self, rate: impl Fn(&Mix) -> u32) -> bool {
        let mut state = self.state();
        let rate = rate(&state.mix);
        rate > 0 && state.random.u32(..1000) < rate
    }

    /// How long something is on its way; mostly short.
    pub(super) fn delay(&self) -> Duration {
        let mut state = self.state();
        let most = state.mix.delay_max.as_millis() as u64;
        let most = if state.random.u8(..8) == 0 {
            most
        } else {
            most.min(20)
        };
        Duration::from_millis(state.random.u64(0..=most))
    }

    pub(super) fn fate(&self, writes: bool, watches: bool) -> Fate {
        let state = &mut *self.state();
        state.mix.fate(&mut state.random, writes, watches)
    }

    /// Which life of the server this is; `None` while it is away.
    pub(super) fn life(&self) -> Option<u64> {
        let (at, state) = (now(), &mut *self.state());
        let Some(mean) = state.mix.restarts else {
            return Some(state.life);
        };
        let mut after = |most: u64| at + Duration::from_millis(state.random.u64(0..=most));
        let next = *state
            .next_restart
            .get_or_insert_with(|| after(2 * mean.as_millis() as u64));
        if at >= next {
            state.away_until = after(AWAY_MAX);
            state.next_restart = Some(state.away_until + (after(2 * mean.as_millis() as u64) - at));
            state.life += 1;
        }
        (at >= state.away_until).then_some(state.life)
    }
}

fn time(began: Instant) -> Timestamp {
    let elapsed = SignedDuration::try_from(began.elapsed()).expect("a run is short");
    Timestamp::from_second(BEGIN).expect("in range") + elapsed
}
