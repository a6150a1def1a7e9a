//! How far a version of a file is: its jobs, one for each stage.

use std::collections::BTreeMap;

use super::rows::RowRef;
use super::{Catalog, CatalogError, JobKind, JobState, sql};
use crate::domain::{CustomerId, FileId};

/// A stage of a version of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageRecord {
    /// Which.
    pub kind: JobKind,
    /// How far it is.
    pub state: JobState,
    /// How often it was tried; what failed for a reason outside the file does not count.
    pub tries: u32,
    /// Why it failed, or was put back, the last time.
    pub reason: Option<String>,
}

impl Catalog {
    /// The stages of a version of a file that were begun or wait, in their order. What only a newer server does is
    /// not among them.
    ///
    /// # Errors
    /// When the catalog does not answer or a row cannot be read.
    pub async fn stages(&self, customer: CustomerId, file: FileId, version: u32) -> Result<Vec<StageRecord>, CatalogError> {
        let rows: Vec<(String, String, String, i64, i64, Option<String>)> = sql::query(
            "SELECT id, kind, state, attempts, excused, last_error FROM jobs WHERE customer_id = $1 AND file_id = $2 AND version = $3 ORDER BY id",
        )
        .bind(customer.to_string())
        .bind(file.to_string())
        .bind(i64::from(version))
        .fetch_all(&mut self.read(customer).await?)
        .await?;
        let mut stages = BTreeMap::new();
        for (id, kind, state, attempts, excused, reason) in rows {
            let Some(kind) = JobKind::parse(&kind) else { continue };
            let row = RowRef { table: "jobs", id: &id };
            let state = row.known(JobState::parse(&state))?;
            let tries = row.number(attempts.saturating_sub(excused).max(0))?;
            // Of several jobs of a stage the newest counts.
            stages.insert(kind, StageRecord { kind, state, tries, reason });
        }
        Ok(stages.into_values().collect())
    }
}
