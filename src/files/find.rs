//! Finding files by what was said, and understanding which file a tool's argument means.

use super::orders::gives_orders;
use super::{Files, FilesError, Subject};
use crate::catalog::Listed;
use crate::domain::{AuditEntry, CallContext, Category, Decision, FileId, FileRecord, FileStatus};
use crate::policy::{Find, Permit, Visibility};
use crate::search::{Certainty, ListedItem, ListedPick, Query, Visible, pick_listed};

/// What the caller wants found.
#[derive(Debug, Clone, Default)]
pub struct FindRequest {
    /// The caller's words for it.
    pub query: String,
    /// The recogniser's other readings.
    pub alternatives: Vec<String>,
    /// The kind of file, when the caller named one.
    pub kind: Option<Category>,
    /// The word it is sorted by, when the caller named one.
    pub category: Option<String>,
}

impl FindRequest {
    /// The recogniser's other readings; before them the words with the category in front, where they do not hold it.
    fn alternatives(&self) -> Vec<String> {
        let word = self.category.as_deref().map(str::trim).filter(|word| !word.is_empty());
        let word = word.filter(|word| !self.query.to_lowercase().contains(&word.to_lowercase()));
        let named = word.map(|word| format!("{word} {}", self.query));
        named.into_iter().chain(self.alternatives.iter().cloned()).collect()
    }
}

/// A file under the short handle this call knows it by.
#[derive(Debug, Clone)]
pub struct ListedFile {
    /// The number in `f1`, `f2`, ….
    pub handle: u32,
    /// The file.
    pub file: FileRecord,
}

/// What was found. Every file in it is one the caller may know of.
#[derive(Debug, Clone)]
pub enum Found {
    /// This one.
    One(Box<ListedFile>),
    /// One of these, the likeliest first.
    Several(Vec<ListedFile>),
    /// Nothing like it; these come nearest.
    Nothing {
        /// At most two.
        nearest: Vec<ListedFile>,
    },
}

/// Which file an argument means.
#[derive(Debug)]
pub(super) enum Meant {
    One(Box<FileRecord>, Permit<Find>),
    /// Not one file: the question to ask.
    Ask(Unclear),
}

/// An argument that does not name one file.
#[derive(Debug, Clone)]
pub enum Unclear {
    /// One of these.
    Several(Vec<ListedFile>),
    /// A handle this call never gave; these it did.
    UnknownHandle(Vec<ListedFile>),
    /// Nothing like it; these come nearest.
    Nothing {
        /// At most two.
        nearest: Vec<ListedFile>,
    },
}

/// Files of a question at most.
const SHOWN: usize = 12;
/// Files that are told where none is what was meant.
const NEAREST: usize = 2;
const SEARCHED: usize = 50;

struct Hits {
    certainty: Certainty,
    files: Vec<(FileRecord, Permit<Find>)>,
}

