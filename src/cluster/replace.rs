//! Deletes the Jobs whose place other ones are to take: each by its uid, and no other.

use futures::{StreamExt, stream};
use kube::Client;

use super::problem::Problem;
use super::rest::{self, JOBS};
use crate::group::Place;

/// Deletions that are under way at a time.
const CONCURRENCY: usize = 16;

/// What becomes of the Pods of a Job that is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Cascade {
    /// The Job goes when its Pods have gone: the next one never runs beside them
    Foreground,
    /// The Job goes at once, and its Pods after it
    Background,
}

impl Cascade {
    /// `DeleteOptions.propagationPolicy`.
    fn policy(self) -> &'static str {
        match self {
            Self::Foreground => "Foreground",
            Self::Background => "Background",
        }
    }
}

/// Asks for the deletion of Jobs, named by place and uid; one that is gone, or that is another one by now, is left alone.
///
/// Whoever creates Jobs of these names waits until the old ones are gone: `submit` does. Gives how many deletions the
/// server took, and the first error.
pub async fn delete_by_uid(
    client: &Client,
    jobs: Vec<(Place, String)>,
    cascade: Cascade,
) -> (usize, Option<Problem>) {
    let mut requests = stream::iter(jobs)
        .map(|(place, uid)| async move {
            let mut options = rest::only_uid(&uid);
            options["propagationPolicy"] = cascade.policy().into();
            rest::delete(client, JOBS, &place.namespace, &place.name, &options).await
        })
        .buffer_unordered(CONCURRENCY);
    let (mut deleted, mut first_error) = (0, None);
    while let Some(result) = requests.next().await {
        match result {
            Ok(_) => deleted += 1,
            // Gone, or replaced by somebody else: comparing digests tells what that means.
            Err(error) if rest::is_status(&error, 404) || rest::is_status(&error, 409) => {}
            Err(error) => {
                first_error.get_or_insert(Problem::from(error));
            }
        }
    }
    (deleted, first_error)
}
