//! What the statuses of a Pod's containers add up to: restarts, ends, exit codes.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::kube_value::{instant, list, number, text};

/// One container that ended with an exit code other than 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The container's name.
    pub container: String,
    /// Its exit code; negative on Windows.
    pub code: i32,
}

/// The statuses of all containers of one Pod, folded.
#[derive(Debug, Default)]
pub(super) struct Containers {
    pub(super) restarts: i32,
    pub(super) restarts_max: i32,
    pub(super) sidecar_restarts_max: i32,
    pub(super) finished: Option<Timestamp>,
    pub(super) exits: Vec<Exit>,
}

impl Containers {
    pub(super) fn of_pod(pod: &Value) -> Self {
        let regular = list(pod, "/status/containerStatuses");
        let init = list(pod, "/status/initContainerStatuses");
        let sidecar_names: BTreeSet<&str> = list(pod, "/spec/initContainers")
            .iter()
            .filter(|container| text(container, "/restartPolicy") == Some("Always"))
            .filter_map(|container| text(container, "/name"))
            .collect();
        let is_sidecar = |status: &&Value| {
            text(status, "/name").is_some_and(|name| sidecar_names.contains(name))
        };
        let restarts = |status: &Value| number(status, "/restartCount").unwrap_or(0);
        let both = || regular.iter().chain(init);
        let sidecars = || init.iter().filter(is_sidecar);
        Self {
            restarts: both().map(restarts).fold(0, i32::saturating_add),
            restarts_max: regular.iter().map(restarts).max().unwrap_or(0),
            sidecar_restarts_max: sidecars().map(restarts).max().unwrap_or(0),
            finished: last_end(regular.iter().chain(sidecars())),
            exits: both().filter_map(Exit::of_status).collect(),
        }
    }
}

impl Exit {
    fn of_status(status: &Value) -> Option<Self> {
        let code = number(status, "/state/terminated/exitCode").filter(|code| *code != 0)?;
        Some(Self {
            container: text(status, "/name").unwrap_or_default().to_owned(),
            code,
        })
    }
}

/// The latest end, if every one of these containers has ended (`getFinishTimeFromContainers`).
fn last_end<'a>(statuses: impl Iterator<Item = &'a Value>) -> Option<Timestamp> {
    let ends: Option<Vec<_>> = statuses
        .map(|status| instant(status, "/state/terminated/finishedAt"))
        .collect();
    ends?.into_iter().max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ended(name: &str, second: i64, code: i32) -> Value {
        let end = Timestamp::from_second(second)
            .expect("in range")
            .to_string();
        json!({"name": name, "restartCount": 1, "state": {"terminated": {"finishedAt": end, "exitCode": code}}})
    }

    fn of(regular: &Value, init: &Value) -> Containers {
        Containers::of_pod(&json!({
            "spec": {"initContainers": [{"name": "sidecar", "restartPolicy": "Always"}, {"name": "prepare"}]},
            "status": {"containerStatuses": regular, "initContainerStatuses": init},
        }))
    }

    #[test]
    fn the_last_end_needs_every_regular_container_and_every_sidecar() {
        let running = json!({"name": "b", "state": {"running": {}}});
        let slow = json!({"name": "sidecar", "state": {"running": {}}});
        for (regular, init, end) in [
            (json!([]), json!([]), None),
            (
                json!([ended("a", 5, 0), ended("b", 9, 0)]),
                json!([]),
                Some(9),
            ),
            (json!([ended("a", 5, 0), running]), json!([]), None),
            (
                json!([ended("a", 5, 0)]),
                json!([ended("sidecar", 7, 0)]),
                Some(7),
            ),
            (json!([ended("a", 5, 0)]), json!([slow]), None),
            (
                json!([ended("a", 5, 0)]),
                json!([{"name": "prepare", "state": {}}]),
                Some(5),
            ),
            (json!([]), json!([ended("sidecar", 7, 0)]), Some(7)),
        ] {
            let found = of(&regular, &init).finished.map(Timestamp::as_second);
            assert_eq!(found, end, "{regular} {init}");
        }
    }

    #[test]
    fn bad_exits_are_listed_regular_containers_first() {
        let found = of(
            &json!([ended("a", 1, 0), ended("b", 1, -7)]),
            &json!([ended("prepare", 1, 42)]),
        );
        let exits: Vec<_> = found
            .exits
            .iter()
            .map(|exit| (exit.container.as_str(), exit.code))
            .collect();
        assert_eq!(exits, [("b", -7), ("prepare", 42)]);
    }

    #[test]
    fn restarts_are_summed_over_all_and_ranked_apart() {
        let with = |name: &str, restarts: i32| json!({"name": name, "restartCount": restarts});
        let found = of(
            &json!([with("a", 2), with("b", 3)]),
            &json!([with("sidecar", 4), with("prepare", 9)]),
        );
        assert_eq!(
            (
                found.restarts,
                found.restarts_max,
                found.sidecar_restarts_max
            ),
            (18, 3, 4)
        );
    }
}
