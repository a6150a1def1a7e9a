//! Standing rights: what users and teams of the customer may do with a file, or with all that lies in a folder, until
//! it is ended. Unlike a share there is no link and nothing is sent.

use super::{Files, FilesError, Subject};
use crate::catalog::{CatalogError, GrantRecord, NewGrant, Place};
use crate::domain::{AuditEntry, FileRecord, GrantId, Level, Lifetime, PersonId};
use crate::policy::{Grant, Permit};

/// A standing right to be given.
#[derive(Debug, Clone)]
pub struct GrantRequest {
    /// On what.
    pub place: Place,
    /// To a user or a team.
    pub to: PersonId,
    /// How far.
    pub level: Level,
    /// For how long; until it is ended when `None`.
    pub lifetime: Option<Lifetime>,
}

/// What came of giving a right.
#[derive(Debug, Clone)]
pub enum Granted {
    /// It stands.
    Standing(GrantRecord),
    /// The user owns the file now, in place of whoever did.
    Owned,
}

impl Files {
    /// Gives a user or a team a standing right, in place of whatever standing right they had there. To make a user the
    /// owner of a file moves the file to that user.
    ///
    /// # Errors
    /// `NotFound`, `Refused`; `Invalid` for a contact, for somebody the directory does not know, and for an owner of a
    /// file who is a team or is one for a time; else when it could not be committed.
    pub async fn give_grant(&self, subject: &Subject, request: &GrantRequest) -> Result<Granted, FilesError> {
        let (permit, file) = self.permit_grant(subject, &request.place, Some(request.level)).await?;
        if matches!(request.to, PersonId::Contact(_)) {
            return Err(FilesError::Invalid { field: "to", reason: "is a user or a team; contacts are sent shares".to_owned() });
        }
        let entry = Self::grant_entry(subject, &permit, &request.place, format!("{} for {}", request.level.as_str(), request.to));
        if let (Some(file), Level::Owner) = (&file, request.level) {
            let PersonId::User(to) = request.to else {
                return Err(FilesError::Invalid { field: "to", reason: "owns a file only as a user".to_owned() });
            };
            if request.lifetime.is_some() {
                return Err(FilesError::Invalid { field: "lifetime_seconds", reason: "nobody owns a file for a time".to_owned() });
            }
            self.committed(self.0.catalog.transfer_file(subject.customer(), file.id, file.owner, to, &entry).await)?;
            return Ok(Granted::Owned);
        }
        let new = NewGrant {
            id: GrantId::new(&*self.0.clock, &*self.0.entropy),
            customer: subject.customer(),
            place: request.place.clone(),
            to: request.to,
            level: request.level,
            expires_at: request.lifetime.map(|lifetime| lifetime.ends(self.now())),
        };
        self.committed(self.0.catalog.give_grant(&new, &entry).await)?;
        let given = self.0.catalog.standing_grant(subject.customer(), new.id).await?;
        given.map(Granted::Standing).ok_or(FilesError::Conflict("it was ended in the meantime"))
    }

    /// The living standing rights of a file or a folder itself, the oldest first, a thousand at most.
    ///
    /// # Errors
    /// `NotFound`, `Refused`; else when the catalog does not answer.
    pub async fn standing_grants(&self, subject: &Subject, place: &Place) -> Result<Vec<GrantRecord>, FilesError> {
        let (permit, _) = self.permit_grant(subject, place, None).await?;
        let entry = Self::grant_entry(subject, &permit, place, "list".to_owned());
        self.0.catalog.record(subject.customer(), &entry).await?;
        Ok(self.0.catalog.standing_grants(subject.customer(), place).await?)
    }

    /// Ends a standing right. It takes the right to give one as strong.
    ///
    /// # Errors
    /// `NotFound` when there is no such living right, or the asker may not know of its file; `Refused`; else when it
    /// could not be committed.
    pub async fn end_grant(&self, subject: &Subject, grant: GrantId) -> Result<(), FilesError> {
        let Some(record) = self.0.catalog.standing_grant(subject.customer(), grant).await? else {
            return Err(self.absent(subject, "grant", Some(grant.to_string())).await?);
        };
        let (permit, _) = self.permit_grant(subject, &record.place, Some(record.level)).await?;
        let entry = Self::grant_entry(subject, &permit, &record.place, format!("end {} of {}", record.level.as_str(), record.to));
        self.committed(self.0.catalog.end_grant(subject.customer(), grant, &entry).await)
    }

    /// A permit to give or end a right of this level there, or to see which there are; with the file where it is one.
    async fn permit_grant(
        &self,
        subject: &Subject,
        place: &Place,
        level: Option<Level>,
    ) -> Result<(Permit<Grant>, Option<FileRecord>), FilesError> {
        let mut subject = subject.clone();
        subject.conditions.granting = level;
        match place {
            Place::File(file) => {
                let record = self.known(&subject, *file, "grant").await?;
                let permit = self.permit_or_refuse::<Grant>(&subject, &record).await?;
                Ok((permit, Some(record)))
            }
            Place::Folder(folder) => Ok((self.permit_folder::<Grant>(&subject, folder).await?, None)),
        }
    }

    fn grant_entry(subject: &Subject, permit: &Permit<Grant>, place: &Place, reason: String) -> AuditEntry {
        AuditEntry { object: Some(named(place)), reason: Some(reason), ..subject.allowed("grant", "done", permit) }
    }

    /// What was done wakes the index; what could not be is told as what it is about.
    fn committed(&self, done: Result<(), CatalogError>) -> Result<(), FilesError> {
        match done {
            Ok(()) => {
                self.0.changed.notify_waiters();
                Ok(())
            }
            Err(CatalogError::Conflict(reason)) => Err(FilesError::Conflict(reason)),
            Err(error) => Err(error.into()),
        }
    }
}

/// A file or a folder, for the record.
fn named(place: &Place) -> String {
    match place {
        Place::File(file) => file.to_string(),
        Place::Folder(folder) => format!("folder {folder}"),
    }
}
