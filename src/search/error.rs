//! What can go wrong in the index.

use tantivy::TantivyError;

/// An index could not be opened, written or read.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The folder of the index cannot be made, moved or removed.
    #[error("the folder of the search index cannot be used")]
    Folder(#[source] std::io::Error),
    /// The index itself failed.
    #[error("the search index failed")]
    Index(#[source] TantivyError),
    /// The description of a document cannot be written.
    #[error("a document of the search index cannot be encoded")]
    Encode(#[source] serde_json::Error),
    /// The work was cut off, by a fault or because the process stops.
    #[error("work on the search index was cut off")]
    Stopped(#[source] tokio::task::JoinError),
}

impl From<TantivyError> for SearchError {
    fn from(source: TantivyError) -> Self {
        Self::Index(source)
    }
}
