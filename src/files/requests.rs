//! Asking for files: a link under which the caller, or somebody he names, sends what is wanted.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::messages::{Appeal, link_way};
use super::{Files, FilesError, Subject, Who};
use crate::catalog::{NewUploadLink, UploadLink};
use crate::domain::{
    AuditEntry, CallContext, CallId, Channel, Folder, Lifetime, LinkId, PendingId, Person, PersonId, PersonKind, Timestamp, UserId,
    clean_text,
};
use crate::policy::{Add, Permit};

/// What the caller wants to be sent.
#[derive(Debug, Clone, Default)]
pub struct UploadRequest {
    /// What, in the caller's words.
    pub what: Option<String>,
    /// The caller's words for who is to send it; the caller himself when left out.
    pub from: Option<String>,
    /// Where it is to lie.
    pub folder: Option<String>,
}

/// What is read back before somebody outside is asked.
#[derive(Debug, Clone)]
pub struct UploadReadBack {
    /// The action that waits.
    pub pending: PendingId,
    /// Who is to send.
    pub sender: Person,
    /// People whose names sound like the sender's.
    pub soundalikes: Vec<Person>,
    /// What is wanted.
    pub what: Option<String>,
    /// For how long the link takes files.
    pub lifetime: Lifetime,
    /// How often an answer to it was not understood.
    pub failures: u32,
}

/// A link for uploads that exists.
#[derive(Debug, Clone)]
pub struct Requested {
    /// Which.
    pub link: LinkId,
    /// Who is to send.
    pub sender: Person,
    /// Whether that is the caller.
    pub is_caller: bool,
    /// What is wanted.
    pub what: Option<String>,
    /// Where it will lie.
    pub folder: Folder,
    /// Files that the link takes.
    pub most_files: u32,
    /// The link's address, where settings let it be told.
    pub url: Option<String>,
    /// By which message it is on its way, when it is.
    pub channel: Option<Channel>,
    /// Until when.
    pub expires_at: Timestamp,
}

/// The answer to "get me that file".
#[derive(Debug, Clone)]
pub enum RequestAnswer {
    /// The link is made, and on its way.
    Made(Box<Requested>),
    /// It was made a moment ago, and is on its way already.
    Again(Box<Requested>),
    /// Nothing has changed; this is to be read back.
    Confirm(Box<UploadReadBack>),
    /// It is not clear who.
    WhichPerson(Who),
    /// The sender has neither mail address nor number.
    NoAddress(Person),
}

/// The request that waits for a yes, as it lies in the catalog.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct AskedUpload {
    pub sender: PersonId,
    pub what: Option<String>,
    /// The name of the folder.
    pub folder: String,
}

impl AskedUpload {
    /// The question once more, after so many answers that were no answers.
    pub fn read_back(self, pending: PendingId, sender: Person, failures: u32) -> Result<UploadReadBack, FilesError> {
        Ok(UploadReadBack { pending, sender, soundalikes: Vec::new(), what: self.what, lifetime: lifetime(false)?, failures })
    }
}

/// Where what arrives lies, when nobody says.
const INBOX: &str = "inbox";
/// Longest description of what is wanted, in characters.
const MAX_WHAT: usize = 120;
/// Files that a link takes.
const MOST_FILES: u32 = 20;
/// How long the caller has: he is on the line. And how long somebody else has.
const CALLER_SECONDS: i64 = 2 * 3600;
const OTHER_SECONDS: i64 = 3 * 86_400;
/// A double request within this time is the same request.
const SAME: SignedDuration = SignedDuration::from_secs(600);
/// Links that are looked through for one that is there already.
const LOOKED_AT: u32 = 50;
/// Words of the read-back beside the name and what is wanted.
const WORDS: usize = 14;

/// The folder that was said: "the legal folder" is `legal`.
fn folder(words: Option<&str>) -> Result<Folder, FilesError> {
    let said = words.map(str::trim).filter(|words| !words.is_empty()).unwrap_or(INBOX);
    let bare = said.strip_prefix("the ").unwrap_or(said);
    let bare = bare.strip_suffix(" folder").unwrap_or(bare).trim();
    Folder::parse(bare).map_err(|error| FilesError::Invalid { field: "folder", reason: error.to_string() })
}

