//! The loop under a Lease: it runs while this process holds it, and stops in the middle of whatever it does when it does not.

use kube::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::driver::run;
use super::options::{Options, Ran};
use crate::cluster::lease::{self, Candidate, Seat, Standing};

/// Runs the loop whenever the Lease of `seat` is held, until `stop` becomes true, or, with [`Options::once`], until every Job had a
/// pass. `tell` hears of each change of who works.
///
/// When told to stop it finishes the passes under way, and then lets the Lease go. When the Lease is lost it ends at once, as if the
/// process had been killed: somebody else may begin. What a loop that was cut short did is not part of the sums.
pub async fn lead(
    client: Client,
    seat: Seat,
    options: Options,
    mut stop: watch::Receiver<bool>,
    tell: impl Fn(&Standing),
) -> Ran {
    let (told, mut standing) = watch::channel(Standing::Asking);
    let clock = options.clock.clone();
    let candidate = Candidate::new(seat.identity.clone());
    // Ends with this function, however that ends.
    let mut holding = JoinSet::new();
    holding.spawn(lease::hold(
        client.clone(),
        seat.clone(),
        candidate,
        clock,
        told,
    ));
    let mut ran = Ran::default();
    while may_work(&mut standing, &mut stop, &tell).await {
        let now = tokio::select! {
            biased;
            () = lost(&mut standing) => continue,
            now = run(client.clone(), options.clone(), stop.clone()) => now,
        };
        ran.good += now.good;
        ran.failed += now.failed;
        if options.once || *stop.borrow() {
            break;
        }
    }
    drop(holding);
    lease::release(&client, &seat).await;
    ran
}

/// Waits until this process is to work; false if it is to stop before that.
async fn may_work(
    standing: &mut watch::Receiver<Standing>,
    stop: &mut watch::Receiver<bool>,
    tell: impl Fn(&Standing),
) -> bool {
    loop {
        let now = standing.borrow_and_update().clone();
        tell(&now);
        if now.works() {
            return true;
        }
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return false,
            changed = standing.changed() => if changed.is_err() { return false },
        }
    }
}

async fn lost(standing: &mut watch::Receiver<Standing>) {
    // Whoever holds the Lease for us ends only after we do.
    let _ = standing.wait_for(|now| !now.works()).await;
}
