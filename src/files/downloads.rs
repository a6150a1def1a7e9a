//! What became of addresses that were given out: the store that gave the bytes says so.

use super::{Files, FilesError};
use crate::domain::{Actor, AuditEntry, CustomerId, Door, Origin};

/// Ids of requests are shorter.
const LONGEST: usize = 64;

impl Files {
    /// Records that bytes left the store through an address that was given out for a request. It has that
    /// request's id, as the record of the giving has.
    ///
    /// # Errors
    /// When it could not be committed.
    pub async fn fetched(&self, customer: CustomerId, object_key: &str, request: &str, bytes: u64) -> Result<(), FilesError> {
        // It was signed by us; the bound is for what the store may make of it.
        let is_ours = request.len() <= LONGEST && request.starts_with("req_");
        let origin = Origin { request: is_ours.then(|| request.to_owned()), ..Door::Worker.into() };
        let entry = AuditEntry {
            object: Some(object_key.to_owned()),
            bytes: Some(bytes),
            ..AuditEntry::new(Actor::System, &origin, "fetch", "done")
        };
        Ok(self.0.catalog.record(customer, &entry).await?)
    }
}