fn lifetime(is_caller: bool) -> Result<Lifetime, FilesError> {
    let seconds = if is_caller { CALLER_SECONDS } else { OTHER_SECONDS };
    Lifetime::from_seconds(seconds).map_err(|error| FilesError::Invalid { field: "lifetime", reason: error.to_string() })
}

/// On which way a link is wanted: who is on the phone has it in his hand.
fn wanted_way(is_caller: bool) -> Option<Channel> {
    is_caller.then_some(Channel::Sms)
}

impl Files {
    /// Understands what is wanted from whom. For the caller, or somebody of the customer, the link is made at once;
    /// before somebody outside is asked, the caller says yes.
    ///
    /// # Errors
    /// `NotFound` and `Refused` without the right, `Invalid` for a folder that is none; else when the catalog does
    /// not answer.
    pub async fn ask_upload(&self, ctx: &CallContext, request: &UploadRequest) -> Result<RequestAnswer, FilesError> {
        let subject = self.caller(ctx).await?;
        let permit = self.permit_customer::<Add>(&subject).await?;
        // What arrives is somebody's own: a caller whom nobody knows gets nothing.
        let Some(user) = subject.user() else {
            self.0.catalog.record(ctx.customer, &subject.entry("request_upload", "refused")).await?;
            return Err(FilesError::Refused);
        };
        let what = request.what.as_deref().map(|text| clean_text(text, MAX_WHAT)).filter(|text| !text.is_empty());
        let folder = match folder(request.folder.as_deref()) {
            Ok(folder) => folder,
            Err(error) => {
                self.0.catalog.record(ctx.customer, &subject.entry("request_upload", "invalid")).await?;
                return Err(error);
            }
        };
        let from = request.from.as_deref().map(str::trim).filter(|words| !words.is_empty()).unwrap_or("me");
        let (sender, soundalikes) = match self.who(ctx, from).await? {
            Who::One { person, soundalikes } => (person, soundalikes),
            unclear => {
                let outcome = if matches!(unclear, Who::Several(_)) { "choose" } else { "not_found" };
                self.0.catalog.record(ctx.customer, &subject.entry("request_upload", outcome)).await?;
                return Ok(RequestAnswer::WhichPerson(unclear));
            }
        };
        let asked = AskedUpload { sender: sender.id, what, folder: folder.as_str().to_owned() };
        if let Some(made) = self.same_request(ctx, user, &asked, &sender).await? {
            self.0.catalog.record(ctx.customer, &subject.entry("request_upload", "already")).await?;
            return Ok(RequestAnswer::Again(Box::new(made)));
        }
        let is_reachable = sender.kind() != PersonKind::Team && link_way(&sender, None).is_some();
        let is_caller = sender.id == PersonId::User(user);
        let is_shown = is_caller && self.0.settings.reveal_links;
        if !(is_reachable || is_shown) {
            self.0.catalog.record(ctx.customer, &subject.entry("request_upload", "no_address")).await?;
            return Ok(RequestAnswer::NoAddress(sender));
        }
        if sender.kind() != PersonKind::Contact {
            return Ok(RequestAnswer::Made(Box::new(self.make_request(ctx, &subject, &permit, None, &asked, sender).await?)));
        }
        let entry = subject.allowed("request_upload", "confirm", &permit);
        let count = |text: &str| text.split_whitespace().count();
        let words = WORDS + count(&sender.name) + asked.what.as_deref().map_or(0, count);
        let pending = self.put_in_wait(ctx, &Asked::Upload(asked.clone()), words, permit.evidence(), &entry).await?;
        let read_back = UploadReadBack { pending, sender, soundalikes, what: asked.what, lifetime: lifetime(false)?, failures: 0 };
        Ok(RequestAnswer::Confirm(Box::new(read_back)))
    }

    /// Makes the link that was confirmed.
    ///
    /// # Errors
    /// `Refused` and the like when rights changed since the question; `Conflict` when another answer came first.
    pub(super) async fn give_request(
        &self,
        ctx: &CallContext,
        subject: &Subject,
        confirmed: (CallId, PendingId),
        asked: &AskedUpload,
        sender: Person,
    ) -> Result<Requested, FilesError> {
        let permit = self.permit_customer::<Add>(subject).await?;
        self.make_request(ctx, subject, &permit, Some(confirmed), asked, sender).await
    }

