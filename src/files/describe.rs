//! Saying what a file is.

use super::find::Meant;
use super::orders::gives_orders;
use super::{Files, FilesError, Unclear};
use crate::catalog::Grant;
use crate::domain::{CallContext, FileRecord, FileStatus, Owner, Person, PersonId, ScanStatus};
use crate::policy::Describe;

/// A file, and who has it.
#[derive(Debug, Clone)]
pub struct Described {
    /// Its handle in this call.
    pub handle: u32,
    /// The file; its summary, excerpt and facts are untrusted text of the file itself.
    pub file: FileRecord,
    /// Its owner; `None` for files of the customer as a whole.
    pub owner: Option<Person>,
    /// Whom it is shared with, newest first.
    pub shared_with: Vec<Person>,
    /// Whether its text may be quoted: it is active and clean.
    pub readable: bool,
}

/// The answer to "what is it?".
#[derive(Debug, Clone)]
pub enum DescribeAnswer {
    /// This file.
    Is(Box<Described>),
    /// It is not clear which.
    Which(Unclear),
}

impl Files {
    /// Describes the file that was said, and records it.
    ///
    /// # Errors
    /// `NotFound` and `Refused` without the right; else when catalog or index do not answer.
    pub async fn describe(&self, ctx: &CallContext, words: &str) -> Result<DescribeAnswer, FilesError> {
        let subject = self.caller(ctx).await?;
        let file = match self.meant(ctx, &subject, words, "describe").await? {
            Meant::One(file, _) => *file,
            Meant::Ask(unclear) => return Ok(DescribeAnswer::Which(unclear)),
        };
        let permit = self.permit_or_refuse::<Describe>(&subject, &file).await?;
        let readable = file.status == FileStatus::Active && file.scan == ScanStatus::Clean;
        let grants = self.0.catalog.grants(ctx.customer, file.id).await?;
        let (owner, shared_with) = self.holders(&file, &grants).await?;
        let entry = subject.file_entry("done", &file, &permit);
        let carries_text = (readable && (file.summary.is_some() || !file.facts.sheets.is_empty())) || gives_orders(&file);
        let listed = self.0.catalog.list_in_call(ctx.customer, ctx.call, ctx.epoch, &[file.id], carries_text, &entry).await?;
        let handle = listed.first().map_or(0, |place| place.handle);
        Ok(DescribeAnswer::Is(Box::new(Described { handle, file, owner, shared_with, readable })))
    }

    /// The owner of a file and the people it is shared with.
    pub(super) async fn holders(&self, file: &FileRecord, grants: &[Grant]) -> Result<(Option<Person>, Vec<Person>), FilesError> {
        let owner = match file.owner {
            Owner::User(user) => self.0.catalog.person(file.customer, PersonId::User(user)).await?,
            Owner::Service => None,
        };
        let mut shared_with: Vec<Person> = Vec::new();
        for grant in grants {
            if shared_with.iter().all(|known| known.id != grant.to)
                && let Some(person) = self.0.catalog.person(file.customer, grant.to).await?
            {
                shared_with.push(person);
            }
        }
        Ok((owner, shared_with))
    }
}
