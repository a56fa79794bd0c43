//! All that is needed to start one container, worked out before anything is touched.

use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::Container;

use super::environment::{Sources, arguments, variables};
use super::plan::PodPlan;
use super::system::MARKER_VARIABLE;
use super::volumes::{Mount, VolumeFault, mounts};

/// What the node gives to every container.
#[derive(Clone, Debug)]
pub(super) struct Base {
    /// Where Pods have their scratch folders.
    pub(super) pods: PathBuf,
    /// `PATH` of the tool itself, for there is no image to bring programs.
    pub(super) path: String,
    /// The markers that every process bears.
    pub(super) marker: String,
}

/// A container, ready to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recipe {
    /// The scratch folder of the container; made anew for each try.
    pub(super) scratch: PathBuf,
    /// The folder of its temporary files.
    pub(super) temporary: PathBuf,
    /// Where the Pod's volumes are.
    pub(super) volumes: PathBuf,
    pub(super) mounts: Vec<Mount>,
    pub(super) working_dir: Option<String>,
    /// The program and its arguments; at least one word.
    pub(super) words: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
}

/// Why a container does not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Something that it refers to is missing and may come.
    Missing(String),
    /// It never can; the reason and the message of its end.
    Cannot(&'static str, String),
}

impl From<VolumeFault> for Fault {
    fn from(fault: VolumeFault) -> Self {
        match fault {
            VolumeFault::Missing(message) => Self::Missing(message),
            VolumeFault::Cannot(message) => Self::Cannot("ContainerCannotRun", message),
        }
    }
}

/// Works out how to start a container.
pub(super) fn recipe(
    plan: &PodPlan,
    container: &Container,
    sources: &Sources,
    base: &Base,
) -> Result<Recipe, Fault> {
    let own = variables(plan, container, sources).map_err(Fault::Missing)?;
    let words = arguments(container, &own);
    if words.is_empty() {
        return Err(Fault::Cannot("ContainerCannotRun", no_command(container)));
    }
    let pod = pod_folder(&base.pods, &plan.uid);
    let scratch = pod.join("containers").join(&container.name);
    let temporary = pod.join("tmp").join(&container.name);
    let mut environment = vec![
        ("PATH".to_owned(), base.path.clone()),
        ("HOSTNAME".to_owned(), plan.name.clone()),
        ("HOME".to_owned(), scratch.display().to_string()),
        ("TMPDIR".to_owned(), temporary.display().to_string()),
    ];
    environment.retain(|(name, _)| own.iter().all(|(known, _)| known != name));
    environment.extend(own.into_iter().filter(|(name, _)| name != MARKER_VARIABLE));
    environment.push((MARKER_VARIABLE.to_owned(), base.marker.clone()));
    Ok(Recipe {
        mounts: mounts(plan, container, sources)?,
        volumes: pod.join("volumes"),
        scratch,
        temporary,
        working_dir: container
            .working_dir
            .clone()
            .filter(|folder| !folder.is_empty()),
        words,
        environment,
    })
}

/// The scratch folder of a Pod.
pub(super) fn pod_folder(pods: &Path, uid: &str) -> PathBuf {
    pods.join(uid)
}

fn no_command(container: &Container) -> String {
    format!(
        "container {:?} has no command: the local cluster pulls no images, so it cannot know what image {:?} would run; \
         give the container a command",
        container.name,
        container.image.as_deref().unwrap_or_default()
    )
}
