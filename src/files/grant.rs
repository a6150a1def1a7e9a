//! Giving a share without a question: for programs and imports, never for a model.

use super::{Files, FilesError, Subject};
use crate::catalog::{NewLink, NewShare};
use crate::domain::{AuditEntry, Edition, FileId, FileStatus, Lifetime, LinkId, PersonId, PersonKind, Rights, ShareId};
use crate::policy::{Evidence, Refusal};

impl Files {
    /// Gives somebody of the directory a right to a file. There is no code and no message: the
    /// recipient reaches it by calling. A program's key decides, so nothing is read back.
    ///
    /// # Errors
    /// `NotFound`, `Refused`; `Invalid` for a caller, and for somebody the directory does not know.
    pub async fn grant(
        &self,
        subject: &Subject,
        file: FileId,
        to: PersonId,
        rights: Rights,
        lifetime: Lifetime,
    ) -> Result<ShareId, FilesError> {
        if subject.call.is_some() {
            return Err(FilesError::Invalid { field: "file", reason: "a caller shares with a confirmation".to_owned() });
        }
        let Some(record) = self.0.catalog.file(subject.customer(), file).await?.filter(|found| found.status != FileStatus::Deleted) else {
            return Err(self.absent(subject, "share", Some(file.to_string())).await?);
        };
        let Some(person) = self.0.catalog.person(subject.customer(), to).await? else {
            return Err(FilesError::Invalid { field: "to", reason: "is nobody of this customer".to_owned() });
        };
        let permit = self.permit_share(subject, &record, person.kind() == PersonKind::Contact).await?;
        if permit.evidence() > Evidence::ModelWord {
            // Nobody is asked here, so nothing could show that anybody agreed.
            let refusal = Refusal { policies: permit.policies().to_owned(), may_know: true };
            return Err(self.refused(subject, "share", Some(file.to_string()), &refusal).await?);
        }
        let (clock, entropy) = (&*self.0.clock, &*self.0.entropy);
        let slug = self.0.secrets.slug();
        let share = NewShare {
            id: ShareId::new(clock, entropy),
            customer: subject.customer(),
            file,
            version: record.version,
            edition: Edition::Confirmed,
            recipient: to,
            new_recipient: None,
            rights,
            call: None,
            expires_at: lifetime.ends(self.now()),
            link: NewLink {
                id: LinkId::new(clock, entropy),
                slug_sealed: self.0.secrets.seal(subject.customer(), "slug", &slug.secret).ok_or(FilesError::Sealed { what: "link" })?,
                slug_hash: slug.hash,
                most_downloads: None,
            },
            code: None,
            messages: Vec::new(),
        };
        let entry = AuditEntry { reason: Some(format!("share {} to {to}", share.id)), ..subject.file_entry("done", &record, &permit) };
        self.0.catalog.share(&share, None, &entry).await?;
        self.0.changed.notify_waiters();
        Ok(share.id)
    }
}
