//! Whether the parts answer.

use super::Files;

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
}
