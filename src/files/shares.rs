//! Shares as programs and signed-in people list and end them.

use super::revoke::files_of;
use super::{Files, FilesError, GivenShare, Subject};
use crate::catalog::{ShareFilter, ShareRecord};
use crate::domain::{AuditEntry, Decision, FileId, FileStatus, Permission, PersonId, ShareId};
use crate::policy::History;

/// Shares of one page, at most.
const PAGE: u32 = 200;
/// Shares that one request ends, at most; what is left is ended by the next.
const ENDED_AT_ONCE: u32 = 500;

impl Files {
    /// Shares that the subject may see, the newest first: those of files whose history it may hear, and
    /// its own. The second value is the place to go on from.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn shares(&self, subject: &Subject, filter: &ShareFilter) -> Result<(Vec<GivenShare>, Option<ShareId>), FilesError> {
        let found = self.0.catalog.shares(subject.customer(), filter, PAGE).await?;
        let next = found.last().filter(|_| found.len() == PAGE as usize).map(|share| share.id);
        let shown = self.shown(subject, found).await?;
        let entry = AuditEntry {
            object: filter.file.map(|file| file.to_string()),
            decision: Decision::Allow,
            reason: Some(format!("{} shares", shown.len())),
            ..subject.entry("list_shares", "done")
        };
        self.0.catalog.record(subject.customer(), &entry).await?;
        Ok((shown, next))
    }

    /// Shares of one file that the subject may see, the newest first.
    ///
    /// # Errors
    /// `NotFound` and `Refused` without the right to the file's history.
    pub async fn shares_of_file(&self, subject: &Subject, file: FileId) -> Result<Vec<GivenShare>, FilesError> {
        let file = self.known(subject, file, "history").await?;
        let permit = self.permit_or_refuse::<History>(subject, &file).await?;
        self.0.catalog.record(file.customer, &subject.file_entry("done", &file, &permit)).await?;
        let filter = ShareFilter { file: Some(file.id), ..ShareFilter::default() };
        let found = self.0.catalog.shares(subject.customer(), &filter, PAGE).await?;
        self.with_people(found, std::slice::from_ref(&file)).await
    }

    /// Those that the subject gave, and those of files whose history it may see.
    async fn shown(&self, subject: &Subject, shares: Vec<ShareRecord>) -> Result<Vec<GivenShare>, FilesError> {
        let (ids, actor) = (files_of(&shares), subject.actor.to_string());
        let (catalog, customer) = (&self.0.catalog, subject.customer());
        let known = async { Ok(tokio::try_join!(catalog.files_of(customer, &ids), catalog.grants_of(customer, &ids))?) };
        let (policies, (files, grants)) = tokio::try_join!(self.policies_of(customer), known)?;
        let mut given = self.with_people(shares, &files).await?;
        given.retain(|given| {
            let grants = grants.get(&given.file.id).map(Vec::as_slice).unwrap_or_default();
            given.file.status != FileStatus::Deleted
                && (given.share.created_by == actor || Self::decide::<History>(&policies, subject, &given.file, grants).is_ok())
        });
        Ok(given)
    }

    /// Ends one share. One that has ended already stays as it is.
    ///
    /// # Errors
    /// `NotFound` and `Refused` when it is not the subject's to end.
    pub async fn end_share(&self, subject: &Subject, share: ShareId) -> Result<(), FilesError> {
        let found = self.0.catalog.share_of(subject.customer(), share).await?;
        let given = self.with_files(subject, found.into_iter().collect()).await?;
        if given.is_empty() {
            return Err(self.absent(subject, "revoke", Some(share.to_string())).await?);
        }
        if self.end_shares(subject, &given).await?.is_empty() {
            let entry = AuditEntry { object: Some(share.to_string()), ..subject.entry("revoke", "already") };
            self.0.catalog.record(subject.customer(), &entry).await?;
        }
        Ok(())
    }

    /// Ends all shares of a file, to a recipient, or both; a few hundred at once, the newest. Gives those
    /// that it ended.
    ///
    /// # Errors
    /// `Invalid` when neither is said; `NotFound` and `Refused` when one of them is not the subject's to
    /// end: then none is ended.
    pub async fn end_shares_of(
        &self,
        subject: &Subject,
        file: Option<FileId>,
        recipient: Option<PersonId>,
    ) -> Result<Vec<ShareId>, FilesError> {
        if file.is_none() && recipient.is_none() {
            return Err(FilesError::Invalid {
                field: "file",
                reason: "say whose shares are to end: of which `file`, to which `recipient`".to_owned(),
            });
        }
        // Each share asks for its own right; where there is none to end, this alone tells who may end any.
        if !subject.principal.permissions.has(Permission::Share) {
            let reason = Some("the credential gives and ends no shares".to_owned());
            let entry = AuditEntry { decision: Decision::Deny, reason, ..subject.entry("revoke", "refused") };
            self.0.catalog.record(subject.customer(), &entry).await?;
            return Err(FilesError::Refused);
        }
        let filter = ShareFilter { file, recipient, living: true, ..ShareFilter::default() };
        let found = self.0.catalog.shares(subject.customer(), &filter, ENDED_AT_ONCE).await?;
        let given = self.with_files(subject, found).await?;
        let ended = self.end_shares(subject, &given).await?;
        if ended.is_empty() {
            let object = file.map(|file| file.to_string()).or_else(|| recipient.map(|person| person.to_string()));
            self.0.catalog.record(subject.customer(), &AuditEntry { object, ..subject.entry("revoke", "not_found") }).await?;
        }
        Ok(ended)
    }

    /// Shares beside their files and recipients; those of files that are deleted are left out.
    async fn with_files(&self, subject: &Subject, shares: Vec<ShareRecord>) -> Result<Vec<GivenShare>, FilesError> {
        let mut files = self.0.catalog.files_of(subject.customer(), &files_of(&shares)).await?;
        files.retain(|file| file.status != FileStatus::Deleted);
        self.with_people(shares, &files).await
    }
}
