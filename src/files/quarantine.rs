//! Quarantine for people: what lies there, letting it out as a false alarm, removing it.
//!
//! Bytes are let out by their hash, for a time, when one person proposes it and another confirms it. They are judged
//! again then, as any bytes are; the release makes that judgement pass while it stands, and no longer.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::library::FileView;
use super::{Files, FilesError, Subject};
use crate::catalog::{CatalogError, NewRelease, QuarantinedFile, Release, ReleaseState};
use crate::domain::{
    AuditEntry, Checksum, CustomerId, Decision, FileId, FileRecord, FileStatus, ReleaseId, ScanStatus, ScanVerdict, Timestamp, clean_text,
};
use crate::policy::{Permit, ReleaseQuarantine};

/// Longest reason, in characters.
const MAX_REASON: usize = 500;
/// Releases that a list shows beside the files.
const MAX_RELEASES: u32 = 1000;
/// What a sealed place is sealed for.
const PLACE: &str = "place in quarantine";

/// A file in quarantine.
#[derive(Debug, Clone)]
pub struct InQuarantine {
    /// The file.
    pub view: FileView,
    /// What was found; empty for a file that is out by a release.
    pub found: Option<QuarantinedFile>,
    /// A release of its bytes that is proposed or in force.
    pub release: Option<Release>,
}

/// How long a release may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleaseDays(u16);

impl ReleaseDays {
    /// The longest, in days.
    pub const MAX: u16 = 365;
    /// The usual time.
    pub const USUAL: Self = Self(90);

    /// So many days, from one to a year.
    pub const fn new(days: u16) -> Option<Self> {
        if days >= 1 && days <= Self::MAX { Some(Self(days)) } else { None }
    }
}

/// A reason as it is kept.
fn reason(text: &str) -> Result<String, FilesError> {
    let text = clean_text(text, MAX_REASON);
    if text.is_empty() { Err(FilesError::Invalid { field: "reason", reason: "must say why".to_owned() }) } else { Ok(text) }
}

/// A verdict that a release makes pass. Who judged is not told as if they had found it clean: such a verdict stands for
/// no other time.
fn passed(verdict: &ScanVerdict, release: &Release) -> ScanVerdict {
    ScanVerdict {
        status: ScanStatus::Clean,
        engine: format!("released until {}; {}", release.expires_at, verdict.engine),
        findings: std::iter::once("released".to_owned()).chain(verdict.findings.iter().cloned()).collect(),
    }
}

impl Files {
    /// The verdict on bytes, or that they pass where a release of them is in force.
    pub(super) async fn unless_released(
        &self,
        customer: CustomerId,
        checksum: &Checksum,
        verdict: ScanVerdict,
    ) -> Result<ScanVerdict, FilesError> {
        if !matches!(verdict.status, ScanStatus::Infected | ScanStatus::Suspicious) {
            return Ok(verdict);
        }
        let release = self.0.catalog.release_in_force(customer, checksum).await?;
        Ok(release.map_or(verdict.clone(), |release| passed(&verdict, &release)))
    }

    /// Files in quarantine that the subject may let out, after a place; the second value is the place to go on from.
    ///
    /// # Errors
    /// `Invalid` for a place that is none; else when the catalog does not answer.
    pub async fn quarantine(
        &self,
        subject: &Subject,
        after: Option<&str>,
        limit: u32,
    ) -> Result<(Vec<InQuarantine>, Option<String>), FilesError> {
        let customer = subject.customer();
        let unknown = || FilesError::Invalid { field: "after", reason: "is the `next` of the page before".to_owned() };
        // Mostly sealed: the last one that was looked at may be none that the subject may know of.
        let place = |text: &str| -> Result<FileId, FilesError> {
            let opened = self.0.secrets.unseal(customer, PLACE, text);
            FileId::parse(opened.as_deref().unwrap_or(text)).map_err(|_| unknown())
        };
        let limit = limit.clamp(1, 200);
        let found = self.0.catalog.quarantined_files(customer, after.map(place).transpose()?, limit + 1).await?;
        let (page, rest) = found.split_at(found.len().min(limit as usize));
        let ids: Vec<FileId> = page.iter().map(|one| one.file).collect();
        let policies = self.policies_of(customer).await?;
        let grants = self.0.catalog.grants_of(customer, &ids).await?;
        let releases = self.releases(customer).await?;
        let mut shown = Vec::new();
        for file in self.0.catalog.files_of(customer, &ids).await? {
            let held = grants.get(&file.id).map(Vec::as_slice).unwrap_or_default();
            if Self::decide::<ReleaseQuarantine>(&policies, subject, &file, held).is_err() {
                continue;
            }
            let found = page.iter().find(|one| one.file == file.id).cloned();
            let release = releases.get(&file.checksum.to_string()).cloned();
            shown.push(InQuarantine { view: self.view(file).await?, found, release });
        }
        let entry = AuditEntry {
            decision: Decision::Allow,
            reason: Some(format!("{} files", shown.len())),
            ..subject.entry("list_quarantine", "done")
        };
        self.0.catalog.record(customer, &entry).await?;
        let last = ids.last().filter(|_| !rest.is_empty());
        Ok((shown, last.and_then(|file| self.0.secrets.seal(customer, PLACE, &file.to_string()))))
    }