fn handle_number(words: &str) -> Option<u32> {
    let digits = words.trim().to_lowercase();
    let digits = digits.strip_prefix('f')?;
    (digits.len() <= 6 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

/// A file as words about a list are compared with it.
pub(super) fn listed_item(position: usize, file: &FileRecord) -> ListedItem {
    ListedItem {
        title: file.title.clone(),
        name: file.name.as_str().to_owned(),
        author: file.author.clone(),
        date: file.created_date,
        position,
    }
}

/// Whether words are a handle, an id or point back: they say which file without naming it.
pub(super) fn points_elsewhere(words: &str) -> bool {
    handle_number(words).is_some() || points_back(words) || FileId::parse(words.trim()).is_ok()
}

/// Whether words mean what was just spoken of, and nothing else.
fn points_back(words: &str) -> bool {
    matches!(
        words.trim().trim_end_matches(['.', '?', '!']).to_lowercase().as_str(),
        "it" | "this"
            | "that"
            | "this one"
            | "that one"
            | "this file"
            | "that file"
            | "the file"
            | "the same"
            | "the same file"
            | "the same one"
    )
}

impl Files {
    /// Finds files by what was said, lists them in the call, and records it.
    ///
    /// # Errors
    /// `Invalid` for empty words; else when catalog or index do not answer.
    pub async fn find(&self, ctx: &CallContext, request: &FindRequest) -> Result<Found, FilesError> {
        let subject = self.caller(ctx).await?;
        let hits = self.look(ctx, &subject, request).await?;
        let (outcome, chosen): (&'static str, Vec<_>) = match hits.certainty {
            Certainty::One => ("done", hits.files.into_iter().take(1).collect()),
            Certainty::Several if hits.files.len() == 1 => ("done", hits.files),
            Certainty::Several => ("choose", hits.files.into_iter().take(SHOWN).collect()),
            Certainty::Weak => ("not_found", hits.files.into_iter().take(NEAREST).collect()),
        };
        let outcome = if chosen.is_empty() { "not_found" } else { outcome };
        let listed = self.list(ctx, &subject, "find", outcome, chosen, false).await?;
        Ok(match (outcome, listed) {
            ("done", mut listed) if !listed.is_empty() => Found::One(Box::new(listed.swap_remove(0))),
            ("choose", listed) => Found::Several(listed),
            (_, nearest) => Found::Nothing { nearest },
        })
    }

    /// Searches, loads what was found from the catalog, and keeps what the caller may know of.
    async fn look(&self, ctx: &CallContext, subject: &Subject, request: &FindRequest) -> Result<Hits, FilesError> {
        if request.query.trim().is_empty() {
            return Err(FilesError::Invalid { field: "query", reason: "must say what to look for".to_owned() });
        }
        let index = self.index_of(ctx.customer).await?;
        let visible = self.visible(subject).await?;
        let query = Query {
            text: request.query.clone(),
            alternatives: request.alternatives(),
            heard: ctx.heard.as_ref().map(|heard| heard.text.clone()),
            kind: request.kind,
            today: self.today(ctx),
            visible,
            limit: SEARCHED,
        };
        let found = index.search(query).await?;
        let ids: Vec<FileId> = found.hits.iter().map(|hit| hit.file).collect();
        let wanted = match found.certainty {
            Certainty::One => 1,
            Certainty::Several => SHOWN,
            Certainty::Weak => NEAREST,
        };
        let (mut files, mut lost_best) = (Vec::new(), false);
        // As few as the answer shows: most hits of a broad request are never told.
        for some in ids.chunks(wanted) {
            let known = self.permitted_of(ctx, subject, some).await?;
            // The best hit is stale or not for this caller: how sure the index was says nothing now.
            lost_best |= some.first() == ids.first() && known.first().map(|(file, _)| &file.id) != ids.first();
            files.extend(known);
            if files.len() >= if lost_best { wanted.max(NEAREST) } else { wanted } {
                break;
            }
        }
        // What is left when the best is not this caller's is at most near, never what was meant.
        let certainty = match found.certainty {
            Certainty::One if lost_best => Certainty::Weak,
            Certainty::Several if lost_best && files.len() < 2 => Certainty::Weak,
            certainty => certainty,
        };
        Ok(Hits { certainty, files })
    }

    /// What a search is narrowed to before every hit is permitted one by one.
    async fn visible(&self, subject: &Subject) -> Result<Visible, FilesError> {
        let (customer, grantees) = (subject.customer(), subject.grantees());
        let folders = async { Ok(self.0.catalog.granted_folders(customer, &grantees).await?) };
        let (policies, folders) = tokio::try_join!(self.policies_of(customer), folders)?;
        Ok(match policies.visibility(&subject.principal, &folders) {
            Visibility::All => Visible::All,
            Visibility::Tokens(tokens) => Visible::AnyOf(tokens),
        })
    }

    /// This file with a permit to find it, when it is there for this caller.
    pub(super) async fn permitted(
        &self,
        ctx: &CallContext,
        subject: &Subject,
        id: FileId,
    ) -> Result<Option<(FileRecord, Permit<Find>)>, FilesError> {
        Ok(self.permitted_of(ctx, subject, &[id]).await?.pop())
    }

    /// Those of several files that are there for this caller, in this order.
    pub(super) async fn permitted_of(
        &self,
        ctx: &CallContext,
        subject: &Subject,
        ids: &[FileId],
    ) -> Result<Vec<(FileRecord, Permit<Find>)>, FilesError> {
        let catalog = &self.0.catalog;
        let known = async { Ok(tokio::try_join!(catalog.files_of(ctx.customer, ids), catalog.grants_of(ctx.customer, ids))?) };
        let (policies, (files, grants)) = tokio::try_join!(self.policies_of(ctx.customer), known)?;
        let there = files.into_iter().filter(|file| file.status.is_findable() || file.status == FileStatus::Quarantined);
        Ok(there
            .filter_map(|file| {
                let grants = grants.get(&file.id).map(Vec::as_slice).unwrap_or_default();
                let permit = Self::decide::<Find>(&policies, subject, &file, grants).ok()?;
                Some((file, permit))
            })
            .collect())
    }

    /// Gives files their handles in this call and records the operation, in one transaction.
    pub(super) async fn list(
        &self,
        ctx: &CallContext,
        subject: &Subject,
        action: &'static str,
        outcome: &'static str,
        files: Vec<(FileRecord, Permit<Find>)>,
        carries_file_text: bool,
    ) -> Result<Vec<ListedFile>, FilesError> {
        let ids: Vec<FileId> = files.iter().map(|(file, _)| file.id).collect();
        let entry = match files.as_slice() {
            [(file, permit)] => AuditEntry { action, ..subject.file_entry(outcome, file, permit) },
            _ => AuditEntry { decision: Decision::Allow, reason: Some(format!("{} files", files.len())), ..subject.entry(action, outcome) },
        };
        let misleads = carries_file_text || files.iter().any(|(file, _)| gives_orders(file));
        let listed = self.0.catalog.list_in_call(ctx.customer, ctx.call, ctx.epoch, &ids, misleads, &entry).await?;
        Ok(listed.iter().zip(files).map(|(listed, (file, _))| ListedFile { handle: listed.handle, file }).collect())
    }

    /// Which file an argument means: a handle, a place in what was listed, an id, or the caller's words.
    pub(super) async fn meant(&self, ctx: &CallContext, subject: &Subject, words: &str, action: &'static str) -> Result<Meant, FilesError> {
        let listed = self.0.catalog.listed(ctx.customer, ctx.call, ctx.epoch).await?;
        if let Some(number) = handle_number(words) {
            if let Some(place) = listed.iter().find(|place| place.handle == number)
                && let Some((file, permit)) = self.permitted(ctx, subject, place.file).await?
            {
                return Ok(Meant::One(Box::new(file), permit));
            }
            let known = self.newest_listing(ctx, subject, &listed).await?;
            let known = self.list(ctx, subject, action, "choose", known, false).await?;
            return Ok(Meant::Ask(Unclear::UnknownHandle(known)));
        }
        if let Ok(id) = FileId::parse(words.trim()) {
            return match self.permitted(ctx, subject, id).await? {
                Some((file, permit)) => Ok(Meant::One(Box::new(file), permit)),
                None => Err(self.absent(subject, action, Some(id.to_string())).await?),
            };
        }
        let mut known = self.newest_listing(ctx, subject, &listed).await?;
        let items: Vec<ListedItem> = (1..).zip(&known).map(|(position, (file, _))| listed_item(position, file)).collect();
        if points_back(words) && !known.is_empty() {
            if known.len() == 1 {
                let (file, permit) = known.swap_remove(0);
                return Ok(Meant::One(Box::new(file), permit));
            }
            return Ok(Meant::Ask(Unclear::Several(self.list(ctx, subject, action, "choose", known, false).await?)));
        }
        match pick_listed(words, &items, self.today(ctx)) {
            ListedPick::One(index) if index < known.len() => {
                let (file, permit) = known.swap_remove(index);
                return Ok(Meant::One(Box::new(file), permit));
            }
            ListedPick::Several(indexes) => {
                let mut chosen = Vec::new();
                for (index, pair) in known.into_iter().enumerate() {
                    if indexes.contains(&index) {
                        chosen.push(pair);
                    }
                }
                return Ok(Meant::Ask(Unclear::Several(self.list(ctx, subject, action, "choose", chosen, false).await?)));
            }
            ListedPick::One(_) | ListedPick::None => {}
        }
        let request = FindRequest { query: words.to_owned(), alternatives: Vec::new(), kind: None, category: None };
        let mut hits = self.look(ctx, subject, &request).await?;
        match hits.certainty {
            Certainty::One | Certainty::Several
                if hits.files.len() == 1 || (hits.certainty == Certainty::One && !hits.files.is_empty()) =>
            {
                let (file, permit) = hits.files.swap_remove(0);
                Ok(Meant::One(Box::new(file), permit))
            }
            Certainty::Several if !hits.files.is_empty() => {
                hits.files.truncate(SHOWN);
                Ok(Meant::Ask(Unclear::Several(self.list(ctx, subject, action, "choose", hits.files, false).await?)))
            }
            Certainty::One | Certainty::Several | Certainty::Weak => {
                hits.files.truncate(NEAREST);
                Ok(Meant::Ask(Unclear::Nothing { nearest: self.list(ctx, subject, action, "not_found", hits.files, false).await? }))
            }
        }
    }

    async fn newest_listing(
        &self,
        ctx: &CallContext,
        subject: &Subject,
        listed: &[Listed],
    ) -> Result<Vec<(FileRecord, Permit<Find>)>, FilesError> {
        let newest = listed.first().map_or(0, |place| place.listing);
        let files: Vec<FileId> = listed.iter().filter(|place| place.listing == newest).map(|place| place.file).collect();
        self.permitted_of(ctx, subject, &files).await
    }

    /// The caller's date today; UTC where the time zone is unknown.
    pub(super) fn today(&self, ctx: &CallContext) -> jiff::civil::Date {
        self.now().to_zoned_datetime(ctx.settings.zone()).date()
    }
}

#[cfg(test)]
mod tests {
    use super::{handle_number, points_back};

    #[test]
    fn it_points_back_and_a_name_does_not() {
        for (words, expected) in [("it", true), (" That one. ", true), ("the same file", true), ("that contract", false), ("", false)] {
            assert_eq!(points_back(words), expected, "{words}");
        }
    }

    #[test]
    fn a_category_that_was_named_is_looked_for_with_the_words() {
        let request = |query: &str, category: Option<&str>| super::FindRequest {
            query: query.to_owned(),
            alternatives: vec!["other".to_owned()],
            kind: None,
            category: category.map(str::to_owned),
        };
        assert_eq!(request("the one from Acme", Some("contracts")).alternatives(), ["contracts the one from Acme", "other"]);
        for (query, category) in [("the Contracts", Some("contracts")), ("the one", Some(" ")), ("the one", None)] {
            assert_eq!(request(query, category).alternatives(), ["other"], "{query}");
        }
    }

    #[test]
    fn handles_are_f_and_digits() {
        for (words, number) in
            [("f1", Some(1)), (" F12 ", Some(12)), ("f", None), ("q2", None), ("first", None), ("f1x", None), ("f12345678", None)]
        {
            assert_eq!(handle_number(words), number, "{words}");
        }
    }
}
