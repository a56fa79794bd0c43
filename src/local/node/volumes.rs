//! Volumes of a Pod, as folders and links under the scratch folder.
//!
//! The processes see the machine's own file system, so a `mountPath` is a path under the container's scratch folder,
//! which is also its `$HOME` and, unless it says otherwise, its working folder. A program that opens `/data` does not find the volume there.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use k8s_openapi::api::core::v1::{Container, KeyToPath, Volume};

use super::environment::{Source, Sources};
use super::plan::{PodPlan, is_label};

/// What a container finds at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// Under the container's scratch folder.
    pub(super) at: PathBuf,
    /// What it leads to.
    pub(super) target: Target,
}

/// What a mount leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A folder of the Pod's, by volume and path in it, filled with files.
    Folder {
        path: PathBuf,
        volume: String,
        files: Vec<(PathBuf, Vec<u8>)>,
    },
    /// A path of the machine's (`hostPath`).
    Host(PathBuf),
}

/// Why a volume cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum VolumeFault {
    /// It may appear later.
    Missing(String),
    /// The node cannot do it.
    Cannot(String),
}

/// Which objects the volumes of a container refer to.
pub(super) fn sources_needed(plan: &PodPlan, container: &Container) -> BTreeSet<Source> {
    let mounts = container.volume_mounts.iter().flatten();
    mounts
        .filter_map(|mount| filled(volume(plan, &mount.name)?))
        .map(|(source, _, _)| source)
        .collect()
}

/// All mounts of a container.
pub(super) fn mounts(
    plan: &PodPlan,
    container: &Container,
    sources: &Sources,
) -> Result<Vec<Mount>, VolumeFault> {
    let mounts = container.volume_mounts.iter().flatten();
    mounts
        .map(|mount| {
            let cannot = |why: &str| VolumeFault::Cannot(format!("volume {:?}: {why}", mount.name));
            let volume = volume(plan, &mount.name)
                .filter(|volume| is_label(&volume.name))
                .ok_or_else(|| cannot("the Pod has no volume of this name"))?;
            let at = relative(mount.mount_path.trim_start_matches('/'))
                .ok_or_else(|| cannot("mountPath leads out of the container's folder"))?;
            let sub_path = relative(mount.sub_path.as_deref().unwrap_or_default())
                .ok_or_else(|| cannot("subPath leads out of the volume"))?;
            let target = target(volume, &sub_path, sources)?;
            Ok(Mount { at, target })
        })
        .collect()
}

fn volume<'a>(plan: &'a PodPlan, name: &str) -> Option<&'a Volume> {
    let mut volumes = plan.spec.volumes.iter().flatten();
    volumes.find(|volume| volume.name == name)
}

fn target(volume: &Volume, sub_path: &Path, sources: &Sources) -> Result<Target, VolumeFault> {
    let folder = |files| Target::Folder {
        path: sub_path.to_owned(),
        volume: volume.name.clone(),
        files,
    };
    if volume.empty_dir.is_some() {
        return Ok(folder(Vec::new()));
    }
    if let Some(host) = &volume.host_path {
        return Ok(Target::Host(Path::new(&host.path).join(sub_path)));
    }
    let Some((source, items, optional)) = filled(volume) else {
        return Err(VolumeFault::Cannot(format!(
            "volume {:?}: the local cluster has emptyDir, configMap, secret and hostPath volumes, and no others",
            volume.name
        )));
    };
    match sources.get(&source) {
        Some(data) => files(&volume.name, data, items).map(folder),
        None if optional => Ok(folder(Vec::new())),
        None => Err(VolumeFault::Missing(format!("{source} not found"))),
    }
}

type Filled<'a> = (Source, Option<&'a Vec<KeyToPath>>, bool);

/// The object that fills a volume.
fn filled(volume: &Volume) -> Option<Filled<'_>> {
    if let Some(map) = &volume.config_map {
        let source = Source::ConfigMap(map.name.clone());
        return Some((source, map.items.as_ref(), map.optional.unwrap_or(false)));
    }
    let secret = volume.secret.as_ref()?;
    let source = Source::Secret(secret.secret_name.clone().unwrap_or_default());
    Some((
        source,
        secret.items.as_ref(),
        secret.optional.unwrap_or(false),
    ))
}

