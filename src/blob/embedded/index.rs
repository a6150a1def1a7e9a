//! The index: which object is which bytes. Tables, rows, and the questions asked of them.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::disk::SegmentId;
use super::listing::{Page, PageRequest, collect};
use super::sums::Sums;
use super::whole_sums::Declared;

/// bucket -> microseconds since the epoch when it was created.
pub const BUCKETS: TableDefinition<&str, i64> = TableDefinition::new("buckets");
/// (bucket, key) -> [`ObjectRow`].
pub const OBJECTS: TableDefinition<(&str, &str), &[u8]> = TableDefinition::new("objects");
/// (bucket, key, upload) -> [`UploadRow`].
pub const UPLOADS: TableDefinition<(&str, &str, &str), &[u8]> = TableDefinition::new("uploads");
/// (upload, part number) -> [`PartRow`].
pub const PARTS: TableDefinition<(&str, u16), &[u8]> = TableDefinition::new("parts");

/// One file of content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Its name on disk.
    pub id: SegmentId,
    /// Bytes.
    pub size: u64,
}

/// What is kept of an object beside its bytes, as the client gave it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Headers {
    /// `Content-Type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `Content-Disposition`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    /// `Content-Encoding`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    /// `Cache-Control`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    /// `x-amz-meta-*`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

/// One object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRow {
    /// Its bytes, in order; several after a multipart upload.
    pub segments: Vec<Segment>,
    /// Bytes in all.
    pub size: u64,
    /// MD5 of the bytes, or of the parts' MD5s and their number.
    pub etag: String,
    /// Microseconds since the epoch.
    pub modified_us: i64,
    /// Checksums that were sent and found right.
    #[serde(default)]
    pub sums: Sums,
    /// Numbers and checksums of the parts it was sent in, one for each segment; empty when it was
    /// sent whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartMark>,
    /// What the client gave with it.
    #[serde(default)]
    pub headers: Headers,
}

/// What stays known of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartMark {
    /// Its number.
    pub number: u16,
    /// Checksums that were sent with it and found right.
    #[serde(default)]
    pub sums: Sums,
}

/// A multipart upload under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadRow {
    /// Microseconds since the epoch.
    pub started_us: i64,
    /// Which checksum the finished object is to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<Declared>,
    /// What the finished object will carry.
    #[serde(default)]
    pub headers: Headers,
}

/// One part of a multipart upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRow {
    /// Its bytes.
    pub segment: Segment,
    /// MD5, hexadecimal.
    pub etag: String,
    /// Microseconds since the epoch.
    pub modified_us: i64,
    /// Checksums that were sent and found right.
    #[serde(default)]
    pub sums: Sums,
}

/// Why the index could not answer.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The index's file cannot be read or written.
    #[error("the index of the embedded store failed")]
    Storage(#[source] Box<redb::Error>),
    /// A row does not parse.
    #[error("a row of table `{table}` does not parse")]
    Row {
        /// Which table.
        table: &'static str,
        /// Why not.
        source: serde_json::Error,
    },
    /// The change was not committed because the index is closing or a neighbour in the same
    /// transaction failed.
    #[error("the change was not committed")]
    NotCommitted,
    /// An I/O error shut the index, and it does not open again yet.
    #[error("the index of the embedded store is shut")]
    Shut,
    /// Somebody who waits for a worker thread that is gone.
    #[error("the embedded store is stopping")]
    Stopping,
}

impl<E: Into<redb::Error>> From<E> for IndexError {
    fn from(error: E) -> Self {
        Self::Storage(Box::new(error.into()))
    }
}

/// Reads a row.
pub fn decode<T: DeserializeOwned>(table: &'static str, bytes: &[u8]) -> Result<T, IndexError> {
    serde_json::from_slice(bytes).map_err(|source| IndexError::Row { table, source })
}

/// Writes a row.
pub fn encode<T: Serialize>(table: &'static str, row: &T) -> Result<Vec<u8>, IndexError> {
    serde_json::to_vec(row).map_err(|source| IndexError::Row { table, source })
}

