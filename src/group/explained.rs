//! What an Event explains.

use super::job_view::JobView;
use super::pod_view::PodView;
use super::wait::Wait;

/// What an Event says of why a Job has no Pod, or why a Pod does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The uid of the Job or the Pod.
    pub uid: String,
    /// Why.
    pub wait: Wait,
}

impl Explained {
    /// The explanation, if it is one for how things stand.
    pub(super) fn of(&self, job: &JobView, pods: &[&PodView]) -> Option<&Wait> {
        let mut live = pods.iter().filter(|pod| !pod.deleting).peekable();
        let is_meant = match live.peek() {
            None => self.uid == job.uid,
            Some(_) => live.any(|pod| pod.uid == self.uid),
        };
        is_meant.then_some(&self.wait)
    }
}
