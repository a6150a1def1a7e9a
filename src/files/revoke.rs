//! Taking back what was shared.

use std::collections::BTreeSet;

use super::find::{Meant, listed_item, points_elsewhere};
use super::people::who_of;
use super::when::window;
use super::{Files, FilesError, Subject, Unclear, Who};
use crate::catalog::{Revocation, ShareFilter, ShareRecord};
use crate::domain::{AuditEntry, CallContext, Decision, FileId, FileRecord, Person, PersonId, ShareId};
use crate::policy::{Revoke, TakeBack};
use crate::search::{ListedItem, ListedPick, pick_listed};

/// What the caller wants taken back; what is `None` was not said.
#[derive(Debug, Clone, Default)]
pub struct RevokeRequest {
    /// The caller's words for the file, its handle, or "everything".
    pub file: Option<String>,
    /// The caller's words for whoever has it, or "everybody".
    pub with: Option<String>,
    /// The caller's words for when it was shared.
    pub when: Option<String>,
}

/// A share with what it is of, and to whom.
#[derive(Debug, Clone)]
pub struct GivenShare {
    /// The share.
    pub share: ShareRecord,
    /// Its file, as it is now.
    pub file: FileRecord,
    /// Its recipient.
    pub recipient: Person,
}

/// The answer to "take it back".
#[derive(Debug, Clone)]
pub enum RevokeAnswer {
    /// These were taken back just now.
    Revoked(Vec<GivenShare>),
    /// It could be any of these, one of each file and recipient; nothing was done.
    Which(Vec<GivenShare>),
    /// It is not clear which file; nothing was done.
    WhichFile(Unclear),
    /// Nothing like it is shared.
    Nothing,
}

/// Living shares that are looked at, the newest.
const LOOKED_AT: u32 = 500;

/// Words that leave nothing out.
fn is_all(words: &str) -> bool {
    let words = words.trim().trim_end_matches(['.', '!']).to_lowercase();
    let words = words.trim_start_matches("with ").trim_start_matches("from ").trim_start_matches("to ");
    matches!(
        words,
        "all"
            | "all of it"
            | "all of them"
            | "all of those"
            | "all files"
            | "both"
            | "both of them"
            | "everything"
            | "everybody"
            | "everyone"
    )
}

/// The files of shares, each once.
pub(super) fn files_of(shares: &[ShareRecord]) -> Vec<FileId> {
    let ids: BTreeSet<FileId> = shares.iter().map(|share| share.file).collect();
    ids.into_iter().collect()
}

/// Whether two shares give the same file to the same recipient.
fn is_same(one: &GivenShare, other: &GivenShare) -> bool {
    one.file.id == other.file.id && one.recipient.id == other.recipient.id
}

/// One share of each file and recipient, in the order in which they come.
fn distinct(shares: &[GivenShare]) -> Vec<GivenShare> {
    let mut distinct: Vec<GivenShare> = Vec::new();
    for share in shares {
        if !distinct.iter().any(|known| is_same(known, share)) {
            distinct.push(share.clone());
        }
    }
    distinct
}

/// Where nothing was said of what, to whom or when: the last share of this call, if it has one.
fn last_of_call(ctx: &CallContext, request: &RevokeRequest, shares: Vec<GivenShare>) -> Vec<GivenShare> {
    let said_nothing = request.file.is_none() && request.with.is_none() && request.when.is_none();
    match shares.iter().find(|share| share.share.call == Some(ctx.call)).filter(|_| said_nothing).cloned() {
        Some(last) => shares.into_iter().filter(|share| is_same(share, &last)).collect(),
        None => shares,
    }
}

impl Files {
    /// Understands what is to be taken back, and takes it back: the caller's own shares, else those of
    /// others where the caller has the right to. From then on their links open nothing.
    ///
    /// # Errors
    /// `Invalid` for a time that cannot be read, `Refused` without the right; else when catalog or index
    /// do not answer.
    pub async fn revoke(&self, ctx: &CallContext, request: &RevokeRequest) -> Result<RevokeAnswer, FilesError> {
        let subject = self.caller(ctx).await?;
        let mut filter = ShareFilter { living: true, ..ShareFilter::default() };
        if let Some(when) = &request.when {
            let Some((from, until)) = window(when, self.now(), &ctx.settings.zone()) else {
                self.0.catalog.record(ctx.customer, &subject.entry("revoke", "invalid")).await?;
                return Err(FilesError::Invalid { field: "when", reason: "is a time that has passed, such as `yesterday`".to_owned() });
            };
            (filter.from, filter.until) = (Some(from), Some(until));
        }
        let own = ShareFilter { given_by: Some(subject.actor.to_string()), ..filter.clone() };
        for (filter, is_own) in [(own, true), (filter, false)] {
            let shares = self.given(ctx, &subject, &filter).await?;
            let shares = Self::narrow_to_recipient(ctx, request, shares);
            let shares = match self.narrow_to_file(ctx, &subject, request, shares, is_own).await? {
                Ok(shares) => shares,
                Err(unclear) => return Ok(RevokeAnswer::WhichFile(unclear)),
            };
            let shares = last_of_call(ctx, request, shares);
            if !shares.is_empty() {
                let shares = self.endable(&subject, shares).await?;
                return self.take_back_these(ctx, &subject, request, shares).await;
            }
        }
        self.0.catalog.record(ctx.customer, &subject.entry("revoke", "not_found")).await?;
        Ok(RevokeAnswer::Nothing)
    }