    /// One file in quarantine, or out of it by a release.
    ///
    /// # Errors
    /// `NotFound`, `Refused`, `Conflict` when it is neither; else when the catalog does not answer.
    pub async fn in_quarantine(&self, subject: &Subject, id: FileId) -> Result<InQuarantine, FilesError> {
        let (file, permit) = self.may_release(subject, id).await?;
        let release = self.releases(file.customer).await?.remove(&file.checksum.to_string());
        let found = self.found(&file).await?;
        if found.is_none() && release.is_none() {
            return self.not_so(subject, &file, &permit, "described", "the file is not in quarantine").await;
        }
        self.0.catalog.record(file.customer, &subject.file_entry("described", &file, &permit)).await?;
        Ok(InQuarantine { view: self.view(file).await?, found, release })
    }

    /// Proposes that the bytes of a file be let out as a false alarm. Another person has to confirm it.
    ///
    /// # Errors
    /// `Invalid` without a reason, `NotFound`, `Refused`, `Conflict` when it is not in quarantine or a release is there
    /// already; else when the catalog does not answer.
    pub async fn propose_release(&self, subject: &Subject, id: FileId, why: &str, days: ReleaseDays) -> Result<InQuarantine, FilesError> {
        let why = reason(why)?;
        let (file, permit) = self.may_release(subject, id).await?;
        let expires_at = self.now().saturating_add(SignedDuration::from_hours(24 * i64::from(days.0))).unwrap_or(Timestamp::MAX);
        let release = NewRelease {
            id: ReleaseId::new(&*self.0.clock, &*self.0.entropy),
            file: id,
            checksum: file.checksum,
            reason: why.clone(),
            expires_at,
        };
        let entry = AuditEntry { reason: Some(why), ..subject.file_entry("proposed", &file, &permit) };
        let made = self.0.catalog.propose_release(file.customer, &release, &entry).await;
        self.told_of_release(subject, &file, &permit, made).await?;
        self.as_it_stands(file).await
    }

    /// Confirms what another person proposed: every file of these bytes is judged again, and passes.
    ///
    /// # Errors
    /// `Invalid` without a reason, `NotFound`, `Refused`, `Conflict` when nothing waits for it or the subject has proposed
    /// it; else when the catalog does not answer.
    pub async fn confirm_release(&self, subject: &Subject, id: FileId, why: &str) -> Result<InQuarantine, FilesError> {
        let why = reason(why)?;
        let (file, permit) = self.may_release(subject, id).await?;
        let Some(release) = self.releases(file.customer).await?.remove(&file.checksum.to_string()) else {
            return self.not_so(subject, &file, &permit, "confirmed", "no release of this file is proposed").await;
        };
        let entry = AuditEntry { reason: Some(why.clone()), ..subject.file_entry("confirmed", &file, &permit) };
        let confirmed = self.0.catalog.confirm_release(file.customer, release.id, &why, &entry).await;
        self.told_of_release(subject, &file, &permit, confirmed).await?;
        self.0.arrived.notify_waiters();
        self.0.changed.notify_waiters();
        self.as_it_stands(file).await
    }

