//! Work that several threads do, and what it yields in the order of the work.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// What one piece of work yields waits for its turn here; more is not made before there is room.
const WAITING: usize = 2;

/// Nobody waits for what is made any more.
#[derive(Debug)]
pub(super) struct Gone;

/// A place for what one piece of work yields.
pub(super) struct Yields<T>(SyncSender<Option<T>>);

/// What all work yields, in order. When it is dropped, the threads end with their next result.
pub(super) struct InOrder<T> {
    turns: Receiver<Option<Receiver<Option<T>>>>,
    turn: Option<Receiver<Option<T>>>,
}

impl<T> Yields<T> {
    /// Hands over a result, as soon as there is room for it.
    pub(super) fn push(&self, result: T) -> Result<(), Gone> {
        self.0.send(Some(result)).map_err(|_| Gone)
    }
}

/// Does each piece of work on one of the workers; a thread of its own takes the work from the iterator.
pub(super) fn in_order<W, T, F>(
    work: impl Iterator<Item = W> + Send + 'static,
    workers: impl IntoIterator<Item = F>,
) -> std::io::Result<InOrder<T>>
where
    W: Send + 'static,
    T: Send + 'static,
    F: FnMut(W, &Yields<T>) -> Result<(), Gone> + Send + 'static,
{
    let (give, take) = sync_channel::<(W, Yields<T>)>(0);
    let take = Arc::new(Mutex::new(take));
    let mut count = 0;
    for worker in workers {
        let take = take.clone();
        thread("expand", move || run(worker, &take))?;
        count += 1;
    }
    let (announce, turns) = sync_channel(2 * count);
    thread("read", move || {
        for work in work {
            let (results, turn) = sync_channel(WAITING);
            if announce.send(Some(turn)).is_err() || give.send((work, Yields(results))).is_err() {
                return;
            }
        }
        announce.send(None).ok();
    })?;
    Ok(InOrder { turns, turn: None })
}

fn thread(name: &str, body: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder.spawn(body).map(drop)
}

fn run<W, T>(
    mut worker: impl FnMut(W, &Yields<T>) -> Result<(), Gone>,
    take: &Mutex<Receiver<(W, Yields<T>)>>,
) {
    loop {
        let next = take.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((work, yields)) = next else { return };
        // Without this mark a thread that panics would look like one that is done.
        if worker(work, &yields).is_err() || yields.0.send(None).is_err() {
            return;
        }
    }
}

impl<T> Iterator for InOrder<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        const ENDED: &str = "a thread ends when its work is done";
        loop {
            let turn = match self.turn.take() {
                Some(turn) => turn,
                None => self.turns.recv().expect(ENDED)?,
            };
            if let Some(result) = turn.recv().expect(ENDED) {
                self.turn = Some(turn);
                return Some(result);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    /// Yields each number as often as it says, and takes the longer the smaller it is.
    fn repeat(number: u64, yields: &Yields<u64>) -> Result<(), Gone> {
        std::thread::sleep(Duration::from_micros(50 * (5 - number % 5)));
        (0..number % 5).try_for_each(|_| yields.push(number))
    }

    #[test]
    fn results_come_in_the_order_of_the_work() {
        for workers in 1..5 {
            let results = in_order(0..200, vec![repeat; workers]).expect("threads");
            let expected: Vec<u64> = (0..200).flat_map(|n| vec![n; (n % 5) as usize]).collect();
            assert_eq!(results.collect::<Vec<_>>(), expected);
        }
        let none = in_order(0..0, [repeat]).expect("threads");
        assert_eq!(none.count(), 0);
    }

    #[test]
    fn not_much_is_made_before_it_is_asked_for() {
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = taken.clone();
        let work = (4..).inspect(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let mut results = in_order(work, [repeat, repeat]).expect("threads");
        assert_eq!(results.next(), Some(4));
        std::thread::sleep(Duration::from_millis(50));
        // In two workers, announced, and at the door.
        assert!(taken.load(Ordering::Relaxed) <= 8, "{taken:?}");
    }

    #[test]
    #[should_panic(expected = "a thread ends when its work is done")]
    fn a_thread_that_panics_is_not_the_end_of_the_results() {
        let worker = |number: u64, yields: &Yields<u64>| {
            assert!(number < 3, "planted");
            yields.push(number)
        };
        in_order(0..9, [worker]).expect("threads").for_each(drop);
    }
}
