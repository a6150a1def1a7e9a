//! How far what was sent is: what has arrived, what is being checked, what is ready.

use super::find::Meant;
use super::receiving::CameState;
use super::{Files, FilesError, ListedFile, Unclear};
use crate::domain::{AuditEntry, CallContext, Decision, FileRecord};
use crate::policy::Describe;

/// A file on its way, under the short handle this call knows it by.
#[derive(Debug, Clone)]
pub struct OnItsWay {
    /// The file.
    pub listed: ListedFile,
    /// What became of it.
    pub state: CameState,
}

/// The answer to "is it there?".
#[derive(Debug, Clone)]
pub enum Progress {
    /// These, the newest first; none when nothing has come.
    Files {
        /// What came.
        files: Vec<OnItsWay>,
        /// Names of those who were asked and have sent nothing yet.
        waiting_for: Vec<String>,
        /// Whether the caller himself has a link that nothing came by.
        waits_for_caller: bool,
    },
    /// It is not clear which file.
    Which(Unclear),
}

/// Files that are told of at once.
const SHOWN: u32 = 10;
/// Links that are looked at.
const LINKS: u32 = 20;

impl Files {
    /// How far one file is, or all that was sent to the caller of late.
    ///
    /// # Errors
    /// `NotFound` for a file that the caller may not know of; else when catalog or index do not answer.
    pub async fn progress(&self, ctx: &CallContext, words: Option<&str>) -> Result<Progress, FilesError> {
        let subject = self.caller(ctx).await?;
        let (files, links) = if let Some(words) = words {
            match self.meant(ctx, &subject, words, "check_progress").await? {
                Meant::One(file, _) => (vec![*file], Vec::new()),
                Meant::Ask(unclear) => return Ok(Progress::Which(unclear)),
            }
        } else {
            let links = match subject.user() {
                Some(user) => self.0.catalog.upload_links_of(ctx.customer, user, LINKS).await?,
                None => Vec::new(),
            };
            let came = self.0.catalog.arrived_for(ctx.customer, subject.user(), (ctx.call, ctx.epoch), SHOWN).await?;
            (came, links)
        };
        let mut known = Vec::new();
        for file in files {
            if self.permit::<Describe>(&subject, &file).await?.is_ok() {
                known.push(file);
            }
        }
        let mut waiting_for = Vec::new();
        let unused = links.iter().filter(|link| link.files == 0);
        let waits_for_caller = unused.clone().any(|link| link.sender.is_none());
        for person in unused.filter_map(|link| link.sender) {
            if let Some(person) = self.0.catalog.person(ctx.customer, person).await?
                && !waiting_for.contains(&person.name)
            {
                waiting_for.push(person.name);
            }
        }
        let ids: Vec<_> = known.iter().map(|file| file.id).collect();
        let entry = AuditEntry {
            decision: Decision::Allow,
            reason: Some(format!("{} files", ids.len())),
            ..subject.entry("check_progress", "done")
        };
        let listed = self.0.catalog.list_in_call(ctx.customer, ctx.call, ctx.epoch, &ids, false, &entry).await?;
        let file_of = |file: FileRecord| {
            let handle = listed.iter().find(|place| place.file == file.id).map(|place| place.handle)?;
            let state = CameState::of(&file);
            Some(OnItsWay { listed: ListedFile { handle, file }, state })
        };
        Ok(Progress::Files { files: known.into_iter().filter_map(file_of).collect(), waiting_for, waits_for_caller })
    }
}