/// What the index knows of a key.
#[derive(Debug)]
pub enum Lookup<T> {
    /// The bucket does not exist.
    NoBucket,
    /// The bucket has nothing of that name.
    Nothing,
    /// This.
    Found(T),
}

/// The index.
#[derive(Debug)]
pub struct Index {
    path: PathBuf,
    /// Nothing only while it is being opened again.
    db: RwLock<Option<Database>>,
    /// The engine met an I/O error. It refuses everything from then on, by its own rule: what it
    /// holds in memory may not be what is on disk.
    is_broken: AtomicBool,
}

impl Index {
    /// Opens the file, or makes it.
    pub fn open(path: &Path) -> Result<Self, redb::Error> {
        let db = open(path)?;
        let change = db.begin_write()?;
        change.open_table(BUCKETS)?;
        change.open_table(OBJECTS)?;
        change.open_table(UPLOADS)?;
        change.open_table(PARTS)?;
        change.commit()?;
        Ok(Self { path: path.to_owned(), db: RwLock::new(Some(db)), is_broken: AtomicBool::new(false) })
    }

    /// Works with the engine. One that an I/O error shut is opened again first, from what is on disk.
    ///
    /// # Errors
    /// As `work`; also when the engine does not open again, which the next caller tries anew.
    pub fn on<T>(&self, work: impl FnOnce(&Database) -> Result<T, IndexError>) -> Result<T, IndexError> {
        if self.is_broken.load(Ordering::Acquire) {
            self.reopen()?;
        }
        let place = self.db.read().unwrap_or_else(PoisonError::into_inner);
        let result = work(place.as_ref().ok_or(IndexError::Shut)?);
        if matches!(result, Err(IndexError::Storage(_))) {
            self.is_broken.store(true, Ordering::Release);
        }
        result
    }

    fn reopen(&self) -> Result<(), IndexError> {
        let mut place = self.db.write().unwrap_or_else(PoisonError::into_inner);
        if !self.is_broken.load(Ordering::Acquire) {
            return Ok(());
        }
        // The file is locked until the old engine is gone.
        drop(place.take());
        *place = Some(open(&self.path).map_err(|error| IndexError::Storage(Box::new(error)))?);
        self.is_broken.store(false, Ordering::Release);
        tracing::info!("the index of the embedded store was opened again after an I/O error");
        Ok(())
    }

    /// All buckets with the time they were created.
    pub fn buckets(&self) -> Result<Vec<(String, i64)>, IndexError> {
        self.on(|db| {
            let table = db.begin_read()?.open_table(BUCKETS)?;
            let mut buckets = Vec::new();
            for entry in table.iter()? {
                let (name, created) = entry?;
                buckets.push((name.value().to_owned(), created.value()));
            }
            Ok(buckets)
        })
    }

    /// Whether there is such a bucket.
    pub fn has_bucket(&self, bucket: &str) -> Result<bool, IndexError> {
        self.on(|db| Ok(db.begin_read()?.open_table(BUCKETS)?.get(bucket)?.is_some()))
    }

    /// One object.
    pub fn object(&self, bucket: &str, key: &str) -> Result<Lookup<ObjectRow>, IndexError> {
        self.on(|db| {
            let snapshot = db.begin_read()?;
            if let Some(row) = snapshot.open_table(OBJECTS)?.get((bucket, key))? {
                return Ok(Lookup::Found(decode("objects", row.value())?));
            }
            let known = snapshot.open_table(BUCKETS)?.get(bucket)?.is_some();
            Ok(if known { Lookup::Nothing } else { Lookup::NoBucket })
        })
    }

