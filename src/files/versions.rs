//! The versions of a file: what they are, the bytes of one, and an old one put back in place.

use super::{FileView, Files, FilesError, Handout, Subject};
use crate::catalog::{CatalogError, VersionRecord};
use crate::domain::{AuditEntry, FileId, FileRecord, FileStatus, JobId, ScanStatus};
use crate::policy::{Add, Download, History};

/// A version, compared with the one before it.
#[derive(Debug, Clone)]
pub struct VersionView {
    /// The version.
    pub version: VersionRecord,
    /// Whether the file now stands for it.
    pub is_current: bool,
    /// Bytes more than the version before; negative for fewer, `None` for the first one.
    pub grown: Option<i64>,
    /// The newest older version with the same bytes.
    pub same_as: Option<u32>,
}

/// Each version beside those before it. `versions` are the newest first.
fn compared(versions: Vec<VersionRecord>, current: u32) -> Vec<VersionView> {
    let signed = |size: u64| i64::try_from(size).unwrap_or(i64::MAX);
    let older = |at: usize| versions.get(at + 1..).unwrap_or_default();
    let facts: Vec<_> = versions
        .iter()
        .enumerate()
        .map(|(at, version)| {
            let grown = older(at).first().map(|before| signed(version.size).saturating_sub(signed(before.size)));
            (grown, older(at).iter().find(|before| before.blob == version.blob).map(|before| before.number))
        })
        .collect();
    let views = versions.into_iter().zip(facts);
    views.map(|(version, (grown, same_as))| VersionView { is_current: version.number == current, version, grown, same_as }).collect()
}

impl Files {
    /// The versions of a file, newest first.
    ///
    /// # Errors
    /// `NotFound` and `Refused`; else when the catalog does not answer.
    pub async fn versions(&self, subject: &Subject, id: FileId) -> Result<Vec<VersionView>, FilesError> {
        let file = self.known(subject, id, "history").await?;
        let permit = self.permit_or_refuse::<History>(subject, &file).await?;
        self.0.catalog.record(file.customer, &subject.file_entry("done", &file, &permit)).await?;
        Ok(compared(self.0.catalog.versions(file.customer, id).await?, file.version))
    }

    /// The bytes of one version, mostly as an address that lives for a minute. The policies let nothing of a
    /// file out while its newest version is looked at.
    ///
    /// # Errors
    /// `NotFound` where the file has no such version, `Refused`, `NotReady`, `Quarantined`; else when
    /// catalog or store do not answer. `Conflict` when adopted bytes are not those any more.
    pub async fn version_content(&self, subject: &Subject, id: FileId, number: u32) -> Result<(VersionRecord, Handout), FilesError> {
        let file = self.known(subject, id, "download").await?;
        let permit = self.permit_or_refuse::<Download>(subject, &file).await?;
        let Some(version) = self.0.catalog.version(file.customer, id, number).await? else {
            return Err(self.absent(subject, "download", Some(id.to_string())).await?);
        };
        let entry = |outcome| AuditEntry {
            version: Some(number),
            content_hash: Some(version.checksum.hex()),
            ..subject.file_entry(outcome, &file, &permit)
        };
        if let Err(error) = may_leave(&file, &version) {
            let entry = AuditEntry { reason: Some(error.to_string()), ..entry("unavailable") };
            self.0.catalog.record(file.customer, &entry).await?;
            return Err(error);
        }
        let blob = self.0.catalog.blob(file.customer, version.blob).await?.ok_or(FilesError::NotFound)?;
        // Counted before the address is given out: an address nobody got costs nothing, one nobody counted does.
        match self.0.catalog.accessed_version(file.customer, id, &AuditEntry { bytes: Some(blob.size), ..entry("done") }).await {
            Ok(()) => {}
            Err(CatalogError::Conflict(_)) => return Err(FilesError::NotReady { title: file.title, status: file.status }),
            Err(error) => return Err(error.into()),
        }
        let given = self.hand_out(subject, subject.origin.request.as_deref(), &file, &blob, &version.name).await;
        if let Err(error) = &given {
            let entry = AuditEntry { reason: Some(error.to_string()), ..entry("unavailable") };
            self.0.catalog.record(file.customer, &entry).await?;
        }
        let given = given?;
        Ok((version, given))
    }