fn files(
    volume: &str,
    data: &std::collections::BTreeMap<String, Vec<u8>>,
    items: Option<&Vec<KeyToPath>>,
) -> Result<Vec<(PathBuf, Vec<u8>)>, VolumeFault> {
    let all = || {
        data.keys()
            .map(|key| (key.as_str(), key.as_str()))
            .collect()
    };
    let wanted: Vec<(&str, &str)> = items.map_or_else(all, |items| {
        items
            .iter()
            .map(|item| (item.key.as_str(), item.path.as_str()))
            .collect()
    });
    wanted
        .into_iter()
        .map(|(key, path)| {
            let content = data.get(key).ok_or_else(|| {
                VolumeFault::Missing(format!(
                    "volume {volume:?} references non-existent config key: {key}"
                ))
            })?;
            let path = relative(path)
                .filter(|path| !path.as_os_str().is_empty())
                .ok_or_else(|| {
                    VolumeFault::Cannot(format!(
                        "volume {volume:?}: path {path:?} leads out of the volume"
                    ))
                })?;
            Ok((path, content.clone()))
        })
        .collect()
}

/// A path that stays below where it starts.
pub(super) fn relative(path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    path.components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
        .then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Mount, Target, VolumeFault, mounts, relative};
    use crate::local::node::environment::{Source, Sources};
    use crate::local::node::plan::PodPlan;

    fn read(volume: &Value, mount: &Value) -> Result<Vec<Mount>, VolumeFault> {
        let pod = json!({
            "metadata": {"name": "p", "uid": "u"},
            "spec": {"volumes": [volume], "containers": [{"name": "main", "volumeMounts": [mount]}]},
        });
        let plan = PodPlan::read(&serde_json::from_value(pod).expect("an object")).expect("a Pod");
        let data = [("k".to_owned(), b"v".to_vec())].into();
        let sources = Sources::from([(Source::ConfigMap("cm".into()), data)]);
        mounts(&plan, &plan.containers[0].spec, &sources)
    }

    #[test]
    fn volumes_become_folders_and_links() {
        let found = read(
            &json!({"name": "v", "configMap": {"name": "cm", "items": [{"key": "k", "path": "a/b"}]}}),
            &json!({"name": "v", "mountPath": "/etc/app"}),
        );
        let target = Target::Folder {
            path: "".into(),
            volume: "v".into(),
            files: vec![("a/b".into(), b"v".to_vec())],
        };
        let at = "etc/app".into();
        assert_eq!(found, Ok(vec![Mount { at, target }]));
    }

    #[test]
    fn what_cannot_be_mounted_says_why() {
        let mount = || json!({"name": "v", "mountPath": "/d"});
        for (volume, mount, part) in [
            (
                json!({"name": "v", "nfs": {"server": "s", "path": "/"}}),
                mount(),
                "no others",
            ),
            (json!({"name": "w", "emptyDir": {}}), mount(), "no volume"),
            (
                json!({"name": "v", "emptyDir": {}}),
                json!({"name": "v", "mountPath": "/../x"}),
                "leads out",
            ),
            (
                json!({"name": "v", "emptyDir": {}}),
                json!({"name": "v", "mountPath": "/d", "subPath": "/x"}),
                "leads out",
            ),
            (
                json!({"name": "v", "configMap": {"name": "no"}}),
                mount(),
                "configmap \"no\" not found",
            ),
        ] {
            let fault = format!("{:?}", read(&volume, &mount).expect_err("a fault"));
            assert!(fault.replace('\\', "").contains(part), "{fault}");
        }
    }

    #[test]
    fn only_paths_that_stay_inside_are_relative() {
        assert!(relative("a/./b").is_some() && relative("").is_some());
        assert!(
            relative("../a").is_none() && relative("a/../b").is_none() && relative("/a").is_none()
        );
    }
}
