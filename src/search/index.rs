//! The index of one customer: opened or begun anew, written in batches, read by searches.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::directory::MmapDirectory;
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, TantivyError, Term};

use super::doc::{Change, Doc, Fields};
use super::error::SearchError;
use super::query::{self, Hits, Query};
use super::schema::{LAYOUT, SchemaFields, schema};

/// One customer's index. Cheap to share; searches and one writer work side by side.
pub struct CustomerIndex {
    core: Arc<Core>,
}

struct Core {
    index: Index,
    reader: IndexReader,
    fields: SchemaFields,
    /// Opened at the first write: many customers are only searched.
    writer: Mutex<Option<IndexWriter>>,
    writer_bytes: usize,
    applied: AtomicU64,
}

impl CustomerIndex {
    /// Opens the index in a folder. An index that is damaged or of another layout is removed, and
    /// an empty one begun at sequence 0: the catalog fills it again. Blocks.
    pub(super) fn open(folder: &Path, writer_bytes: usize) -> Result<Self, SearchError> {
        let core = match Core::open(folder, writer_bytes) {
            Ok(core) => core,
            Err(problem) if problem.is_mendable() => {
                tracing::warn!(error = %problem, "search index is begun anew");
                std::fs::remove_dir_all(folder).map_err(SearchError::Folder)?;
                Core::open(folder, writer_bytes).map_err(OpenError::into_search)?
            }
            Err(problem) => return Err(problem.into_search()),
        };
        Ok(Self { core: Arc::new(core) })
    }

    /// The catalog's change sequence up to which this index is complete; 0 when it is new.
    pub fn applied(&self) -> u64 {
        self.core.applied.load(Ordering::Acquire)
    }

    /// Files in it.
    pub fn count(&self) -> u64 {
        self.core.reader.searcher().num_docs()
    }

    /// Whether no search and no writing is under way; a cancelled caller leaves its work running.
    pub(super) fn is_idle(&self) -> bool {
        Arc::strong_count(&self.core) == 1
    }

    /// Applies changes in order, durably, and notes the sequence they reach up to. At return they
    /// are found. A commit costs about a tenth of a second, so give many at once.
    pub async fn apply(&self, changes: Vec<Change>, up_to: u64) -> Result<(), SearchError> {
        let core = Arc::clone(&self.core);
        tokio::task::spawn_blocking(move || core.apply(&changes, up_to)).await.map_err(SearchError::Stopped)?
    }

    /// The files a request means, best first.
    pub async fn search(&self, query: Query) -> Result<Hits, SearchError> {
        let core = Arc::clone(&self.core);
        tokio::task::spawn_blocking(move || query::run(&core.reader.searcher(), &core.fields, &query))
            .await
            .map_err(SearchError::Stopped)?
    }
}

