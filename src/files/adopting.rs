//! The work of a run that adopts objects: page by page, each object read once, and each step such that
//! it may be done again.

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt, stream};

use super::errand::Errand;
use super::{Files, FilesError};
use crate::blob::{BlobError, Candidate, Listed};
use crate::catalog::{AdoptedRow, Adoption, CatalogError, Given, ImportNote, ImportPage, ImportRecord, ImportState, NewFile, Sighting};
use crate::domain::{
    Actor, AdoptedPlace, AuditEntry, BlobId, Checksum, FileId, FileName, Folder, ImportId, JobId, KeyId, Owner, Timestamp, UserId,
    clean_text,
};

/// Objects of one page.
const PAGE: u16 = 100;
/// Objects that are read at once. Each is a stream of a few pieces, whatever its size.
const AT_ONCE: usize = 4;

/// What is to be done with an object that was listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// Nothing; it was seen so.
    Seen(Sighting),
    /// It becomes a file, or the next version of one.
    Adopt(Option<FileId>),
}

/// Whether two entity tags are the same; not every store quotes them in a listing.
fn is_same(one: &str, other: &str) -> bool {
    one.trim_matches('"') == other.trim_matches('"')
}

fn plan(listed: &Listed, row: Option<&AdoptedRow>, import: ImportId) -> Plan {
    match row {
        None => Plan::Adopt(None),
        Some(row) if row.is_deleted => Plan::Seen(Sighting::Deleted),
        // It came back, maybe as other bytes of the same name.
        Some(row) if row.seen.1 == Sighting::Vanished => Plan::Adopt(Some(row.file)),
        Some(row) if !is_same(&row.pin.etag, &listed.etag) => Plan::Adopt(Some(row.file)),
        // This run adopted it, and was cut off before it had written down so.
        Some(row) if row.seen.0 == import => Plan::Seen(row.seen.1),
        Some(_) => Plan::Seen(Sighting::Known),
    }
}

/// How the file of a key is called, and the folder it goes to: what lies between prefix and name, below
/// the folder of the run.
fn placed(key: &str, prefix: &str, below: &Folder) -> Result<(FileName, Folder), String> {
    let (path, name) = key.rsplit_once('/').unwrap_or(("", key));
    let name = FileName::parse(name).map_err(|error| format!("its name cannot be used: {error}"))?;
    let begin = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
    let rest = path.strip_prefix(begin).unwrap_or(path);
    let folder = Folder::parse(&format!("{}/{rest}", below.as_str())).map_err(|error| format!("its folder cannot be used: {error}"))?;
    Ok((name, folder))
}

/// Whoever began a run, for the records of what it did.
fn actor(begun_by: &str) -> Actor {
    let key = KeyId::parse(begun_by).map(Actor::Key);
    key.or_else(|_| UserId::parse(begun_by).map(Actor::User)).unwrap_or(Actor::System)
}

/// What of a store's failure is about this object alone, in words for the report.
fn about_the_object(error: BlobError) -> Result<String, FilesError> {
    match error {
        error if error.is_archived() => Ok(ARCHIVED.to_owned()),
        BlobError::Refused { reason, .. } => Ok(format!("it cannot be read: the store says `{reason}`")),
        BlobError::Changed => Ok(CHANGED.to_owned()),
        BlobError::Corrupt => Ok("it cannot be read: its bytes are not what the store says".to_owned()),
        error => Err(error.into()),
    }
}

const ARCHIVED: &str = "it lies in an archive class; bring it back first";
const CHANGED: &str = "it changed while it was read; run the import again";

