//! One run: faults first, and safety all the time; then calm, and an end.

use std::sync::Arc;
use std::time::Duration;

use kubectl_batch::cluster::lease::Seat;
use kubectl_batch::controller::{self, Options};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::Skew;
use crate::link::Link;
use crate::world::World;
use crate::{node, user};

/// Every Job has ended so long after the faults, at the latest: back-off and resync included.
const PATIENCE: Duration = Duration::from_secs(8 * 3600);
/// What the faults hid comes to light with the next full list, at the latest.
const RELIST: Duration = Duration::from_secs(700);
/// A world that needs nothing is left alone for so long.
const QUIET: Duration = Duration::from_secs(1500);
/// How often the run looks whether something is wrong.
const STEP: Duration = Duration::from_secs(5);

/// How a run went.
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    pub(crate) options: String,
    pub(crate) violation: Option<String>,
    pub(crate) trace: Vec<String>,
}

/// Runs one seed.
pub(crate) fn run(seed: u64) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime
        .expect("a runtime without threads can be made")
        .block_on(async {
            let world = World::new(seed);
            let options = format!("{:?}", world.swarm());
            world.note(&format!("seed {seed}: {options}"));
            let violation = live(&world).await.err();
            Outcome {
                seed,
                options,
                violation,
                trace: world.take_trace(),
            }
        })
}

async fn live(world: &Arc<World>) -> Result<(), String> {
    let node = tokio::spawn(node::live(world.clone()));
    let users = tokio::spawn(user::live(world.clone()));
    let sweeper = tokio::spawn(user::sweep(world.clone()));
    let mut process = Process::start(world, 0, Skew::default());
    let result = chaos(world, &mut process).await;
    users.abort();
    let result = match result {
        Ok(()) => calm(world).await,
        failed => failed,
    };
    process.kill();
    node.abort();
    sweeper.abort();
    result
}

async fn chaos(world: &Arc<World>, process: &mut Process) -> Result<(), String> {
    let swarm = world.swarm();
    let second = swarm
        .twice
        .then(|| Process::start(world, 1, Skew::default()));
    let mut crash = next_crash(world);
    while world.clock.elapsed() < swarm.chaos {
        let until_crash = crash.saturating_sub(world.clock.elapsed());
        tokio::time::sleep(until_crash.min(STEP)).await;
        if let Some(why) = world.violation() {
            return Err(why);
        }
        if world.clock.elapsed() >= crash {
            process.restart(world).await;
            crash = next_crash(world);
        }
        if let Some(seconds) = swarm
            .jumps
            .filter(|_| world.random(|random| random.u8(..8)) == 0)
        {
            process.jump(world, seconds);
        }
    }
    if let Some(second) = second {
        second.kill();
    }
    process.skew.jump(0);
    world.calm_down();
    user::release(world);
    Ok(())
}

/// When the process crashes next.
fn next_crash(world: &World) -> Duration {
    let Some(mean) = world.swarm().crashes else {
        return Duration::MAX;
    };
    let millis = world.random(|random| random.u64(0..=2 * mean.as_millis() as u64));
    world.clock.elapsed() + Duration::from_millis(millis)
}

async fn calm(world: &World) -> Result<(), String> {
    let end = world.clock.elapsed() + PATIENCE;
    while let Some(why) = world.checks(|checks| checks.unfinished(&world.store)) {
        if world.clock.elapsed() > end {
            return Err(why);
        }
        tokio::time::sleep(STEP).await;
        if let Some(why) = world.violation() {
            return Err(why);
        }
    }
    tokio::time::sleep(RELIST).await;
    let writes = world.checks(|checks| checks.writes());
    tokio::time::sleep(QUIET).await;
    let more = world.checks(|checks| checks.writes()) - writes;
    match world.violation() {
        Some(why) => Err(why),
        None if more > 0 => Err(format!("{more} writes although all is done")),
        None => Ok(()),
    }
}

/// The controller's loop in one process.
struct Process {
    number: u32,
    skew: Skew,
    task: JoinHandle<controller::Ran>,
    /// A loop whose sender is gone would end by itself.
    _stop: watch::Sender<bool>,
}

impl Process {
    fn start(world: &Arc<World>, number: u32, skew: Skew) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (client, options) = (Link::client(world, number), options(world, &skew));
        let task = if world.swarm().twice {
            tokio::spawn(lead(world.clone(), number, client, options, stopped))
        } else {
            tokio::spawn(controller::run(client, options, stopped))
        };
        Self {
            number,
            skew,
            task,
            _stop: stop,
        }
    }

    fn kill(&self) {
        self.task.abort();
    }

    /// Dies, and comes back after a while.
    async fn restart(&mut self, world: &Arc<World>) {
        world.note(&format!("controller {} crashes", self.number));
        self.kill();
        let pause = world.random(|random| random.u64(0..10_000));
        tokio::time::sleep(Duration::from_millis(pause)).await;
        *self = Self::start(world, self.number + 2, self.skew.clone());
    }

    fn jump(&self, world: &World, seconds: i64) {
        let millis = world.random(|random| random.i64(-1000 * seconds..=1000 * seconds));
        world.note(&format!(
            "the clock of controller {} is off by {millis} ms",
            self.number
        ));
        self.skew.jump(millis);
    }
}

async fn lead(
    world: Arc<World>,
    number: u32,
    client: kube::Client,
    options: Options,
    stopped: watch::Receiver<bool>,
) -> controller::Ran {
    let seat = Seat {
        namespace: "default".into(),
        name: "reconciler".into(),
        identity: format!("controller {number}"),
    };
    let tell = |standing: &_| world.note(&format!("controller {number}: {standing:?}"));
    controller::lead(client, seat, options, stopped, tell).await
}

fn options(world: &Arc<World>, skew: &Skew) -> Options {
    let (world, skew) = (world.clone(), skew.clone());
    let swarm = world.swarm();
    Options {
        owner: swarm.owner,
        namespace: None,
        selector: None,
        gather: Duration::from_secs(1),
        concurrency: 4,
        pods_per_second: None,
        once: false,
        clock: Arc::new(move || skew.of(world.clock.now())),
    }
}
