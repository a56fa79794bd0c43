//! Which log files there are, and who may read them.

#![expect(
    clippy::disallowed_methods,
    reason = "log files of local containers are made and removed here"
)]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::watch;

use super::read::{LogOptions, Reader};
use super::write::{LogWriter, Progress};

/// Tries of a container whose logs are kept: the current one and the one before it, as the kubelet does.
const TRIES_KEPT: usize = 2;

/// The logs of all containers of the node. Clones share one registry.
#[derive(Clone, Debug, Default)]
pub struct LogRegistry {
    pods: Arc<Mutex<BTreeMap<String, Containers>>>,
}

type Containers = BTreeMap<String, Vec<Try>>;

/// One try of a container: its Pod's uid, its name, its number from 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TryKey<'a> {
    pub(crate) pod_uid: &'a str,
    pub(crate) container: &'a str,
    pub(crate) number: i32,
}

#[derive(Clone, Debug)]
struct Try {
    path: PathBuf,
    progress: watch::Receiver<Progress>,
}

impl LogRegistry {
    /// The log of a container, as `kubectl logs` shows it: the text without the entries' heads, in chunks of whole entries.
    ///
    /// Without a log to read, the first and only item is an error of kind `NotFound` whose text is the kubelet's.
    pub fn stream(
        &self,
        pod_uid: &str,
        container: &str,
        options: LogOptions,
    ) -> BoxStream<'static, io::Result<Bytes>> {
        match self.open(pod_uid, container, options) {
            Ok(stream) => stream,
            Err(error) => futures::stream::once(async { Err(error) }).boxed(),
        }
    }

    /// As [`Self::stream`], with the error up front.
    pub fn open(
        &self,
        pod_uid: &str,
        container: &str,
        options: LogOptions,
    ) -> io::Result<BoxStream<'static, io::Result<Bytes>>> {
        let found = self.find(pod_uid, container, options.previous);
        let log = found.ok_or_else(|| {
            let text = if options.previous {
                format!("previous terminated container {container:?} in pod {pod_uid:?} not found")
            } else {
                format!("container {container:?} in pod {pod_uid:?} is waiting to start")
            };
            io::Error::new(io::ErrorKind::NotFound, text)
        })?;
        Ok(Reader::new(log.path, log.progress, options).stream())
    }

    /// Makes the file for a new try, in `folder`, and drops those of tries that nobody can ask for any more.
    pub(crate) fn create(&self, folder: &Path, key: TryKey<'_>) -> io::Result<LogWriter> {
        let folder = folder.join(key.pod_uid).join(key.container);
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.log", key.number));
        let file = std::fs::File::create(&path)?;
        let (sender, progress) = watch::channel(Progress::default());
        let mut pods = self.lock();
        let containers = pods.entry(key.pod_uid.to_owned()).or_default();
        let tries = containers.entry(key.container.to_owned()).or_default();
        tries.push(Try { path, progress });
        let surplus = tries.len().saturating_sub(TRIES_KEPT);
        for old in tries.drain(..surplus) {
            // A file that is gone already is what is wanted.
            let _ = std::fs::remove_file(old.path);
        }
        Ok(LogWriter::new(file, sender))
    }

    /// Forgets a Pod and removes its files; who reads them reads to the end of what is there.
    pub(crate) fn forget(&self, folder: &Path, pod_uid: &str) {
        if self.lock().remove(pod_uid).is_some() {
            let _ = std::fs::remove_dir_all(folder.join(pod_uid));
        }
    }

    fn find(&self, pod_uid: &str, container: &str, previous: bool) -> Option<Try> {
        let pods = self.lock();
        let tries = pods.get(pod_uid)?.get(container)?;
        let index = tries.len().checked_sub(1 + usize::from(previous))?;
        tries.get(index).cloned()
    }

    /// A panic elsewhere leaves the map whole: every change is one call.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Containers>> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