    /// Takes a release back, proposed or in force. Files that it let out are judged again, and not read until then.
    ///
    /// # Errors
    /// `Invalid` without a reason, `NotFound`, `Refused`, `Conflict` when there is none; else when the catalog does not
    /// answer.
    pub async fn withdraw_release(&self, subject: &Subject, id: FileId, why: &str) -> Result<(), FilesError> {
        let why = reason(why)?;
        let (file, permit) = self.may_release(subject, id).await?;
        let Some(release) = self.releases(file.customer).await?.remove(&file.checksum.to_string()) else {
            return self.not_so(subject, &file, &permit, "withdrawn", "no release of this file is proposed or in force").await;
        };
        let entry = AuditEntry { reason: Some(why), ..subject.file_entry("withdrawn", &file, &permit) };
        let ended = self.0.catalog.withdraw_release(file.customer, release.id, &entry).await;
        self.told_of_release(subject, &file, &permit, ended).await?;
        self.0.arrived.notify_waiters();
        self.0.changed.notify_waiters();
        Ok(())
    }

    /// Removes a file that lies in quarantine.
    ///
    /// # Errors
    /// `Invalid` without a reason, `NotFound`, `Refused`, `Held`, `Conflict` when it is not in quarantine; else when the
    /// catalog does not answer.
    pub async fn delete_quarantined(&self, subject: &Subject, id: FileId, why: &str) -> Result<(), FilesError> {
        let why = reason(why)?;
        let (file, permit) = self.may_release(subject, id).await?;
        if file.status != FileStatus::Quarantined {
            return self.not_so(subject, &file, &permit, "deleted", "the file is not in quarantine").await;
        }
        self.remove_as(subject, &file, &permit, "delete_quarantined", Some(why)).await
    }

    /// A file, for whoever may let it out of quarantine.
    async fn may_release(&self, subject: &Subject, id: FileId) -> Result<(FileRecord, Permit<ReleaseQuarantine>), FilesError> {
        let file = self.known(subject, id, "release_quarantine").await?;
        let permit = self.permit_or_refuse::<ReleaseQuarantine>(subject, &file).await?;
        Ok((file, permit))
    }

    async fn found(&self, file: &FileRecord) -> Result<Option<QuarantinedFile>, FilesError> {
        if file.status == FileStatus::Quarantined { Ok(self.0.catalog.quarantined_file(file.customer, file.id).await?) } else { Ok(None) }
    }

    async fn as_it_stands(&self, file: FileRecord) -> Result<InQuarantine, FilesError> {
        let file = self.0.catalog.file(file.customer, file.id).await?.ok_or(FilesError::NotFound)?;
        let (found, release) = (self.found(&file).await?, self.releases(file.customer).await?.remove(&file.checksum.to_string()));
        Ok(InQuarantine { view: self.view(file).await?, found, release })
    }

    /// Releases that are proposed or in force, by hash.
    async fn releases(&self, customer: CustomerId) -> Result<BTreeMap<String, Release>, FilesError> {
        let now = self.now();
        let open = self.0.catalog.open_releases(customer, MAX_RELEASES).await?;
        Ok(open
            .into_iter()
            .filter(|release| release.state(now) != ReleaseState::Over)
            .map(|release| (release.checksum.to_string(), release))
            .collect())
    }

    /// A conflict that is found before the catalog is asked, with its record.
    async fn not_so<T>(
        &self,
        subject: &Subject,
        file: &FileRecord,
        permit: &Permit<ReleaseQuarantine>,
        wanted: &'static str,
        reason: &'static str,
    ) -> Result<T, FilesError> {
        let entry = AuditEntry { reason: Some(format!("not {wanted}: {reason}")), ..subject.file_entry("refused", file, permit) };
        self.0.catalog.record(file.customer, &entry).await?;
        Err(FilesError::Conflict(reason))
    }

    /// What came of it; that it could not be done has its record too.
    async fn told_of_release<T>(
        &self,
        subject: &Subject,
        file: &FileRecord,
        permit: &Permit<ReleaseQuarantine>,
        outcome: Result<T, CatalogError>,
    ) -> Result<(), FilesError> {
        match outcome {
            Ok(_) => Ok(()),
            Err(CatalogError::Conflict(reason)) => {
                let entry = AuditEntry { reason: Some(reason.to_owned()), ..subject.file_entry("refused", file, permit) };
                self.0.catalog.record(file.customer, &entry).await?;
                Err(FilesError::Conflict(reason))
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_stands_for_a_day_to_a_year() {
        assert_eq!([0, 1, 90, 365, 366].map(|days| ReleaseDays::new(days).is_some()), [false, true, true, true, false]);
        assert_eq!(ReleaseDays::new(90), Some(ReleaseDays::USUAL));
    }
}
