//! The gate that members pass before they are created: it lets through as many as may be begun, and can be shut for good.

use std::sync::Arc;

use tokio::sync::watch;

/// How many may pass in all, and how many have. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate {
    state: Arc<watch::Sender<State>>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    allowed: usize,
    begun: usize,
    shut: bool,
}

impl Default for Gate {
    /// A gate that is wide open.
    fn default() -> Self {
        let state = State {
            allowed: usize::MAX,
            begun: 0,
            shut: false,
        };
        Self {
            state: Arc::new(watch::Sender::new(state)),
        }
    }
}

impl Gate {
    /// A gate that lets nobody through until it is told to.
    pub fn closed() -> Self {
        let gate = Self::default();
        gate.state.send_modify(|state| state.allowed = 0);
        gate
    }

    /// From now on, so many more may pass; replaces what was said before.
    pub fn allow(&self, more: usize) {
        self.state.send_if_modified(|state| {
            let allowed = state.begun.saturating_add(more);
            std::mem::replace(&mut state.allowed, allowed) != allowed
        });
    }

    /// Nobody passes any more; what has passed is finished.
    pub fn shut(&self) {
        self.state.send_modify(|state| state.shut = true);
    }

    /// How many have passed.
    pub fn begun(&self) -> usize {
        self.state.borrow().begun
    }

    /// The way through, for whoever creates.
    pub(super) fn passage(&self) -> Passage {
        Passage {
            changes: self.state.subscribe(),
            gate: self.clone(),
        }
    }
}

/// The way through a gate.
pub(super) struct Passage {
    gate: Gate,
    changes: watch::Receiver<State>,
}

impl Passage {
    /// Whether nobody passes any more.
    pub(super) fn is_shut(&self) -> bool {
        self.gate.state.borrow().shut
    }

    /// Whether one more may pass now.
    pub(super) fn is_open(&self) -> bool {
        let state = *self.gate.state.borrow();
        !state.shut && state.begun < state.allowed
    }

    /// So many have passed in all.
    pub(super) fn passed(&self, count: usize) {
        self.gate.state.send_if_modified(|state| {
            state.begun = count;
            false
        });
    }

    /// Waits until more may pass, or nobody any more.
    pub(super) async fn changed(&mut self) {
        // The gate itself holds the sender, so that waiting cannot fail.
        let _ = self.changes.changed().await;
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn as_many_pass_as_are_allowed_and_none_once_it_is_shut() {
        let gate = Gate::closed();
        let mut passage = gate.passage();
        assert!(!passage.is_open());
        gate.allow(2);
        assert!(
            passage.changed().now_or_never().is_some(),
            "whoever waits is told"
        );
        for count in 1..=2 {
            assert!(passage.is_open());
            passage.passed(count);
        }
        assert!(!passage.is_open());
        assert!(
            passage.changed().now_or_never().is_none(),
            "who passes is no news"
        );
        assert_eq!(gate.begun(), 2);
        gate.allow(1);
        assert!(passage.is_open() && !passage.is_shut());
        gate.shut();
        assert!(!passage.is_open() && passage.is_shut());
    }

    #[test]
    fn an_open_gate_lets_all_through() {
        let passage = Gate::default().passage();
        passage.passed(1_000_000);
        assert!(passage.is_open());
    }
}