/// Why an index did not open.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error("the folder cannot be used")]
    Folder(#[source] std::io::Error),
    #[error("the index does not open")]
    Index(#[from] TantivyError),
    #[error("the index has another layout")]
    Layout,
}

impl OpenError {
    /// Whether beginning anew helps. A lock or a full disk is no damage.
    fn is_mendable(&self) -> bool {
        match self {
            Self::Folder(_) => false,
            Self::Layout => true,
            Self::Index(error) => is_damage(error),
        }
    }

    fn into_search(self) -> SearchError {
        match self {
            Self::Folder(error) => SearchError::Folder(error),
            Self::Index(error) => SearchError::Index(error),
            Self::Layout => SearchError::Index(TantivyError::SchemaError("layout".to_owned())),
        }
    }
}

fn is_damage(error: &TantivyError) -> bool {
    match error {
        TantivyError::IoError(io) => {
            matches!(io.kind(), std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidData | std::io::ErrorKind::NotFound)
        }
        TantivyError::DataCorruption(_)
        | TantivyError::OpenReadError(_)
        | TantivyError::IncompatibleIndex(_)
        | TantivyError::SchemaError(_)
        | TantivyError::InternalError(_)
        | TantivyError::SystemError(_)
        | TantivyError::DeserializeError(_) => true,
        _ => false,
    }
}

impl Core {
    fn open(folder: &Path, writer_bytes: usize) -> Result<Self, OpenError> {
        std::fs::create_dir_all(folder).map_err(OpenError::Folder)?;
        let (schema, fields) = schema();
        let directory = MmapDirectory::open(folder).map_err(TantivyError::from)?;
        let is_new = !Index::exists(&directory).map_err(TantivyError::from)?;
        let index = if is_new {
            Index::create(directory, schema, tantivy::IndexSettings::default())?
        } else {
            let index = Index::open(directory)?;
            if index.schema() != schema {
                return Err(OpenError::Layout);
            }
            index
        };
        let payload = index.load_metas()?.payload;
        let applied = match payload.as_deref().map(read_payload) {
            None => 0,
            Some(Some(applied)) => applied,
            Some(None) => return Err(OpenError::Layout),
        };
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        // A missing or cut file must show here, not in the middle of a call.
        for segment in reader_segments(&reader) {
            for field in [fields.name, fields.text, fields.visible, fields.sounds] {
                segment.inverted_index(field)?;
            }
            segment.get_store_reader(1).map_err(TantivyError::from)?;
        }
        Ok(Self { index, reader, fields, writer: Mutex::new(None), writer_bytes, applied: AtomicU64::new(applied) })
    }

    fn apply(&self, changes: &[Change], up_to: u64) -> Result<(), SearchError> {
        let mut slot = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut writer = match slot.take() {
            Some(writer) => writer,
            None => self.index.writer_with_num_threads(1, self.writer_bytes)?,
        };
        // On an error the writer is dropped with what it had not committed; the next call opens
        // another, and the caller repeats the changes from `applied`.
        for change in changes {
            match change {
                Change::Put(doc) => {
                    writer.delete_term(Term::from_field_text(self.fields.file, &doc.file.to_string()));
                    writer.add_document(document(&self.fields, doc)?)?;
                }
                Change::Remove(file) => {
                    writer.delete_term(Term::from_field_text(self.fields.file, &file.to_string()));
                }
            }
        }
        let mut commit = writer.prepare_commit()?;
        commit.set_payload(&format!("{LAYOUT} {up_to}"));
        commit.commit()?;
        self.reader.reload()?;
        self.applied.store(up_to, Ordering::Release);
        *slot = Some(writer);
        Ok(())
    }
}

fn reader_segments(reader: &IndexReader) -> Vec<tantivy::SegmentReader> {
    reader.searcher().segment_readers().to_vec()
}

/// `LAYOUT SEQUENCE`; `None` when the layout is another.
fn read_payload(payload: &str) -> Option<u64> {
    let (layout, applied) = payload.split_once(' ')?;
    if layout.parse() == Ok(LAYOUT) { applied.parse().ok() } else { None }
}

fn document(fields: &SchemaFields, doc: &Doc) -> Result<TantivyDocument, SearchError> {
    let words = Fields::of(doc);
    let mut out = TantivyDocument::default();
    out.add_text(fields.file, doc.file.to_string());
    for token in &doc.tokens {
        out.add_text(fields.visible, token);
    }
    out.add_text(fields.category, doc.category.as_str());
    if let Some(date) = doc.date {
        out.add_text(fields.months, query::month_key(date));
    }
    out.add_text(fields.name, &words.name);
    out.add_text(fields.author, &words.author);
    out.add_text(fields.tags, &words.tags);
    out.add_text(fields.dates, &words.dates);
    out.add_text(fields.text, &words.text);
    out.add_text(fields.sounds, &words.sounds);
    out.add_text(fields.grams, &words.grams);
    out.add_u64(fields.added, u64::try_from(doc.added.as_second()).unwrap_or(0));
    out.add_bytes(fields.card, &serde_json::to_vec(&words.card).map_err(SearchError::Encode)?);
    Ok(out)
}

/// Where the index of a customer lies.
pub(super) fn folder_of(root: &Path, customer: crate::domain::CustomerId) -> PathBuf {
    root.join(customer.to_string())
}