    /// Living shares with file and recipient, of files that the caller may know of.
    async fn given(&self, ctx: &CallContext, subject: &Subject, filter: &ShareFilter) -> Result<Vec<GivenShare>, FilesError> {
        let shares = self.0.catalog.shares(ctx.customer, filter, LOOKED_AT).await?;
        let files: Vec<FileRecord> = self.permitted_of(ctx, subject, &files_of(&shares)).await?.into_iter().map(|(file, _)| file).collect();
        self.with_people(shares, &files).await
    }

    /// Shares beside their files, as far as these are among `files`, and their recipients.
    pub(super) async fn with_people(&self, shares: Vec<ShareRecord>, files: &[FileRecord]) -> Result<Vec<GivenShare>, FilesError> {
        let (mut given, mut people): (Vec<GivenShare>, Vec<Person>) = (Vec::new(), Vec::new());
        for share in shares {
            let Some(file) = files.iter().find(|file| file.id == share.file) else { continue };
            let recipient = if let Some(person) = people.iter().find(|person| person.id == share.recipient) {
                person.clone()
            } else {
                let Some(person) = self.0.catalog.person(file.customer, share.recipient).await? else { continue };
                people.push(person.clone());
                person
            };
            given.push(GivenShare { share, file: file.clone(), recipient });
        }
        Ok(given)
    }

    /// Those to whoever was said. Who has nothing is not meant: of two Johns it is the one who has something.
    fn narrow_to_recipient(ctx: &CallContext, request: &RevokeRequest, shares: Vec<GivenShare>) -> Vec<GivenShare> {
        let Some(words) = request.with.as_deref().filter(|words| !is_all(words)) else { return shares };
        let mut people: Vec<Person> = Vec::new();
        for share in &shares {
            if people.iter().all(|known| known.id != share.recipient.id) {
                people.push(share.recipient.clone());
            }
        }
        let meant: Vec<PersonId> = if is_anyone(words) {
            vec![PersonId::anyone(ctx.customer)]
        } else {
            match who_of(ctx, words, &people) {
                Who::One { person, .. } => vec![person.id],
                Who::Several(people) => people.into_iter().map(|person| person.id).collect(),
                Who::Nobody { .. } => Vec::new(),
            }
        };
        shares.into_iter().filter(|share| meant.contains(&share.recipient.id)).collect()
    }

    /// Those that the subject may end; where it may end none, the first, which will be refused.
    async fn endable(&self, subject: &Subject, shares: Vec<GivenShare>) -> Result<Vec<GivenShare>, FilesError> {
        let mut endable = Vec::new();
        for share in &shares {
            let is_own = share.share.created_by == subject.actor.to_string();
            if is_own || self.permit::<Revoke>(subject, &share.file).await?.is_ok() {
                endable.push(share.clone());
            }
        }
        Ok(if endable.is_empty() { shares.into_iter().take(1).collect() } else { endable })
    }

