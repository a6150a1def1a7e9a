//! Files on disk: opaque names, temporary until they are whole, never changed afterwards, unlinked
//! when nobody refers to them and nobody reads them.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use super::index::Segment;
use crate::domain::{Entropy, SystemEntropy, random_bytes};

/// The name of one file of content: 128 random bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentId([u8; 16]);

impl SegmentId {
    fn parse(text: &str) -> Option<Self> {
        let mut id = [0; 16];
        hex::decode_to_slice(text, &mut id).ok()?;
        Some(Self(id))
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for SegmentId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Serialize for SegmentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SegmentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not the name of a file of content"))
    }
}

/// The folder of content.
#[derive(Debug)]
pub struct Disk {
    blobs: PathBuf,
    temp: PathBuf,
    pins: Mutex<Pins>,
    tasks: TaskTracker,
    runtime: Handle,
}

#[derive(Debug, Default)]
struct Pins {
    readers: HashMap<SegmentId, usize>,
    doomed: HashSet<SegmentId>,
}

impl Disk {
    /// Makes the folders where they are missing. Work that nobody waits for runs on `tasks`.
    pub fn open(root: &Path, tasks: TaskTracker, runtime: Handle) -> io::Result<Self> {
        let (blobs, temp) = (root.join("blobs"), root.join("temp"));
        fs::create_dir_all(&temp)?;
        for shard in 0..=u8::MAX {
            fs::create_dir_all(blobs.join(hex::encode([shard])))?;
        }
        sync_dir(&blobs)?;
        sync_dir(root)?;
        Ok(Self { blobs, temp, pins: Mutex::default(), tasks, runtime })
    }

    /// Deletes every file that is not in `used`; returns how many. Only before anything is served.
    pub fn sweep(&self, used: &HashSet<SegmentId>) -> io::Result<u64> {
        let mut swept = 0;
        for entry in fs::read_dir(&self.temp)? {
            fs::remove_file(entry?.path())?;
            swept += 1;
        }
        for shard in fs::read_dir(&self.blobs)? {
            for entry in fs::read_dir(shard?.path())? {
                let entry = entry?;
                let id = entry.file_name().to_str().and_then(SegmentId::parse);
                if !id.is_some_and(|id| used.contains(&id)) {
                    fs::remove_file(entry.path())?;
                    swept += 1;
                }
            }
        }
        Ok(swept)
    }

    fn path(&self, id: SegmentId) -> PathBuf {
        let name = id.to_string();
        self.blobs.join(name.get(..2).unwrap_or("00")).join(name)
    }

    /// Opens a file for reading.
    pub fn read(&self, id: SegmentId) -> io::Result<File> {
        File::open(self.path(id))
    }

    /// A new empty file, which vanishes unless it is finished and claimed.
    pub fn create(self: &Arc<Self>) -> io::Result<(File, Unclaimed)> {
        let id = SegmentId(random_bytes(&SystemEntropy as &dyn Entropy));
        let path = self.temp.join(id.to_string());
        let file = File::create_new(&path)?;
        Ok((file, Unclaimed { disk: Arc::clone(self), files: vec![(id, path)] }))
    }

    /// Makes a written file durable under its final name.
    pub fn finish(&self, file: &File, unclaimed: &mut Unclaimed) -> io::Result<()> {
        file.sync_all()?;
        for (id, path) in &mut unclaimed.files {
            let target = self.path(*id);
            fs::rename(&*path, &target)?;
            path.clone_from(&target);
            if let Some(parent) = target.parent() {
                sync_dir(parent)?;
            }
        }
        Ok(())
    }

    /// Gives the same bytes second names: content never changes, so a copy is a link where the file
    /// system has links.
    pub fn link(self: &Arc<Self>, segments: &[Segment]) -> io::Result<(Vec<Segment>, Unclaimed)> {
        let mut copies = Vec::with_capacity(segments.len());
        let mut unclaimed = Unclaimed { disk: Arc::clone(self), files: Vec::new() };
        for segment in segments {
            let id = SegmentId(random_bytes(&SystemEntropy as &dyn Entropy));
            let (from, to) = (self.path(segment.id), self.path(id));
            unclaimed.files.push((id, to.clone()));
            if fs::hard_link(&from, &to).is_err() {
                fs::copy(&from, &to)?;
                File::open(&to)?.sync_all()?;
            }
            if let Some(parent) = to.parent() {
                sync_dir(parent)?;
            }
            copies.push(Segment { id, size: segment.size });
        }
        Ok((copies, unclaimed))
    }

    /// Keeps files from being unlinked while they are read.
    pub fn pin(self: &Arc<Self>, segments: &[Segment]) -> Pinned {
        let mut pins = self.pins();
        for segment in segments {
            *pins.readers.entry(segment.id).or_default() += 1;
        }
        Pinned { disk: Arc::clone(self), segments: segments.iter().map(|segment| segment.id).collect() }
    }

    /// Unlinks files that no row refers to any more, each as soon as nobody reads it.
    pub fn discard(self: &Arc<Self>, segments: impl IntoIterator<Item = SegmentId>) {
        let mut free = Vec::new();
        {
            let mut pins = self.pins();
            for id in segments {
                if pins.readers.contains_key(&id) {
                    pins.doomed.insert(id);
                } else {
                    free.push(self.path(id));
                }
            }
        }
        self.unlink(free);
    }

    fn unlink(&self, paths: Vec<PathBuf>) {
        if paths.is_empty() {
            return;
        }
        let work = move || {
            for path in paths {
                match fs::remove_file(&path) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    // The sweep at the next start takes it.
                    Err(error) => tracing::warn!(%error, "a file of content could not be unlinked"),
                }
            }
        };
        self.tasks.spawn_blocking_on(work, &self.runtime);
    }

    fn pins(&self) -> MutexGuard<'_, Pins> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Files that no row refers to yet; unlinked when this is dropped.
#[derive(Debug)]
pub struct Unclaimed {
    disk: Arc<Disk>,
    files: Vec<(SegmentId, PathBuf)>,
}

impl Unclaimed {
    /// The only file, for an upload.
    pub fn id(&self) -> Option<SegmentId> {
        self.files.first().map(|(id, _)| *id)
    }

    /// A row refers to them now, or may: they stay.
    pub fn claim(mut self) {
        self.files.clear();
    }
}

impl Drop for Unclaimed {
    fn drop(&mut self) {
        let paths = self.files.drain(..).map(|(_, path)| path).collect();
        self.disk.unlink(paths);
    }
}

/// Files that are being read.
#[derive(Debug)]
pub struct Pinned {
    disk: Arc<Disk>,
    segments: Vec<SegmentId>,
}

impl Drop for Pinned {
    fn drop(&mut self) {
        let mut free = Vec::new();
        {
            let mut pins = self.disk.pins();
            for id in self.segments.drain(..) {
                let left = pins.readers.get_mut(&id).map(|readers| {
                    *readers -= 1;
                    *readers
                });
                if left == Some(0) {
                    pins.readers.remove(&id);
                    if pins.doomed.remove(&id) {
                        free.push(self.disk.path(id));
                    }
                }
            }
        }
        self.disk.unlink(free);
    }
}

fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
