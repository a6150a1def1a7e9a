//! Adopting: objects of somebody else's bucket become files where they lie. What a program asks for;
//! the work itself is in `adopting.rs`.

use super::{Files, FilesError, Subject};
use crate::catalog::{CatalogError, ImportNote, ImportRecord, NewImport};
use crate::domain::{AuditEntry, Folder, ImportId};
use crate::policy::Adopt;

/// Runs that a customer may have open at once.
const MOST_OPEN: u32 = 4;
/// One answer, whether the place is nobody's, another customer's or Satchel's own.
const NO_LOCATION: &str = "is in no location that the operator lets this customer adopt from (`store.locations` of the server's settings)";

/// What is to be adopted.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// The bucket.
    pub bucket: String,
    /// With what the keys begin.
    pub prefix: String,
    /// The folder that receives the files; below it they lie as below the prefix.
    pub folder: Folder,
}

impl Files {
    /// Begins to adopt what lies under a prefix. Workers do it; it goes on after any crash.
    ///
    /// # Errors
    /// `Refused` without the right; `Invalid` outside the customer's locations; `Conflict` while the same
    /// place is being adopted; `TooMany`; else when the catalog does not answer.
    pub async fn begin_import(&self, subject: &Subject, request: &ImportRequest) -> Result<ImportRecord, FilesError> {
        let permit = self.permit_customer::<Adopt>(subject).await?;
        let customer = subject.customer();
        let id = ImportId::new(&*self.0.clock, &*self.0.entropy);
        let entry = |outcome, reason: &str| AuditEntry {
            object: Some(id.to_string()),
            reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
            ..subject.allowed("import", outcome, &permit)
        };
        if !self.store(subject).await?.may_adopt(customer, &request.bucket, &request.prefix) {
            self.0.catalog.record(customer, &entry("refused", "no location of the customer")).await?;
            return Err(FilesError::Invalid { field: "prefix", reason: NO_LOCATION.to_owned() });
        }
        let new = NewImport {
            id,
            customer,
            bucket: request.bucket.clone(),
            prefix: request.prefix.clone(),
            folder: request.folder.clone(),
            begun_by: subject.actor.to_string(),
        };
        match self.0.catalog.begin_import(&new, MOST_OPEN, &entry("begun", "")).await {
            Ok(true) => {}
            Ok(false) => {
                let reason = "too many imports are under way; wait until one is done";
                self.0.catalog.record(customer, &entry("refused", reason)).await?;
                return Err(FilesError::TooMany(reason));
            }
            Err(CatalogError::Conflict(reason)) => {
                self.0.catalog.record(customer, &entry("refused", reason)).await?;
                return Err(FilesError::Conflict(reason));
            }
            Err(error) => return Err(error.into()),
        }
        self.0.arrived.notify_waiters();
        self.0.catalog.import(customer, id).await?.ok_or(FilesError::NotFound)
    }

    /// How far a run is. Asked again and again by whoever waits, so that only a refusal has a record.
    ///
    /// # Errors
    /// `Refused` without the right; `NotFound` when the customer has no such run; else when the catalog
    /// does not answer.
    pub async fn import(&self, subject: &Subject, id: ImportId) -> Result<ImportRecord, FilesError> {
        drop(self.permit_customer::<Adopt>(subject).await?);
        match self.0.catalog.import(subject.customer(), id).await? {
            Some(import) => Ok(import),
            None => Err(self.absent(subject, "import", Some(id.to_string())).await?),
        }
    }

    /// Objects that a run names, after the key of the last one of the page before.
    ///
    /// # Errors
    /// As [`Files::import`].
    pub async fn import_notes(
        &self,
        subject: &Subject,
        id: ImportId,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ImportNote>, FilesError> {
        self.import(subject, id).await?;
        Ok(self.0.catalog.import_notes(subject.customer(), id, after, limit).await?)
    }
}
