//! What the node reads from a Pod before it runs it.

use jiff::SignedDuration;
use k8s_openapi::api::core::v1::{Container, PodSpec};
use kube::core::{DynamicObject, ObjectMeta};
use serde::Deserialize;
use serde_json::Value;

/// How long a Pod that names no grace period gets between TERM and KILL (core/v1, `terminationGracePeriodSeconds`).
const DEFAULT_GRACE: i64 = 30;

/// `spec.restartPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RestartPolicy {
    Always,
    OnFailure,
    Never,
}

/// What a container is to its Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Runs to its end before the next one starts.
    Init,
    /// An init container with `restartPolicy: Always`: starts in order, runs beside the others, ends after them.
    Sidecar,
    /// A regular container.
    Main,
}

/// A container and its role.
#[derive(Clone, Debug)]
pub(super) struct ContainerPlan {
    pub(super) role: Role,
    pub(super) spec: Container,
}

/// A Pod as the node runs it.
#[derive(Clone, Debug)]
pub(super) struct PodPlan {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) uid: String,
    pub(super) metadata: ObjectMeta,
    pub(super) spec: PodSpec,
    /// Init containers and sidecars in their order, then the regular ones.
    pub(super) containers: Vec<ContainerPlan>,
    pub(super) restart: RestartPolicy,
    /// Between TERM and KILL.
    pub(super) grace: SignedDuration,
    /// From the start of the Pod.
    pub(super) deadline: Option<SignedDuration>,
}

/// Why a Pod cannot be run as it stands.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum PlanError {
    #[error("the Pod's spec is not as core/v1 wants it: {0}")]
    Shape(String),
    #[error("the Pod has no containers; spec.containers needs at least one")]
    Empty,
    #[error(
        "container name {0:?} is no DNS label; expected at most 63 of a-z, 0-9 and -, with - not at an end"
    )]
    Name(String),
    #[error("spec.restartPolicy is {0:?}; expected Always, OnFailure or Never")]
    Restart(String),
    #[error("the Pod has no uid; the node runs only Pods that the API has stored")]
    Uid,
}

impl PodPlan {
    /// Reads the parts that the node obeys.
    pub(super) fn read(pod: &DynamicObject) -> Result<Self, PlanError> {
        let spec = PodSpec::deserialize(pod.data.get("spec").unwrap_or(&Value::Null))
            .map_err(|error| PlanError::Shape(error.to_string()))?;
        let metadata = pod.metadata.clone();
        let uid = metadata.uid.clone().filter(|uid| is_label(uid));
        Ok(Self {
            name: metadata.name.clone().unwrap_or_default(),
            namespace: metadata
                .namespace
                .clone()
                .unwrap_or_else(|| "default".into()),
            uid: uid.ok_or(PlanError::Uid)?,
            containers: containers(&spec)?,
            restart: restart(spec.restart_policy.as_deref())?,
            grace: seconds(spec.termination_grace_period_seconds)
                .unwrap_or(SignedDuration::from_secs(DEFAULT_GRACE)),
            deadline: seconds(spec.active_deadline_seconds),
            metadata,
            spec,
        })
    }
}

fn seconds(number: Option<i64>) -> Option<SignedDuration> {
    number.map(|seconds| SignedDuration::from_secs(seconds.clamp(0, i64::from(i32::MAX))))
}

fn restart(policy: Option<&str>) -> Result<RestartPolicy, PlanError> {
    match policy {
        None | Some("Always") => Ok(RestartPolicy::Always),
        Some("OnFailure") => Ok(RestartPolicy::OnFailure),
        Some("Never") => Ok(RestartPolicy::Never),
        Some(other) => Err(PlanError::Restart(other.to_owned())),
    }
}

fn containers(spec: &PodSpec) -> Result<Vec<ContainerPlan>, PlanError> {
    if spec.containers.is_empty() {
        return Err(PlanError::Empty);
    }
    let init = spec.init_containers.iter().flatten().map(|container| {
        let sidecar = container.restart_policy.as_deref() == Some("Always");
        (if sidecar { Role::Sidecar } else { Role::Init }, container)
    });
    let main = spec
        .containers
        .iter()
        .map(|container| (Role::Main, container));
    init.chain(main)
        .map(|(role, container)| {
            if !is_label(&container.name) {
                return Err(PlanError::Name(container.name.clone()));
            }
            let spec = container.clone();
            Ok(ContainerPlan { role, spec })
        })
        .collect()
}

/// Names of containers and uids become parts of paths, so nothing else may pass.
pub(super) fn is_label(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len())
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{PlanError, PodPlan, RestartPolicy, Role};

    fn read(spec: &Value) -> Result<PodPlan, PlanError> {
        let pod = json!({"metadata": {"name": "p", "namespace": "n", "uid": "u-1"}, "spec": spec});
        PodPlan::read(&serde_json::from_value(pod).expect("an object"))
    }

    #[test]
    fn defaults_are_those_of_the_api() {
        let plan = read(&json!({"containers": [{"name": "main"}]})).expect("a Pod");
        assert_eq!(plan.restart, RestartPolicy::Always);
        assert_eq!(plan.grace.as_secs(), 30);
        assert_eq!(plan.deadline, None);
    }

    #[test]
    fn init_containers_and_sidecars_come_first() {
        let plan = read(&json!({
            "initContainers": [{"name": "a"}, {"name": "b", "restartPolicy": "Always"}],
            "containers": [{"name": "c"}],
        }))
        .expect("a Pod");
        let roles: Vec<_> = plan.containers.iter().map(|c| c.role).collect();
        assert_eq!(roles, [Role::Init, Role::Sidecar, Role::Main]);
    }

    #[test]
    fn what_cannot_run_is_named() {
        for (spec, part) in [
            (json!({"containers": []}), "no containers"),
            (json!({}), "no containers"),
            (json!({"containers": [{"name": "../x"}]}), "../x"),
            (
                json!({"containers": [{"name": "a", "command": "sh"}]}),
                "sh",
            ),
            (
                json!({"containers": [{"name": "a"}], "restartPolicy": "No"}),
                "No",
            ),
        ] {
            let error = read(&spec).expect_err("not a Pod to run").to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
