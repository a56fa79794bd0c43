//! Removes tracking finalizers that nobody needs any more: those of Pods whose Job has ended or is gone.

use std::collections::BTreeSet;
use std::time::Duration;

use kube::Client;

use super::untrack::remove_finalizer;
use super::world::Orphan;

/// So often a finalizer is tried to be removed, 1, 2, 4 ... seconds apart; the resync comes back to the rest.
const TRIES: u32 = 4;

/// Removes the finalizers, and tries again what failed: nobody else will, and a Pod with one cannot go away.
///
/// Gives the uids of all Pods that were tried.
pub(super) async fn free_all(client: &Client, orphans: Vec<Orphan>) -> BTreeSet<String> {
    let uids = orphans
        .iter()
        .map(|orphan| orphan.pod.uid.clone())
        .collect();
    let mut left = orphans;
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_secs(1 << (attempt - 1))).await;
        }
        let mut failed = Vec::new();
        for orphan in left {
            if let Err(error) = remove_finalizer(client, &orphan.namespace, &orphan.pod).await {
                tracing::debug!(%error, pod = orphan.pod.name, "finalizer of an orphan stays for now");
                failed.push(orphan);
            }
        }
        left = failed;
        if left.is_empty() {
            break;
        }
    }
    uids
}
