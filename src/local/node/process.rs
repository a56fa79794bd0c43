//! Starts the process of a container from its recipe. Everything here blocks and is called off the runtime's threads.

#![expect(
    clippy::disallowed_methods,
    reason = "makes scratch folders and starts processes"
)]

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, Command};

use super::recipe::{Fault, Recipe};
use super::system;
use super::volumes::{Mount, Target, relative};

/// Prepares the folders and starts the process. Must be called within a runtime, which then waits for the child.
pub(super) fn start(recipe: &Recipe) -> Result<Child, Fault> {
    let folder = prepare(recipe)
        .map_err(|error| cannot(&format!("the container's folders cannot be made: {error}")))?;
    let (name, arguments) = recipe.words.split_first().expect("a recipe has a program");
    let path = recipe.environment.iter().find(|(name, _)| name == "PATH");
    let path = path.map_or("", |(_, value)| value.as_str());
    let program = system::find_program(name, path, &folder).map_err(|why| cannot(&why))?;
    let mut command = Command::new(program);
    command
        .arg0(name)
        .args(arguments)
        .env_clear()
        .envs(recipe.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    system::own_group(command.as_std_mut());
    command
        .spawn()
        .map_err(|error| cannot(&format!("exec: {name:?}: {error}")))
}

fn cannot(message: &str) -> Fault {
    Fault::Cannot(
        "StartError",
        format!("unable to start container process: {message}"),
    )
}

/// Makes the folders of a new try; the folder to start in.
fn prepare(recipe: &Recipe) -> io::Result<PathBuf> {
    remove(&recipe.scratch)?;
    std::fs::create_dir_all(&recipe.scratch)?;
    std::fs::create_dir_all(&recipe.temporary)?;
    for mount in &recipe.mounts {
        make(recipe, mount)?;
    }
    let Some(wanted) = &recipe.working_dir else {
        return Ok(recipe.scratch.clone());
    };
    let inside = relative(wanted.trim_start_matches('/')).map(|path| recipe.scratch.join(path));
    match inside {
        Some(inside) if inside.is_dir() => Ok(inside),
        _ if Path::new(wanted).is_absolute() && Path::new(wanted).is_dir() => Ok(wanted.into()),
        Some(inside) => std::fs::create_dir_all(&inside).map(|()| inside),
        None => Err(io::Error::other(format!(
            "workingDir {wanted:?} leads out of the container's folder"
        ))),
    }
}

fn make(recipe: &Recipe, mount: &Mount) -> io::Result<()> {
    let target = match &mount.target {
        Target::Host(path) => path.clone(),
        Target::Folder {
            path,
            volume,
            files,
        } => fill(&recipe.volumes.join(volume), path, files)?,
    };
    let at = recipe.scratch.join(&mount.at);
    if let Some(parent) = at.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::os::unix::fs::symlink(target, at)
}

/// Makes a volume's folder with its files; the path in it that is mounted.
fn fill(volume: &Path, path: &Path, files: &[(PathBuf, Vec<u8>)]) -> io::Result<PathBuf> {
    std::fs::create_dir_all(volume)?;
    for (name, content) in files {
        let file = volume.join(name);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(file, content)?;
    }
    let mounted = volume.join(path);
    if !mounted.exists() {
        std::fs::create_dir_all(&mounted)?;
    }
    Ok(mounted)
}

/// Removes a folder with all that is in it, if it is there. Links are removed, not followed.
pub(super) fn remove(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
