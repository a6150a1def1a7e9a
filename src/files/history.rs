//! What became of a file: who gave it to whom, who opened it, what was taken back.

use super::find::Meant;
use super::{Files, FilesError, GivenShare, Unclear};
use crate::catalog::{Opening, ShareFilter};
use crate::domain::{AuditEntry, CallContext, CustomerId, FileRecord, Person, PersonId, Rights, Timestamp};
use crate::policy::{History, TakeBack};

/// Something that happened with a file.
#[derive(Debug, Clone)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// What.
    pub deed: Deed,
    /// To whom the share was given that it is about.
    pub recipient: Person,
    /// Who did it, where a user did; programs have no name.
    pub by: Option<Person>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It was shared.
    Shared {
        /// What the recipient may do.
        rights: Rights,
    },
    /// It was handed out by the share's link.
    Opened {
        /// Which version.
        version: u32,
    },
    /// The share was taken back.
    Revoked,
    /// The share came to its end.
    Ended,
}

/// What became of a file.
#[derive(Debug, Clone)]
pub struct FileHistory {
    /// Which.
    pub file: FileRecord,
    /// What happened, the newest first.
    pub happenings: Vec<Happening>,
    /// Who has it by a share that lives and was never opened, the newest first.
    pub unopened: Vec<Person>,
}

/// The answer to "who has opened it?".
#[derive(Debug, Clone)]
pub enum HistoryAnswer {
    /// This became of it.
    Of(Box<FileHistory>),
    /// It is not clear of which file.
    Which(Unclear),
}

/// Shares and openings that are looked at, the newest.
const LOOKED_AT: u32 = 200;

impl Files {
    /// Tells what became of the file that was said, and records it.
    ///
    /// # Errors
    /// `NotFound` and `Refused` without the right; else when catalog or index do not answer.
    pub async fn history(&self, ctx: &CallContext, words: &str) -> Result<HistoryAnswer, FilesError> {
        let subject = self.caller(ctx).await?;
        let file = match self.meant(ctx, &subject, words, "history").await? {
            Meant::One(file, _) => *file,
            Meant::Ask(unclear) => return Ok(HistoryAnswer::Which(unclear)),
        };
        let filter = ShareFilter { file: Some(file.id), ..ShareFilter::default() };
        let mut shares = self.0.catalog.shares(ctx.customer, &filter, LOOKED_AT).await?;
        let entry = match self.permit::<History>(&subject, &file).await? {
            Ok(permit) => subject.file_entry("done", &file, &permit),
            // Whoever gave shares hears of those, whatever he may know beyond.
            Err(refusal) => {
                shares.retain(|share| share.created_by == subject.actor.to_string());
                if shares.is_empty() {
                    return Err(self.refused(&subject, "history", Some(file.id.to_string()), &refusal).await?);
                }
                let permit = self.permit_or_refuse::<TakeBack>(&subject, &file).await?;
                AuditEntry { action: "history", ..subject.file_entry("done", &file, &permit) }
            }
        };
        let shares = self.with_people(shares, std::slice::from_ref(&file)).await?;
        let openings = self.0.catalog.openings(ctx.customer, file.id, LOOKED_AT).await?;
        let happenings = self.happenings(ctx.customer, &shares, &openings).await?;
        let unopened = self.unopened(&shares, &openings);
        // The file is what is spoken of from now on: "take it back" means this one.
        self.0.catalog.list_in_call(ctx.customer, ctx.call, ctx.epoch, &[file.id], false, &entry).await?;
        Ok(HistoryAnswer::Of(Box::new(FileHistory { file, happenings, unopened })))
    }

    fn unopened(&self, shares: &[GivenShare], openings: &[Opening]) -> Vec<Person> {
        let now = self.now();
        let has_opened = |person: &Person| {
            shares.iter().any(|given| given.recipient.id == person.id && openings.iter().any(|opening| opening.share == given.share.id))
        };
        let mut unopened: Vec<Person> = Vec::new();
        for given in shares.iter().filter(|given| given.share.lives(now)) {
            // Who is inside reaches a file by calling; that leaves no opening of a link.
            let is_outside = matches!(given.recipient.id, PersonId::Contact(_));
            if is_outside && !has_opened(&given.recipient) && unopened.iter().all(|known| known.id != given.recipient.id) {
                unopened.push(given.recipient.clone());
            }
        }
        unopened
    }

    async fn happenings(&self, customer: CustomerId, shares: &[GivenShare], openings: &[Opening]) -> Result<Vec<Happening>, FilesError> {
        let now = self.now();
        let mut happenings = Vec::new();
        for given in shares {
            let (share, recipient) = (&given.share, || given.recipient.clone());
            let by = self.doer(customer, Some(&share.created_by)).await?;
            happenings.push(Happening { at: share.created_at, deed: Deed::Shared { rights: share.rights }, recipient: recipient(), by });
            for opening in openings.iter().filter(|opening| opening.share == share.id) {
                let deed = Deed::Opened { version: opening.version };
                happenings.push(Happening { at: opening.at, deed, recipient: recipient(), by: None });
            }
            if let Some(revoked) = &share.revoked {
                let by = self.doer(customer, revoked.by.as_deref()).await?;
                happenings.push(Happening { at: revoked.at, deed: Deed::Revoked, recipient: recipient(), by });
            } else if share.expires_at <= now {
                happenings.push(Happening { at: share.expires_at, deed: Deed::Ended, recipient: recipient(), by: None });
            }
        }
        happenings.sort_by_key(|happening| std::cmp::Reverse(happening.at));
        Ok(happenings)
    }

    /// The user behind an actor as rows keep it.
    async fn doer(&self, customer: CustomerId, actor: Option<&str>) -> Result<Option<Person>, FilesError> {
        match actor.map(PersonId::parse) {
            Some(Ok(user @ PersonId::User(_))) => Ok(self.0.catalog.person(customer, user).await?),
            _ => Ok(None),
        }
    }
}
