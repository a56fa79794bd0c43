//! What a template is at, for whoever watches from another thread: no count of steps covers everything that an expression can do.

use std::sync::atomic::{AtomicU64, Ordering};

/// Whether Jinja is at work, and for which item.
#[derive(Debug, Default)]
pub struct Effort {
    /// Odd while it is at work.
    turn: AtomicU64,
    item: AtomicU64,
}

/// One piece of work of Jinja.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Differs from piece to piece.
    pub turn: u64,
    /// The number of the item, from 1; 0 while the template is compiled.
    pub item: u64,
}

impl Effort {
    /// What is worked at now.
    pub fn now(&self) -> Option<Work> {
        let turn = self.turn.load(Ordering::Acquire);
        let item = self.item.load(Ordering::Acquire);
        (turn % 2 == 1).then_some(Work { turn, item })
    }

    /// Does a piece of work.
    pub(super) fn during<T>(&self, item: usize, work: impl FnOnce() -> T) -> T {
        self.item.store(item as u64, Ordering::Release);
        self.turn.fetch_add(1, Ordering::AcqRel);
        let result = work();
        self.turn.fetch_add(1, Ordering::AcqRel);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_seen_only_while_it_lasts() {
        let effort = Effort::default();
        assert_eq!(effort.now(), None);
        let seen = effort.during(7, || effort.now());
        assert_eq!(seen, Some(Work { turn: 1, item: 7 }));
        assert_eq!(effort.now(), None);
    }
}