    /// One page of a bucket's objects.
    pub fn page(&self, bucket: &str, wanted: &PageRequest) -> Result<Option<Page<ObjectRow>>, IndexError> {
        self.on(|db| {
            let snapshot = db.begin_read()?;
            if snapshot.open_table(BUCKETS)?.get(bucket)?.is_none() {
                return Ok(None);
            }
            let objects = snapshot.open_table(OBJECTS)?;
            collect(wanted, |from| {
                let entries = objects.range((bucket, from)..)?;
                Ok(entries.map(|entry| {
                    let (place, row) = entry?;
                    let (owner, key) = place.value();
                    if owner != bucket {
                        return Ok(None);
                    }
                    Ok(Some((key.to_owned(), decode("objects", row.value())?)))
                }))
            })
            .map(Some)
        })
    }

    /// An upload and its parts with numbers above `after`.
    pub fn parts(&self, bucket: &str, key: &str, upload: &str, after: u16) -> Result<Option<Vec<(u16, PartRow)>>, IndexError> {
        self.on(|db| {
            let snapshot = db.begin_read()?;
            if snapshot.open_table(UPLOADS)?.get((bucket, key, upload))?.is_none() {
                return Ok(None);
            }
            let table = snapshot.open_table(PARTS)?;
            let mut parts = Vec::new();
            for entry in table.range((upload, after.saturating_add(1))..=(upload, u16::MAX))? {
                let (place, row) = entry?;
                parts.push((place.value().1, decode("parts", row.value())?));
            }
            Ok(Some(parts))
        })
    }

    /// Uploads under way in a bucket, after a key and upload, at most `max`: bucket, key, id and row.
    pub fn uploads(&self, bucket: &str, prefix: &str, after: (&str, &str), max: usize) -> Result<Vec<Pending>, IndexError> {
        self.on(|db| {
            let table = db.begin_read()?.open_table(UPLOADS)?;
            let start = if after.0 < prefix { (prefix, "") } else { after };
            let mut found = Vec::new();
            for entry in table.range((bucket, start.0, start.1)..)? {
                let (place, row) = entry?;
                let (owner, key, id) = place.value();
                if owner != bucket || found.len() == max || !key.starts_with(prefix) {
                    break;
                }
                // An empty upload marker means "after all uploads of that key".
                let passed = (key, id) == after || (after.1.is_empty() && !after.0.is_empty() && key == after.0);
                if !passed {
                    found.push(Pending {
                        bucket: owner.to_owned(),
                        key: key.to_owned(),
                        id: id.to_owned(),
                        row: decode("uploads", row.value())?,
                    });
                }
            }
            Ok(found)
        })
    }

    /// Every upload begun before that time, in all buckets.
    pub fn uploads_before(&self, limit_us: i64) -> Result<Vec<Pending>, IndexError> {
        self.on(|db| {
            let table = db.begin_read()?.open_table(UPLOADS)?;
            let mut found = Vec::new();
            for entry in table.iter()? {
                let (place, row) = entry?;
                let (bucket, key, id) = place.value();
                let row: UploadRow = decode("uploads", row.value())?;
                if row.started_us < limit_us {
                    found.push(Pending { bucket: bucket.to_owned(), key: key.to_owned(), id: id.to_owned(), row });
                }
            }
            Ok(found)
        })
    }

    /// Every file that an object or a part refers to.
    pub fn segments(&self) -> Result<HashSet<SegmentId>, IndexError> {
        self.on(|db| {
            let snapshot = db.begin_read()?;
            let mut used = HashSet::new();
            for entry in snapshot.open_table(OBJECTS)?.iter()? {
                let row: ObjectRow = decode("objects", entry?.1.value())?;
                used.extend(row.segments.into_iter().map(|segment| segment.id));
            }
            for entry in snapshot.open_table(PARTS)?.iter()? {
                let row: PartRow = decode("parts", entry?.1.value())?;
                used.insert(row.segment.id);
            }
            Ok(used)
        })
    }
}

fn open(path: &Path) -> Result<Database, redb::Error> {
    Ok(Database::builder().set_cache_size(32 * 1024 * 1024).create(path)?)
}

/// A multipart upload under way, with its place.
#[derive(Debug)]
pub struct Pending {
    /// The bucket.
    pub bucket: String,
    /// The key the object will have.
    pub key: String,
    /// The upload.
    pub id: String,
    /// Its row.
    pub row: UploadRow,
}
