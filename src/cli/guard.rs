//! Ends the program when a template takes more time or memory for one item than any template should.
//!
//! The template counts its steps and bytes itself. This is for what cannot be counted: a recursion in the parser, two lists that hold
//! themselves many times and are compared.

#![expect(
    clippy::disallowed_methods,
    reason = "the clock, and what the system says of this process, are read here"
)]

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::Failure;
use crate::template::{Effort, Work};

/// How often it looks while Jinja is at work, and when nothing has moved for a while.
const LOOK: Duration = Duration::from_millis(4);
const LOOK_SELDOM: Duration = Duration::from_millis(100);
/// Looks without any work until it looks seldom.
const IDLE_LOOKS: u32 = 250;
/// Processor time for one item. Without optimisation everything takes about eight times as long.
const TIME_MAX: Duration = Duration::from_millis(if cfg!(debug_assertions) { 6_000 } else { 750 });
/// Memory for one item, in bytes.
const MEMORY_MAX: u64 = 128 << 20;

/// What the process has used.
#[derive(Clone, Copy, Debug, Default)]
struct Used {
    time: Duration,
    memory: u64,
}

/// Watches a template until it is dropped.
pub(super) fn watch(effort: &Arc<Effort>) {
    let effort = Arc::downgrade(effort);
    // Without a thread the template is watched by its own counts alone.
    let _ = std::thread::Builder::new()
        .name("guard".into())
        .spawn(move || look_on(&effort));
}

fn look_on(effort: &Weak<Effort>) {
    let (mut last, mut before, mut idle): (Option<Work>, Used, u32) = (None, used(), 0);
    loop {
        std::thread::sleep(if idle < IDLE_LOOKS { LOOK } else { LOOK_SELDOM });
        let Some(now) = effort.upgrade().map(|effort| effort.now()) else {
            return;
        };
        let usage = used();
        if now.is_none() || now != last {
            idle = if now.is_none() {
                idle.saturating_add(1)
            } else {
                0
            };
            (last, before) = (now, usage);
        } else if let Some(problem) = excess(before, usage) {
            end(last, &problem);
        }
    }
}

/// What is too much, between two moments in which the same item is worked at.
fn excess(before: Used, now: Used) -> Option<String> {
    if now.memory.saturating_sub(before.memory) > MEMORY_MAX {
        return Some(format!("more than {} MiB of memory", MEMORY_MAX >> 20));
    }
    (now.time.saturating_sub(before.time) > TIME_MAX)
        .then(|| format!("more than {} ms", TIME_MAX.as_millis()))
}

#[expect(clippy::exit, reason = "the thread that is at work does not come back")]
fn end(work: Option<Work>, problem: &str) {
    let who = match work.map_or(0, |work| work.item) {
        0 => "the template".into(),
        number => format!("item {number}: its expansion"),
    };
    let failure = Failure::usage(format!(
        "{who} takes {problem}\nhint: look for a loop that does not end, or a value that doubles again and again"
    ));
    failure.report();
    std::process::exit(failure.code.into());
}

#[cfg(unix)]
fn time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(now).unwrap_or_default()
}

#[cfg(not(unix))]
fn time() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> =
        std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

fn used() -> Used {
    Used {
        time: time(),
        memory: memory().unwrap_or_default(),
    }
}

/// Resident memory, where the system says it as Linux does.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_much_is_measured_from_the_start_of_an_item() {
        let used = |ms, mib: u64| Used {
            time: Duration::from_millis(ms),
            memory: mib << 20,
        };
        let most = TIME_MAX.as_millis() as u64;
        assert_eq!(excess(used(500, 300), used(500 + most, 428)), None);
        assert_eq!(
            excess(used(500, 300), used(501, 429)).as_deref(),
            Some("more than 128 MiB of memory")
        );
        let late = excess(used(500, 300), used(501 + most, 20));
        assert_eq!(late, Some(format!("more than {most} ms")));
    }
}
