//! The loop itself: feeds the engine from the watches, wakes it when something is due, ends when told to.

#![expect(clippy::disallowed_methods, reason = "the loop has a clock")]

use std::time::Duration;

use futures::FutureExt;
use futures::stream::{BoxStream, StreamExt};
use kube::Client;
use tokio::sync::watch as signal;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::announce::announcer;
use super::engine::Engine;
use super::governor::governed;
use super::options::{Options, Ran};
use crate::cluster::rest::{JOBS, PODS};
use crate::cluster::watching::{Seen, watch};

/// Everything is listed anew this often, whatever was lost.
const RESYNC: Duration = Duration::from_secs(600);
/// What is there already is taken in at once, up to so many rounds, so that a burst of events costs one round of passes.
const BURST: usize = 256;
/// At the end, events that still wait to be recorded are given so long.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Runs until `stop` becomes true, or, with [`Options::once`], until every Job had a pass; passes under way are finished first.
pub async fn run(client: Client, options: Options, mut stop: signal::Receiver<bool>) -> Ran {
    let client = governed(client, options.pods_per_second);
    let mut watches = Watches::begin(&client, &options);
    let (announcer, recorder) = announcer(client.clone());
    let mut background = JoinSet::new();
    background.spawn(recorder);
    let began = Instant::now();
    let mut engine = Engine::new(client.clone(), options.clone(), announcer);
    let mut resync = began + RESYNC;
    loop {
        engine.start_passes(began.elapsed());
        // Jobs that have ended want no pass, so that this may be all.
        if engine.is_done() {
            break;
        }
        let due = engine
            .next_due()
            .map_or(resync, |due| began + due)
            .min(resync);
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            Some(done) = engine.passes.join_next() => engine.take_in(done, began.elapsed()),
            Some(seen) = watches.jobs.next() => engine.job_seen(seen, began.elapsed()),
            Some(seen) = watches.pods.next() => engine.pod_seen(seen, began.elapsed()),
            () = tokio::time::sleep_until(due) => {
                if Instant::now() >= resync {
                    resync = Instant::now() + RESYNC;
                    watches = Watches::begin(&client, &options);
                }
            }
        }
        watches.drain(&mut engine, began.elapsed());
    }
    while let Some(done) = engine.passes.join_next().await {
        engine.take_in(done, began.elapsed());
    }
    let ran = engine.end();
    // The queue of events is closed with the engine; whatever is in it now is all there will be.
    let _ = tokio::time::timeout(LAST_WORDS, background.join_next()).await;
    ran
}

/// Both watches. Beginning them anew lists everything anew.
struct Watches {
    jobs: BoxStream<'static, Seen>,
    pods: BoxStream<'static, Seen>,
}

impl Watches {
    fn begin(client: &Client, options: &Options) -> Self {
        let namespace = options.namespace.as_deref();
        Self {
            jobs: watch(client, JOBS, namespace, options.selector.as_deref()),
            pods: watch(client, PODS, namespace, None),
        }
    }

    fn drain(&mut self, engine: &mut Engine, now: Duration) {
        for _ in 0..BURST {
            let job = self.jobs.next().now_or_never().flatten();
            let pod = self.pods.next().now_or_never().flatten();
            if job.is_none() && pod.is_none() {
                break;
            }
            if let Some(seen) = job {
                engine.job_seen(seen, now);
            }
            if let Some(seen) = pod {
                engine.pod_seen(seen, now);
            }
        }
    }
}