    /// Those of the file that was said: among the files of these shares, and where nothing is `near` them,
    /// among all files.
    async fn narrow_to_file(
        &self,
        ctx: &CallContext,
        subject: &Subject,
        request: &RevokeRequest,
        shares: Vec<GivenShare>,
        near: bool,
    ) -> Result<Result<Vec<GivenShare>, Unclear>, FilesError> {
        let Some(words) = request.file.as_deref().filter(|words| !is_all(words)) else { return Ok(Ok(shares)) };
        if shares.is_empty() {
            return Ok(Ok(shares));
        }
        let mut files: Vec<&FileRecord> = Vec::new();
        for share in &shares {
            if files.iter().all(|known| known.id != share.file.id) {
                files.push(&share.file);
            }
        }
        let items: Vec<ListedItem> = (1..).zip(&files).map(|(position, file)| listed_item(position, file)).collect();
        let picked = match pick_listed(words, &items, self.today(ctx)) {
            _ if points_elsewhere(words) => Vec::new(),
            ListedPick::One(index) => vec![index],
            ListedPick::Several(indexes) => indexes,
            ListedPick::None => Vec::new(),
        };
        let mut meant: Vec<FileId> = picked.iter().filter_map(|index| files.get(*index)).map(|file| file.id).collect();
        if meant.is_empty() && (!near || points_elsewhere(words)) {
            match self.meant(ctx, subject, words, "revoke").await? {
                Meant::One(file, _) => meant.push(file.id),
                Meant::Ask(unclear @ (Unclear::Several(_) | Unclear::UnknownHandle(_))) => return Ok(Err(unclear)),
                Meant::Ask(Unclear::Nothing { .. }) => {}
            }
        }
        Ok(Ok(shares.into_iter().filter(|share| meant.contains(&share.file.id)).collect()))
    }

    async fn take_back_these(
        &self,
        ctx: &CallContext,
        subject: &Subject,
        request: &RevokeRequest,
        shares: Vec<GivenShare>,
    ) -> Result<RevokeAnswer, FilesError> {
        let candidates = distinct(&shares);
        let said_all = |words: &Option<String>| words.as_deref().is_some_and(is_all);
        // "Everything" needs something beside it that says which: a person, a file, or a time.
        let bounds =
            [request.file.is_some(), request.with.is_some(), request.when.is_some()].into_iter().filter(|is_said| *is_said).count();
        let means_all = (said_all(&request.file) || said_all(&request.with)) && bounds > 1;
        if candidates.len() > 1 && !means_all {
            let reason = Some(format!("{} shares", candidates.len()));
            self.0.catalog.record(ctx.customer, &AuditEntry { reason, ..subject.entry("revoke", "choose") }).await?;
            return Ok(RevokeAnswer::Which(candidates));
        }
        let ended = self.end_shares(subject, &shares).await?;
        if ended.is_empty() {
            self.0.catalog.record(ctx.customer, &subject.entry("revoke", "not_found")).await?;
            return Ok(RevokeAnswer::Nothing);
        }
        Ok(RevokeAnswer::Revoked(shares.into_iter().filter(|share| ended.contains(&share.share.id)).collect()))
    }

    /// Takes shares back, all or none, where the subject may: its own, and those of others by the right to.
    ///
    /// # Errors
    /// `Refused` and `NotFound` when one of them is not the subject's to end.
    pub(super) async fn end_shares(&self, subject: &Subject, shares: &[GivenShare]) -> Result<Vec<ShareId>, FilesError> {
        let mut revocations = Vec::with_capacity(shares.len());
        for GivenShare { share, file, .. } in shares {
            let entry = if share.created_by == subject.actor.to_string()
                && let Ok(permit) = self.permit::<TakeBack>(subject, file).await?
            {
                subject.file_entry("done", file, &permit)
            } else {
                let permit = self.permit_or_refuse::<Revoke>(subject, file).await?;
                subject.file_entry("done", file, &permit)
            };
            let reason = Some(format!("share {} of {}", share.id, share.recipient));
            let entry = AuditEntry { version: Some(share.version), content_hash: None, decision: Decision::Allow, reason, ..entry };
            revocations.push(Revocation { share: share.id, entry });
        }
        let ended = self.0.catalog.revoke(subject.customer(), &revocations).await?;
        if !ended.is_empty() {
            self.0.changed.notify_waiters();
        }
        Ok(ended)
    }
}

/// Whether words mean whoever has the link.
pub(super) fn is_anyone(words: &str) -> bool {
    let words = words.trim().trim_end_matches(['.', '!']).to_lowercase();
    let words = words.trim_start_matches("with ").trim_start_matches("to ");
    matches!(
        words,
        "anyone"
            | "anybody"
            | "anyone with the link"
            | "anybody with the link"
            | "anyone who has the link"
            | "anybody who has the link"
            | "whoever has the link"
            | "a link"
            | "just a link"
            | "the link"
            | "public link"
            | "a public link"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_leaves_nothing_out_and_anyone_is_nobody_in_particular() {
        for (words, all, anyone) in [
            ("everything", true, false),
            ("Both of them.", true, false),
            ("from everybody", true, false),
            ("everything Anna wrote", false, false),
            ("anyone with the link", false, true),
            ("with anybody", false, true),
            ("Any Jones", false, false),
            ("", false, false),
        ] {
            assert_eq!((is_all(words), is_anyone(words)), (all, anyone), "{words}");
        }
    }
}
