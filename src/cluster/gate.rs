//! The gate that members pass before they are created: it lets through as many as may be begun, and can be shut for good.

use std::sync::Arc;

use futures::stream::{self, Stream};
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

    /// The members that pass, one after the other; ends when the gate is shut or all have passed.
    pub fn pass<'a, T: 'a>(
        &self,
        members: impl Iterator<Item = T> + 'a,
    ) -> impl Stream<Item = T> + 'a {
        let receiver = self.state.subscribe();
        stream::unfold(
            (self.clone(), receiver, members),
            |(gate, mut receiver, mut members)| async move {
                let open = |state: &State| state.shut || state.begun < state.allowed;
                // The gate itself holds the sender, so that waiting cannot fail.
                let shut = receiver.wait_for(open).await.is_ok_and(|state| state.shut);
                if shut {
                    return None;
                }
                let member = members.next()?;
                gate.state.send_if_modified(|state| {
                    state.begun += 1;
                    false
                });
                Some((member, (gate, receiver, members)))
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, StreamExt};

    use super::*;

    #[test]
    fn as_many_pass_as_are_allowed_and_none_once_it_is_shut() {
        let gate = Gate::closed();
        let mut members = Box::pin(gate.pass(1..));
        let mut next = || members.next().now_or_never();
        assert_eq!(next(), None, "closed");
        gate.allow(2);
        assert_eq!(
            (next(), next(), next()),
            (Some(Some(1)), Some(Some(2)), None)
        );
        assert_eq!(gate.begun(), 2);
        gate.allow(0);
        gate.allow(5);
        assert_eq!(next(), Some(Some(3)));
        gate.shut();
        assert_eq!(next(), Some(None));
    }

    #[test]
    fn an_open_gate_lets_all_through() {
        let all: Vec<i32> = Gate::default()
            .pass(0..3)
            .collect()
            .now_or_never()
            .expect("at once");
        assert_eq!(all, [0, 1, 2]);
    }
}