impl Files {
    /// The open run that waits for longest, leased for `seconds`.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn lease_import(&self, seconds: i64) -> Result<Option<ImportRecord>, FilesError> {
        Ok(self.0.catalog.lease_import(self.seconds_on(seconds)).await?)
    }

    /// Keeps a leased run for `seconds` from now.
    ///
    /// # Errors
    /// `Conflict` when another worker has it; else when the catalog does not answer.
    pub async fn renew_import(&self, import: &ImportRecord, seconds: i64) -> Result<(), FilesError> {
        Ok(self.0.catalog.renew_import(import, self.seconds_on(seconds)).await?)
    }

    /// Puts a run back for `seconds`.
    ///
    /// # Errors
    /// `Conflict` when another worker has it; else when the catalog does not answer.
    pub async fn put_back_import(&self, import: &ImportRecord, seconds: i64, error: Option<&str>) -> Result<(), FilesError> {
        Ok(self.0.catalog.put_back_import(import, self.seconds_on(seconds), error).await?)
    }

    /// Ends a run that cannot go on: what it adopted stays.
    ///
    /// # Errors
    /// `Conflict` when another worker has it; else when the catalog does not answer.
    pub async fn give_up_import(&self, import: &ImportRecord, error: &str) -> Result<(), FilesError> {
        let entry = AuditEntry { reason: Some(error.to_owned()), ..Self::import_entry(import, "import", "failed", import.id.to_string()) };
        Ok(self.0.catalog.fail_import(import, error, &entry).await?)
    }

    pub(super) fn seconds_on(&self, seconds: i64) -> Timestamp {
        self.now().saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }

    fn import_entry(import: &ImportRecord, action: &'static str, outcome: &'static str, object: String) -> AuditEntry {
        AuditEntry { actor: actor(&import.begun_by), ..Self::worker_entry(action, outcome, object) }
    }

    /// Looks at the next page of a leased run. Gives the run as it is then; `None` once it is over.
    ///
    /// # Errors
    /// When catalog or store do not answer or refuse: the page can be looked at again.
    pub async fn import_page(&self, import: &ImportRecord) -> Result<Option<ImportRecord>, FilesError> {
        let page = match import.state {
            ImportState::Listing => self.listed(import).await?,
            ImportState::Comparing => self.missed(import).await?,
            ImportState::Done | ImportState::Failed => return Ok(None),
        };
        let entry = page.next.is_none().then(|| Self::import_entry(import, "import", "done", import.id.to_string()));
        self.0.catalog.advance_import(import, &page, entry.as_ref()).await?;
        Ok(page.next.map(|(state, cursor)| ImportRecord { state, cursor, ..import.clone() }))
    }

    /// A page of what the store lists.
    async fn listed(&self, import: &ImportRecord) -> Result<ImportPage, FilesError> {
        let (customer, bucket) = (import.customer, &import.bucket);
        let listing = self
            .store(Errand::of_worker(customer))
            .await?
            .list_adoptable(customer, bucket, &import.prefix, import.cursor.as_deref(), PAGE)
            .await?;
        let names: Vec<String> = listing.objects.iter().map(|object| object.name.clone()).collect();
        let rows = self.0.catalog.adopted_objects(customer, bucket, &names).await?;
        let mut rows: HashMap<String, AdoptedRow> = rows.into_iter().map(|row| (row.name.clone(), row)).collect();
        let sights = listing.objects.into_iter().map(|object| {
            let row = rows.remove(&object.name);
            async move { self.sight(import, &object, row.as_ref()).await }
        });
        let notes = stream::iter(sights).buffered(AT_ONCE).try_collect().await?;
        // A page that names nothing could be asked for for ever.
        let next = match (listing.truncated, names.last()) {
            (true, Some(last)) if import.cursor.as_ref() != Some(last) => (ImportState::Listing, Some(last.clone())),
            _ => (ImportState::Comparing, None),
        };
        Ok(ImportPage { notes, next: Some(next) })
    }

    async fn sight(&self, import: &ImportRecord, listed: &Listed, row: Option<&AdoptedRow>) -> Result<ImportNote, FilesError> {
        let (sighting, reason) = match plan(listed, row, import.id) {
            Plan::Seen(sighting) => (sighting, None),
            Plan::Adopt(file) => match self.take(import, listed, file).await? {
                Ok(sighting) => (sighting, None),
                Err(reason) => (Sighting::Refused, Some(reason)),
            },
        };
        Ok(ImportNote { name: listed.name.clone(), sighting, reason })
    }

    /// A page of what stood for files before, and was not listed.
    async fn missed(&self, import: &ImportRecord) -> Result<ImportPage, FilesError> {
        let rows = self.0.catalog.unseen_objects(import, import.cursor.as_deref(), PAGE.into()).await?;
        let is_last = rows.len() < usize::from(PAGE);
        let last = rows.last().map(|row| row.name.clone());
        let looks = rows.into_iter().map(async |row| {
            let place = AdoptedPlace { bucket: import.bucket.clone(), name: row.name.clone() };
            // Asked for by name: a listing may have been begun before it was written.
            let is_there = match self.store(Errand::of_worker(import.customer)).await?.examine(import.customer, &place).await {
                Ok(found) => found.is_some(),
                Err(error) => about_the_object(error).map(|_| true)?,
            };
            let sighting = match (row.is_deleted, is_there) {
                (true, _) => Sighting::Deleted,
                (false, true) => Sighting::Known,
                (false, false) => Sighting::Vanished,
            };
            Ok::<_, FilesError>(ImportNote { name: row.name, sighting, reason: None })
        });
        let notes = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
        Ok(ImportPage { notes, next: last.filter(|_| !is_last).map(|last| (ImportState::Comparing, Some(last))) })
    }

    /// Makes a file, or the next version of one, of an object; or says why not.
    async fn take(&self, import: &ImportRecord, listed: &Listed, file: Option<FileId>) -> Result<Result<Sighting, String>, FilesError> {
        let (name, folder) = match placed(&listed.name, &import.prefix, &import.folder) {
            Ok(placed) => placed,
            Err(reason) => return Ok(Err(reason)),
        };
        let place = AdoptedPlace { bucket: import.bucket.clone(), name: listed.name.clone() };
        let candidate = match self.store(Errand::of_worker(import.customer)).await?.examine(import.customer, &place).await {
            Ok(Some(candidate)) => candidate,
            Ok(None) => return Ok(Err(CHANGED.to_owned())),
            Err(error) => return about_the_object(error).map(Err),
        };
        if candidate.is_archived {
            return Ok(Err(ARCHIVED.to_owned()));
        }
        let limit = self.0.settings.upload_limit;
        if candidate.size > limit {
            return Ok(Err(format!("it is too large: {} bytes, at most {limit} are taken", candidate.size)));
        }
        let checksum = match self.read_once(import, &place, &candidate).await {
            Ok(checksum) => checksum,
            Err(FilesError::Blob(error)) => return about_the_object(error).map(Err),
            Err(error) => return Err(error),
        };
        self.keep(import, &place, name, folder, &candidate, checksum, file).await
    }

    /// The SHA-256 of exactly the bytes that were looked at.
    async fn read_once(&self, import: &ImportRecord, place: &AdoptedPlace, candidate: &Candidate) -> Result<Checksum, FilesError> {
        let store = self.store(Errand::of_worker(import.customer)).await?;
        let object = store.adopted(import.customer, place.clone(), candidate.pin.clone()).ok_or(BlobError::Changed)?;
        let object = store.get_adopted(&object).await?.ok_or(BlobError::Changed)?;
        let total = object.total;
        let (size, checksum) = object.sum().await?;
        if size != total || size != candidate.size || candidate.checksum.is_some_and(|told| told != checksum) {
            return Err(BlobError::Corrupt.into());
        }
        Ok(checksum)
    }

    #[expect(clippy::too_many_arguments, reason = "each is a fact of the one object, found in a step of its own")]
    async fn keep(
        &self,
        import: &ImportRecord,
        place: &AdoptedPlace,
        name: FileName,
        folder: Folder,
        candidate: &Candidate,
        checksum: Checksum,
        file: Option<FileId>,
    ) -> Result<Result<Sighting, String>, FilesError> {
        let (clock, entropy) = (&*self.0.clock, &*self.0.entropy);
        let blob = BlobId::new(clock, entropy);
        let id = file.unwrap_or_else(|| FileId::new(clock, entropy));
        let declared = candidate.content_type.as_deref().map(|text| clean_text(text, 100)).filter(|text| !text.is_empty());
        let adoption = Adoption { import: import.id, bucket: place.bucket.clone(), name: place.name.clone(), pin: candidate.pin.clone() };
        let new = NewFile {
            id,
            customer: import.customer,
            owner: Owner::Service,
            folder,
            working_title: name.stem().to_owned(),
            name,
            given: Given::default(),
            content_type: declared.unwrap_or_else(|| "application/octet-stream".to_owned()),
            blob,
            // INVARIANT: adopted bytes are nobody else's. An upload of the same bytes is stored as well, since
            // what lies in somebody else's bucket may be gone tomorrow.
            content_key: format!("adopted {blob}"),
            object_key: place.to_string(),
            adopted: Some(adoption),
            size: candidate.size,
            checksum,
            upload: None,
            job: JobId::new(clock, entropy),
            closes: None,
            sender: None,
        };
        let entry = AuditEntry {
            content_hash: Some(checksum.hex()),
            bytes: Some(candidate.size),
            reason: Some(import.id.to_string()),
            ..Self::import_entry(import, "adopt", "done", id.to_string())
        };
        match self.0.catalog.add_file(&new, &entry).await {
            Ok(_) => {}
            Err(CatalogError::Conflict(reason)) => {
                // Another run over an overlapping place may have been first.
                let rows = self.0.catalog.adopted_objects(import.customer, &place.bucket, std::slice::from_ref(&place.name)).await?;
                let is_there = rows.iter().any(|row| row.pin.etag == candidate.pin.etag);
                return Ok(if is_there { Ok(Sighting::Known) } else { Err(reason.to_owned()) });
            }
            // Told of this object in the report of the run, which goes on: another may be smaller.
            Err(CatalogError::Full(reason)) => return Ok(Err(reason.to_owned())),
            Err(error) => return Err(error.into()),
        }
        self.0.arrived.notify_waiters();
        self.0.changed.notify_waiters();
        Ok(Ok(if file.is_none() { Sighting::Adopted } else { Sighting::Changed }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ManualClock, Pin, SeededEntropy};

    #[test]
    fn a_file_is_called_by_the_last_part_of_its_key_and_lies_where_the_rest_says() {
        let top = Folder::default();
        let below = Folder::parse("legal/archive").unwrap();
        for (key, prefix, folder, expected) in [
            ("a.pdf", "", &top, Ok(("a.pdf", ""))),
            ("2024/q2/a.pdf", "", &top, Ok(("a.pdf", "2024/q2"))),
            ("2024/q2/a.pdf", "2024/", &top, Ok(("a.pdf", "q2"))),
            ("2024/q2/a.pdf", "2024/q", &top, Ok(("a.pdf", "q2"))),
            ("2024/q2/a.pdf", "2024/q2/", &below, Ok(("a.pdf", "legal/archive"))),
            ("2024//a.pdf", "", &top, Ok(("a.pdf", "2024"))),
            ("2024/", "", &top, Err("empty")),
            ("2024/..", "", &top, Err("name")),
            ("2024/../a.pdf", "", &top, Err("folder")),
            ("x\\y.pdf", "", &top, Err("name")),
        ] {
            let found = placed(key, prefix, folder);
            match expected {
                Ok((name, folder)) => {
                    let (found_name, found_folder) = found.unwrap();
                    assert_eq!((found_name.as_str(), found_folder.as_str()), (name, folder), "{key} under {prefix}");
                }
                Err(word) => assert!(found.unwrap_err().contains(word), "{key}"),
            }
        }
    }

    #[test]
    fn what_was_seen_before_is_adopted_again_only_when_it_is_something_else() {
        let (clock, entropy) = (ManualClock::at("2026-03-02T09:00:00Z"), SeededEntropy::new(1));
        let (this, before, file) = (ImportId::new(&clock, &entropy), ImportId::new(&clock, &entropy), FileId::new(&clock, &entropy));
        let listed = Listed { name: "a.pdf".to_owned(), size: 1, etag: "\"1\"".to_owned() };
        let row = |etag: &str, seen, is_deleted| AdoptedRow {
            name: "a.pdf".to_owned(),
            file,
            pin: Pin { etag: etag.to_owned(), version: None },
            size: 1,
            seen,
            is_deleted,
        };
        for (row, expected) in [
            (None, Plan::Adopt(None)),
            (Some(row("\"1\"", (before, Sighting::Adopted), false)), Plan::Seen(Sighting::Known)),
            (Some(row("\"1\"", (this, Sighting::Adopted), false)), Plan::Seen(Sighting::Adopted)),
            (Some(row("\"1\"", (this, Sighting::Changed), false)), Plan::Seen(Sighting::Changed)),
            (Some(row("1", (before, Sighting::Known), false)), Plan::Seen(Sighting::Known)),
            (Some(row("\"2\"", (before, Sighting::Known), false)), Plan::Adopt(Some(file))),
            (Some(row("\"1\"", (before, Sighting::Vanished), false)), Plan::Adopt(Some(file))),
            (Some(row("\"2\"", (before, Sighting::Known), true)), Plan::Seen(Sighting::Deleted)),
        ] {
            assert_eq!(plan(&listed, row.as_ref(), this), expected, "{row:?}");
        }
    }
}
