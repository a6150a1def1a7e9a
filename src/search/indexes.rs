//! The indexes of all customers: opened on demand, a bounded number kept open.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::SearchError;
use super::index::{CustomerIndex, folder_of};
use crate::domain::CustomerId;

/// Limits of the open indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexSettings {
    /// Indexes kept open when nobody uses them; those in use are never closed.
    pub keep_open: usize,
    /// Memory a writer fills before it writes a segment, in bytes; at least 15 MB.
    pub writer_bytes: usize,
}

impl Default for IndexSettings {
    fn default() -> Self {
        Self { keep_open: 64, writer_bytes: 32_000_000 }
    }
}

/// The indexes of all customers in one folder.
pub struct Indexes {
    root: PathBuf,
    settings: IndexSettings,
    open: Mutex<Open>,
    /// One index opens at a time, so that two openings of one folder never meet.
    opening: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Open {
    uses: u64,
    entries: HashMap<CustomerId, Entry>,
}

struct Entry {
    index: Arc<CustomerIndex>,
    used: u64,
}

impl Indexes {
    /// The indexes below a folder, which is made when it is missing. Opens none yet.
    pub fn open(dir: PathBuf, settings: IndexSettings) -> Result<Self, SearchError> {
        std::fs::create_dir_all(&dir).map_err(SearchError::Folder)?;
        Ok(Self { root: dir, settings, open: Mutex::default(), opening: tokio::sync::Mutex::new(()) })
    }

    /// The index of a customer, opened or begun when need be.
    pub async fn customer(&self, customer: CustomerId) -> Result<Arc<CustomerIndex>, SearchError> {
        if let Some(index) = self.find(customer) {
            return Ok(index);
        }
        let _one = self.opening.lock().await;
        if let Some(index) = self.find(customer) {
            return Ok(index);
        }
        let (folder, bytes) = (folder_of(&self.root, customer), self.settings.writer_bytes);
        let index = tokio::task::spawn_blocking(move || CustomerIndex::open(&folder, bytes)).await.map_err(SearchError::Stopped)??;
        let index = Arc::new(index);
        let closed = self.keep(customer, Arc::clone(&index));
        // Closing an index waits for its writer's threads.
        tokio::task::spawn_blocking(move || drop(closed)).await.map_err(SearchError::Stopped)?;
        Ok(index)
    }

    /// Indexes open now.
    pub fn open_count(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).entries.len()
    }

    fn find(&self, customer: CustomerId) -> Option<Arc<CustomerIndex>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.uses += 1;
        let uses = open.uses;
        let entry = open.entries.get_mut(&customer)?;
        entry.used = uses;
        Some(Arc::clone(&entry.index))
    }

    /// Keeps an index, and gives back those that fell out of the bound.
    fn keep(&self, customer: CustomerId, index: Arc<CustomerIndex>) -> Vec<Arc<CustomerIndex>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.uses += 1;
        let used = open.uses;
        open.entries.insert(customer, Entry { index, used });
        let mut closed = Vec::new();
        while open.entries.len() > self.settings.keep_open.max(1) {
            // INVARIANT: an index in use stays, or a second writer would meet the first one's lock.
            let idle = open.entries.iter().filter(|(_, entry)| Arc::strong_count(&entry.index) == 1 && entry.index.is_idle());
            let Some(oldest) = idle.min_by_key(|(_, entry)| entry.used).map(|(id, _)| *id) else { break };
            closed.extend(open.entries.remove(&oldest).map(|entry| entry.index));
        }
        closed
    }
}