    /// Makes the bytes of an old version the newest version. They pass the scanner again: what it knows
    /// has changed since.
    ///
    /// # Errors
    /// `NotFound` where the file has no such version, `Refused`, `Quarantined`, `Conflict` while the
    /// file cannot take a version; else when the catalog does not answer.
    pub async fn restore(&self, subject: &Subject, id: FileId, number: u32) -> Result<FileView, FilesError> {
        let file = self.known(subject, id, "restore").await?;
        let permit = self.permit_or_refuse::<Add>(subject, &file).await?;
        let Some(version) = self.0.catalog.version(file.customer, id, number).await? else {
            return Err(self.absent(subject, "restore", Some(id.to_string())).await?);
        };
        let entry = |outcome, reason| AuditEntry { reason: Some(reason), action: "restore", ..subject.file_entry(outcome, &file, &permit) };
        if matches!(version.scan, ScanStatus::Infected | ScanStatus::Suspicious) {
            let error = FilesError::Quarantined { title: file.title.clone() };
            self.0.catalog.record(file.customer, &entry("unavailable", error.to_string())).await?;
            return Err(error);
        }
        let job = JobId::new(&*self.0.clock, &*self.0.entropy);
        let done = entry("done", format!("of version {number}"));
        match self.0.catalog.restore_version(file.customer, id, number, job, &done).await {
            Ok(_) => {}
            Err(CatalogError::Conflict(reason)) => {
                self.0.catalog.record(file.customer, &entry("refused", reason.to_owned())).await?;
                return Err(FilesError::Conflict(reason));
            }
            Err(CatalogError::Full(reason)) => {
                self.0.catalog.record(file.customer, &entry("refused", reason.to_owned())).await?;
                return Err(CatalogError::Full(reason).into());
            }
            Err(error) => return Err(error.into()),
        }
        self.0.arrived.notify_waiters();
        self.0.changed.notify_waiters();
        let file = self.0.catalog.file(file.customer, id).await?.ok_or(FilesError::NotFound)?;
        self.view(file).await
    }
}

/// Whether the bytes of a version may be handed out: found clean, of a file that nothing closes.
pub(super) fn may_leave(file: &FileRecord, version: &VersionRecord) -> Result<(), FilesError> {
    let title = file.title.clone();
    if file.status == FileStatus::Quarantined || matches!(version.scan, ScanStatus::Infected | ScanStatus::Suspicious) {
        return Err(FilesError::Quarantined { title });
    }
    if matches!(file.status, FileStatus::Deleted | FileStatus::Expired) || version.scan != ScanStatus::Clean {
        return Err(FilesError::NotReady { title, status: file.status });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{BlobId, Checksum, FileName, ManualClock, SeededEntropy, Timestamp};

    #[test]
    fn each_version_is_told_beside_the_one_before() {
        let (clock, entropy) = (ManualClock::at("2026-03-02T09:00:00Z"), SeededEntropy::new(5));
        let (one, other) = (BlobId::new(&clock, &entropy), BlobId::new(&clock, &entropy));
        let version = |number, blob, size| VersionRecord {
            number,
            blob,
            name: FileName::parse("a.txt").unwrap(),
            size,
            checksum: Checksum::from_digest([0; 32]),
            scan: ScanStatus::Clean,
            added_by: "system".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
        };
        let views = compared(vec![version(3, one, 10), version(2, other, 4), version(1, one, 10)], 3);
        let told: Vec<_> = views.iter().map(|view| (view.version.number, view.is_current, view.grown, view.same_as)).collect();
        assert_eq!(told, [(3, true, Some(6), Some(1)), (2, false, Some(-6), None), (1, false, None, None)]);
    }
}
