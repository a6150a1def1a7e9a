//! Whether the parts answer, and what the store does by itself.

use std::sync::PoisonError;

use super::{Files, FilesError};
use crate::blob::{Capabilities, Depth};

/// What answers and what does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// The catalog answers, and can write: no operation goes without a record.
    pub catalog: bool,
    /// Both buckets of the store answer.
    pub store: bool,
}

impl Health {
    /// Whether requests can be served.
    pub const fn is_ready(&self) -> bool {
        self.catalog && self.store
    }
}

impl Files {
    /// Asks the parts.
    pub async fn health(&self) -> Health {
        let store = self.0.store.probe().await;
        let catalog = {
            let _one = self.0.probing.lock().await;
            self.0.catalog.probe_writing().await.is_ok()
        };
        Health { catalog, store: store.is_ready() }
    }

    /// What the store does by itself and what Satchel does in its place, as last probed; `None` until
    /// a probe has ended.
    pub fn capabilities(&self) -> Option<Capabilities> {
        self.0.capabilities.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Probes the store, with scratch objects that are removed again, and keeps what was found.
    ///
    /// # Errors
    /// When the store does not answer, or refuses plain reads and writes; what was known stays.
    pub async fn probe_store(&self, depth: Depth) -> Result<Capabilities, FilesError> {
        let found = self.0.store.capabilities(depth).await?;
        *self.0.capabilities.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
        Ok(found)
    }
}