    /// Makes a link and its message, all or nothing.
    async fn make_request(
        &self,
        ctx: &CallContext,
        subject: &Subject,
        permit: &Permit<Add>,
        confirmed: Option<(CallId, PendingId)>,
        asked: &AskedUpload,
        sender: Person,
    ) -> Result<Requested, FilesError> {
        let user = subject.user().ok_or(FilesError::Refused)?;
        let is_caller = sender.id == PersonId::User(user);
        let slug = self.0.secrets.slug();
        let url = format!("{}/u/{}", self.0.settings.public_url, slug.secret);
        let expires_at = lifetime(is_caller)?.ends(self.now());
        let id = LinkId::new(&*self.0.clock, &*self.0.entropy);
        let appeal = Appeal {
            recipient: &sender,
            about: id.to_string(),
            url: &url,
            until: expires_at,
            what: asked.what.clone(),
            by: wanted_way(is_caller),
        };
        let composed = self.compose_appeal(ctx, &appeal).await?;
        let new = NewUploadLink {
            id,
            customer: ctx.customer,
            slug_hash: slug.hash,
            slug_sealed: self.0.secrets.seal(ctx.customer, "slug", &slug.secret).ok_or(FilesError::Sealed { what: "link" })?,
            asked_by: user,
            call: Some((ctx.call, ctx.epoch)),
            sender: (!is_caller).then_some(sender.id),
            folder: folder(Some(&asked.folder))?,
            what: asked.what.clone(),
            most_files: MOST_FILES,
            most_bytes: self.0.settings.upload_limit,
            expires_at,
            messages: composed.messages,
        };
        let entry = AuditEntry {
            object: Some(id.to_string()),
            reason: Some(format!("from {}", sender.id)),
            ..subject.allowed("request_upload", "done", permit)
        };
        self.0.catalog.add_upload_link(&new, confirmed, &entry).await?;
        self.0.changed.notify_waiters();
        Ok(Requested {
            link: id,
            sender,
            is_caller,
            what: new.what,
            folder: new.folder,
            most_files: MOST_FILES,
            url: self.0.settings.reveal_links.then_some(url),
            channel: composed.link_by,
            expires_at,
        })
    }

    /// A link that this call made for the same thing within ten minutes, and that nothing has come by.
    async fn same_request(
        &self,
        ctx: &CallContext,
        user: UserId,
        asked: &AskedUpload,
        sender: &Person,
    ) -> Result<Option<Requested>, FilesError> {
        let is_caller = sender.id == PersonId::User(user);
        let is_same = |link: &UploadLink| {
            link.call == Some((ctx.call, ctx.epoch))
                && link.sender == (!is_caller).then_some(sender.id)
                && (&link.what, link.folder.as_str()) == (&asked.what, asked.folder.as_str())
                && link.files == 0
                && self.now().duration_since(link.created_at) < SAME
        };
        let links = self.0.catalog.upload_links_of(ctx.customer, user, LOOKED_AT).await?;
        let Some(link) = links.into_iter().find(is_same) else { return Ok(None) };
        let slug = self.0.secrets.unseal(ctx.customer, "slug", &link.slug_sealed).ok_or(FilesError::Sealed { what: "link" })?;
        Ok(Some(Requested {
            link: link.id,
            sender: sender.clone(),
            is_caller,
            what: link.what,
            folder: link.folder,
            most_files: link.most_files,
            url: self.0.settings.reveal_links.then(|| format!("{}/u/{slug}", self.0.settings.public_url)),
            channel: link_way(sender, wanted_way(is_caller)),
            expires_at: link.expires_at,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_what_was_said_without_the_words_around_it() {
        for (said, name) in
            [(None, "inbox"), (Some(" "), "inbox"), (Some("the legal folder"), "legal"), (Some("finance/2026"), "finance/2026")]
        {
            assert_eq!(folder(said).unwrap().as_str(), name, "{said:?}");
        }
        assert!(folder(Some("../x")).is_err());
    }
}
