//! What the model of a group is fed from: the watches of its Jobs and Pods, as observations.

use futures::stream::{self, BoxStream, StreamExt};
use kube::Client;

use super::features::has_watch_list;
use super::rest::{JOBS, PODS};
use super::watching::{Seen, watch_cut};
use crate::group::{JobView, Observation, PodView};

/// One observation, or what is wrong with a watch, which goes on by itself.
pub type Observed = Result<Observation, String>;

/// Watches the Jobs and the Pods that a label selector matches, in one namespace or in all.
pub fn observe(
    client: &Client,
    namespace: Option<&str>,
    selector: &str,
) -> BoxStream<'static, Observed> {
    let (client, selector) = (client.clone(), selector.to_owned());
    let namespace = namespace.map(str::to_owned);
    let begun = async move {
        let namespace = namespace.as_deref();
        let is_streamed = has_watch_list(&client, namespace).await;
        let jobs = watch_cut(&client, JOBS, namespace, &selector, is_streamed);
        let pods = watch_cut(&client, PODS, namespace, &selector, is_streamed);
        stream::select(jobs.filter_map(job_seen), pods.filter_map(pod_seen))
    };
    stream::once(begun).flatten().boxed()
}

async fn job_seen(seen: Seen) -> Option<Observed> {
    let view = |object| JobView::from_value(object).map(Box::new);
    Some(Ok(match seen {
        Seen::Present(object) => Observation::Job(view(&object)?),
        Seen::Gone(object) => Observation::JobGone(view(&object)?),
        Seen::Listing => Observation::JobsListing,
        Seen::Complete => Observation::JobsListed,
        Seen::Trouble(error) => return Some(Err(error)),
    }))
}

async fn pod_seen(seen: Seen) -> Option<Observed> {
    let view = |object| PodView::from_value(object).map(Box::new);
    Some(Ok(match seen {
        Seen::Present(object) => Observation::Pod(view(&object)?),
        Seen::Gone(object) => Observation::PodGone(view(&object)?),
        Seen::Listing => Observation::PodsListing,
        Seen::Complete => Observation::PodsListed,
        Seen::Trouble(error) => {
            tracing::debug!(error, "watching Pods");
            Observation::PodsUnseen
        }
    }))
}
