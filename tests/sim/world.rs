//! The world of one run: the store with its API, the clock, the dice, the trace, and the checks that see every change.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use kubectl_batch::local::api::{Api, ApiBody};
use kubectl_batch::local::logs::LogRegistry;
use kubectl_batch::local::store::{Environment, Store};

use crate::checks::{Actor, Checks};
use crate::clock::Clock;
use crate::fault::Fate;
use crate::swarm::Swarm;
use crate::trace::Trace;

/// Everything that the tasks of a run share. One thread, so that the order of things depends on nothing but the seed.
pub(crate) struct World {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Clock,
    api: Api,
    state: Mutex<State>,
}

struct State {
    random: fastrand::Rng,
    swarm: Swarm,
    trace: Trace,
    checks: Checks,
}

impl World {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        let mut random = fastrand::Rng::with_seed(seed);
        // The watcher's own jitter comes from this generator.
        fastrand::seed(random.u64(..));
        let swarm = Swarm::of(&mut random);
        let clock = Clock::begin();
        let environment = Environment {
            now: Box::new(move || clock.now()),
            random: random.fork(),
        };
        let store = Arc::new(Store::new(environment));
        let api = Api::new(store.clone(), LogRegistry::default().serve());
        let checks = Checks::new(swarm.owner);
        let trace = Trace::default();
        Arc::new(Self {
            store,
            clock,
            api,
            state: Mutex::new(State {
                random,
                swarm,
                trace,
                checks,
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("nothing panics while it holds the state")
    }

    pub(crate) fn swarm(&self) -> Swarm {
        self.state().swarm.clone()
    }

    /// No more faults from here on.
    pub(crate) fn calm_down(&self) {
        let mut state = self.state();
        state.swarm = state.swarm.calm();
        drop(state);
        self.note("---- faults end ----");
    }

    pub(crate) fn note(&self, line: &str) {
        self.state().trace.note(self.clock.elapsed(), line);
    }

    pub(crate) fn take_trace(&self) -> Vec<String> {
        self.state().trace.take()
    }

    /// Throws dice: true `rate` times in a thousand.
    pub(crate) fn chance(&self, rate: impl Fn(&Swarm) -> u32) -> bool {
        let mut state = self.state();
        let rate = rate(&state.swarm);
        rate > 0 && state.random.u32(..1000) < rate
    }

    pub(crate) fn random<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        draw(&mut self.state().random)
    }

    /// A delay up to what the swarm says; mostly short.
    pub(crate) fn delay(&self, longest: impl Fn(&Swarm) -> Duration) -> Duration {
        let mut state = self.state();
        let longest = longest(&state.swarm).as_millis() as u64;
        let longest = if state.random.u8(..8) == 0 {
            longest
        } else {
            longest.min(50)
        };
        Duration::from_millis(state.random.u64(0..=longest.max(1)))
    }

    pub(crate) fn fate(&self, is_watch: bool) -> Fate {
        let state = &mut *self.state();
        Fate::draw(&state.swarm, &mut state.random, is_watch)
    }

    /// Lets the checks see what changed; every writer calls this right after its transaction.
    pub(crate) fn observe(&self, actor: Actor) {
        let state = &mut *self.state();
        for line in state.checks.observe(&self.store, actor) {
            state.trace.note(self.clock.elapsed(), &line);
        }
    }

    pub(crate) fn fail(&self, why: String) {
        self.state().checks.fail(why);
    }

    pub(crate) fn violation(&self) -> Option<String> {
        self.state().checks.violation()
    }

    pub(crate) fn checks<T>(&self, ask: impl FnOnce(&mut Checks) -> T) -> T {
        ask(&mut self.state().checks)
    }

    /// The API server handles one request, at once.
    pub(crate) async fn handle(
        &self,
        parts: http::request::Parts,
        body: Bytes,
        actor: Actor,
    ) -> Response<ApiBody> {
        let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
        let asked = String::from_utf8_lossy(&body).into_owned();
        let request = Request::from_parts(parts, Full::new(body));
        let response = self.api.handle(request).await;
        if method != Method::GET {
            self.note(&format!(
                "{actor} {method} {path} -> {}",
                response.status().as_u16()
            ));
            self.checks(|checks| checks.written(&path));
        }
        self.observe(actor);
        let is_status = path.ends_with("/status") && path.contains("/jobs/");
        if is_status && response.status() == 422 {
            return self.refused(response, &asked).await;
        }
        response
    }

    /// The server never refuses a status for what is in it.
    async fn refused(&self, response: Response<ApiBody>, asked: &str) -> Response<ApiBody> {
        let (parts, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes)
            .unwrap_or_default();
        let said = String::from_utf8_lossy(&body);
        self.fail(format!(
            "the server refuses a status: {said}\nasked: {asked}"
        ));
        Response::from_parts(
            parts,
            Full::new(body)
                .map_err(|never| match never {})
                .boxed_unsync(),
        )
    }
}
