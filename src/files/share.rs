//! Sharing: the question first, the share after a yes.

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::code::{Opens, Style, Way};
use super::find::Meant;
use super::messages::{Parcel, ways};
use super::recipient::{AskedContact, Recipient};
use super::{Files, FilesError, Subject, Toward, Unclear, Who};
use crate::catalog::{NewLink, NewShare, ShareRecord};
use crate::domain::{
    AuditEntry, CallContext, CallId, Channel, Classification, Edition, FileId, FileRecord, Lifetime, LinkId, PendingId, Person, PersonId,
    PersonKind, Rights, ShareId, Timestamp,
};
use crate::policy::{Action, Permit, RESTRICTED_OUTSIDE, Read, Share};

/// What the caller wants shared.
#[derive(Debug, Clone)]
pub struct ShareRequest {
    /// The caller's words for the file, or its handle.
    pub file: String,
    /// The caller's words for the person.
    pub with: String,
    /// What the person may do.
    pub rights: Rights,
    /// For how long.
    pub lifetime: Lifetime,
    /// Which version.
    pub edition: Edition,
    /// How often the link may be opened; as often as wanted when `None`.
    pub downloads: Option<u32>,
}

/// What is read back before anything changes.
#[derive(Debug, Clone)]
pub struct ReadBack {
    /// The action that waits.
    pub pending: PendingId,
    /// The file, at the version that will be shared.
    pub file: FileRecord,
    /// The recipient.
    pub recipient: Person,
    /// People whose names sound like the recipient's.
    pub soundalikes: Vec<Person>,
    /// What the recipient may do.
    pub rights: Rights,
    /// For how long.
    pub lifetime: Lifetime,
    /// Which version.
    pub edition: Edition,
    /// What kind of recipient it is.
    pub toward: Toward,
    /// Whether a code opens the link: for whoever is outside, and for the caller.
    pub with_code: bool,
    /// How often the link may be opened; as often as wanted when `None`.
    pub downloads: Option<u32>,
    /// How often an answer to it was not understood.
    pub failures: u32,
}

/// The answer to "share it".
#[derive(Debug, Clone)]
pub enum ShareAnswer {
    /// Nothing has changed; this is to be read back.
    Confirm(Box<ReadBack>),
    /// The recipient has it already.
    Already(Box<Shared>),
    /// It is not clear which file.
    WhichFile(Unclear),
    /// It is not clear who.
    WhichPerson(Who),
    /// The recipient has neither mail address nor number.
    NoAddress(Person),
}

/// A share that exists.
#[derive(Debug, Clone)]
pub struct Shared {
    /// Which.
    pub share: ShareId,
    /// The file.
    pub file: FileRecord,
    /// The recipient.
    pub recipient: Person,
    /// What kind of recipient it is.
    pub toward: Toward,
    /// What the recipient may do.
    pub rights: Rights,
    /// Until when.
    pub expires_at: Timestamp,
    /// The link's id.
    pub link: LinkId,
    /// The link's address, where settings let it be told.
    pub url: Option<String>,
    /// The code for somebody outside.
    pub code: Option<IssuedCode>,
    /// By which message the link is on its way, when it is.
    pub channel: Option<Channel>,
    /// By which message of its own the code is on its way, when it is.
    pub code_channel: Option<Channel>,
}

/// A code, to be spoken.
#[derive(Debug, Clone)]
pub struct IssuedCode {
    /// Digits without groups, or words with blanks.
    pub text: String,
    /// Digits or words.
    pub style: Style,
    /// Until when.
    pub expires_at: Timestamp,
    /// Whether it is the one that was told before.
    pub again: bool,
}

/// A share that waits for a yes, as it lies in the catalog.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct AskedShare {
    pub file: FileId,
    pub version: u32,
    pub recipient: PersonId,
    pub rights: Rights,
    pub lifetime_seconds: i64,
    /// Questions that were asked before shares could follow a file have none.
    #[serde(default)]
    pub edition: Edition,
    #[serde(default)]
    pub downloads: Option<u32>,
    #[serde(default)]
    pub toward: Toward,
    /// How the caller wants it sent to himself.
    #[serde(default)]
    pub by_text: bool,
    /// The recipient, where the directory does not know him.
    #[serde(default)]
    pub contact: Option<AskedContact>,
}

/// Most openings that can be asked for.
const MOST_DOWNLOADS: u32 = 1000;

/// A double request within this time is the same request.
const SAME_SECONDS: i64 = 600;

impl ReadBack {
    /// What is read back of a share that waits for a yes.
    ///
    /// # Errors
    /// `Invalid` when what lies in the catalog means no lifetime.
    pub(super) fn of(
        asked: &AskedShare,
        file: FileRecord,
        recipient: Person,
        (pending, failures): (PendingId, u32),
    ) -> Result<Self, FilesError> {
        Ok(Self {
            pending,
            with_code: with_code(&recipient, asked.toward),
            soundalikes: Vec::new(),
            rights: asked.rights,
            lifetime: Lifetime::from_seconds(asked.lifetime_seconds)
                .map_err(|error| FilesError::Invalid { field: "lifetime", reason: error.to_string() })?,
            edition: asked.edition,
            toward: asked.toward,
            downloads: asked.downloads,
            failures,
            file,
            recipient,
        })
    }
}

/// Whether the caller wants a text rather than a mail, by the words for the recipient or his own.
fn wants_a_text(ctx: &CallContext, words: &str) -> bool {
    let heard = ctx.heard.as_ref().map(|heard| heard.text.as_str()).unwrap_or_default();
    let said = format!("{words} {heard}").to_lowercase();
    let mut words = said.split(|c: char| !c.is_alphanumeric());
    words.any(|word| matches!(word, "text" | "texted" | "sms" | "phone" | "cell" | "mobile" | "number"))
}

/// Whether a code opens the link: for whoever is outside, and for the caller, who hears it. Others inside
/// reach the file by calling.
fn with_code(recipient: &Person, toward: Toward) -> bool {
    recipient.kind() == PersonKind::Contact || toward == Toward::Caller
}

impl Files {
    /// Understands what is to be shared with whom, checks it, and puts it in wait for a yes.
    ///
    /// # Errors
    /// `NotFound`, `Refused`, `NotReady`, `Quarantined`; else when catalog or index do not answer.
    pub async fn ask_share(&self, ctx: &CallContext, request: &ShareRequest) -> Result<ShareAnswer, FilesError> {
        let subject = self.caller(ctx).await?;
        if request.downloads.is_some_and(|most| !(1..=MOST_DOWNLOADS).contains(&most)) {
            let reason = format!("is a number of times from 1 to {MOST_DOWNLOADS}");
            self.0.catalog.record(ctx.customer, &subject.entry("share", "invalid")).await?;
            return Err(FilesError::Invalid { field: "downloads", reason });
        }
        let (file, found) = match self.meant(ctx, &subject, &request.file, "share").await? {
            Meant::One(file, found) => (*file, found),
            Meant::Ask(unclear) => return Ok(ShareAnswer::WhichFile(unclear)),
        };
        let to = match self.recipient(ctx, &request.with).await? {
            Ok(to) => to,
            Err(unclear) => {
                let outcome = if matches!(unclear, Who::Several(_)) { "choose" } else { "not_found" };
                self.0.catalog.record(ctx.customer, &subject.file_entry(outcome, &file, &found)).await?;
                return Ok(ShareAnswer::WhichPerson(unclear));
            }
        };
        let Recipient { person: recipient, soundalikes, toward } = to;
        let permit = self.may_give(&subject, &file, (&recipient, toward)).await?;
        self.handed_out(&file, &permit.entry(&subject, "unavailable", &file)).await?;
        if let Some(share) = self.same_share(ctx, &file, (&recipient, toward), request).await? {
            self.0.catalog.record(ctx.customer, &permit.entry(&subject, "already", &file)).await?;
            return Ok(ShareAnswer::Already(Box::new(self.shared(ctx, file, recipient, &share).await?)));
        }
        let by_text = toward == Toward::Caller && wants_a_text(ctx, &request.with);
        if with_code(&recipient, toward) && ways(&self.messaged(ctx, &recipient, toward).await?).is_empty() {
            self.0.catalog.record(ctx.customer, &permit.entry(&subject, "no_address", &file)).await?;
            return Ok(ShareAnswer::NoAddress(recipient));
        }
        let contact = self.asked_contact(ctx, &recipient, toward).await?;
        if contact.is_some() {
            // Asked for here as well, so that nobody says yes to what is refused then.
            self.new_recipient(&subject, &recipient, (toward, false)).await?;
        }
        let asked = AskedShare {
            file: file.id,
            version: file.version,
            recipient: recipient.id,
            rights: request.rights,
            lifetime_seconds: request.lifetime.seconds(),
            edition: request.edition,
            downloads: request.downloads,
            toward,
            by_text,
            contact,
        };
        // Its fixed words and the two names.
        let words = 12 + file.title.split_whitespace().count() + recipient.name.split_whitespace().count();
        let entry = permit.entry(&subject, "confirm", &file);
        let pending = self.put_in_wait(ctx, &Asked::Share(asked.clone()), words, permit.evidence(), &entry).await?;
        Ok(ShareAnswer::Confirm(Box::new(ReadBack { soundalikes, ..ReadBack::of(&asked, file, recipient, (pending, 0))? })))
    }

    /// The recipient as the question keeps it, where the directory does not know him.
    async fn asked_contact(&self, ctx: &CallContext, person: &Person, toward: Toward) -> Result<Option<AskedContact>, FilesError> {
        let is_new = match toward {
            Toward::New => true,
            // Somebody without a name of his own, who calls from a number that nobody has.
            Toward::Caller => self.0.catalog.person(ctx.customer, person.id).await?.is_none(),
            Toward::Somebody | Toward::Anyone => false,
        };
        Ok(is_new.then(|| AskedContact { name: person.name.clone(), email: person.email.clone(), phone: person.phone.clone() }))
    }

    /// To whom the message with the link goes: the recipient, or the caller where anyone may have it.
    async fn messaged(&self, ctx: &CallContext, recipient: &Person, toward: Toward) -> Result<Person, FilesError> {
        match (toward, ctx.caller.user()) {
            (Toward::Anyone, Some(user)) => self.person(ctx, PersonId::User(user)).await,
            _ => Ok(recipient.clone()),
        }
    }

    pub(super) async fn permit_share(&self, subject: &Subject, file: &FileRecord, outside: bool) -> Result<Permit<Share>, FilesError> {
        let mut subject = subject.clone();
        subject.conditions.external = outside;
        let refusal = match self.permit::<Share>(&subject, file).await? {
            Ok(permit) => return Ok(permit),
            Err(refusal) => refusal,
        };
        let error = self.refused(&subject, Share::KIND.as_str(), Some(file.id.to_string()), &refusal).await?;
        // What is in a file is told to those who may read it.
        let is_sensitive = matches!(error, FilesError::Refused) && refusal.policies == RESTRICTED_OUTSIDE;
        subject.conditions.external = false;
        if is_sensitive && self.permit::<Read>(&subject, file).await?.is_ok() {
            let counts = file.findings.as_deref().unwrap_or_default();
            let holds = if file.found == Classification::Restricted { counts.iter().map(|found| found.kind).collect() } else { Vec::new() };
            return Err(FilesError::TooSensitive { holds });
        }
        Err(error)
    }

    /// Whether a file's bytes may leave: active, and found clean.
    pub(super) async fn handed_out(&self, file: &FileRecord, unavailable: &AuditEntry) -> Result<(), FilesError> {
        let Some(error) = FilesError::by_state(file) else { return Ok(()) };
        let entry = AuditEntry { reason: Some(error.to_string()), ..unavailable.clone() };
        self.0.catalog.record(file.customer, &entry).await?;
        Err(error)
    }

    /// A living share of the same version with the same person at the same rights, made in this call
    /// within ten minutes, or with somebody inside at any time.
    async fn same_share(
        &self,
        ctx: &CallContext,
        file: &FileRecord,
        (recipient, toward): (&Person, Toward),
        request: &ShareRequest,
    ) -> Result<Option<ShareRecord>, FilesError> {
        let Some(share) = self.0.catalog.share_with(ctx.customer, file.id, recipient.id, request.rights).await? else { return Ok(None) };
        let age = self.now().duration_since(share.created_at).as_secs();
        let same_edition = share.edition == request.edition && (share.edition.follows() || share.version == file.version);
        let same_edition = same_edition && share.most_downloads == request.downloads;
        // A link that somebody had sent to himself gives him no right, and a right that he has sends him no link.
        let is_own = share.created_by == share.recipient.to_string();
        if is_own != (toward == Toward::Caller) {
            return Ok(None);
        }
        // "Give them another week": what would end clearly later is given anew, and the longer one counts.
        let (now, wanted) = (self.now(), request.lifetime);
        let gained = wanted.ends(now).duration_since(share.expires_at).as_secs();
        if !with_code(recipient, toward) && gained > wanted.seconds() / 10 {
            return Ok(None);
        }
        let same = same_edition && (!with_code(recipient, toward) || (share.call == Some(ctx.call) && age < SAME_SECONDS));
        Ok(same.then_some(share))
    }

    /// Gives the share that was confirmed: share, link, code and message, all or nothing.
    pub(super) async fn give_share(
        &self,
        ctx: &CallContext,
        subject: &Subject,
        confirmed: (CallId, PendingId),
        asked: &AskedShare,
        file: FileRecord,
        recipient: Person,
    ) -> Result<Shared, FilesError> {
        // Rights may have changed since the question; the confirmation is of a version, not of a right.
        let permit = self.may_give(subject, &file, (&recipient, asked.toward)).await?;
        self.handed_out(&file, &permit.entry(subject, "unavailable", &file)).await?;
        let new_recipient = self.new_recipient(subject, &recipient, (asked.toward, asked.contact.is_none())).await?;
        let (clock, entropy) = (&*self.0.clock, &*self.0.entropy);
        let seal = |purpose: &str, text: &str| self.0.secrets.seal(ctx.customer, purpose, text).ok_or(FilesError::Sealed { what: "link" });
        let lifetime = Lifetime::from_seconds(asked.lifetime_seconds)
            .map_err(|error| FilesError::Invalid { field: "lifetime", reason: error.to_string() })?;
        let slug = self.0.secrets.slug();
        let link = NewLink {
            id: LinkId::new(clock, entropy),
            slug_hash: slug.hash,
            slug_sealed: seal("slug", &slug.secret)?,
            most_downloads: asked.downloads,
        };
        let url = self.link_url(&slug.secret);
        let now = self.now();
        let (code_row, code) = if with_code(&recipient, asked.toward) {
            self.new_code(ctx, link.id, Way::Link, Style::Digits, Lifetime::CODE).map(|(row, issued)| (Some(row), Some(issued)))?
        } else {
            (None, None)
        };
        let share_id = ShareId::new(clock, entropy);
        // Whoever is on the line hears the code, and needs no message with it.
        let code_told = code_row.as_ref().zip(code.as_ref()).filter(|_| matches!(asked.toward, Toward::Somebody | Toward::New));
        let told = Parcel {
            recipient: &self.messaged(ctx, &recipient, asked.toward).await?,
            about: share_id.to_string(),
            url: &url,
            until: lifetime.ends(now),
            code: code_told,
            by: asked.by_text.then_some(Channel::Sms),
        };
        let composed = self.compose(ctx, &told).await?;
        let share = NewShare {
            id: share_id,
            customer: ctx.customer,
            file: file.id,
            version: asked.version,
            edition: asked.edition,
            recipient: recipient.id,
            new_recipient,
            rights: asked.rights,
            call: Some(ctx.call),
            expires_at: lifetime.ends(now),
            link,
            code: code_row,
            messages: composed.messages,
        };
        let reason = Some(format!("share {} to {}", share.id, recipient.id));
        let entry = AuditEntry { reason, ..permit.entry(subject, "done", &file) };
        self.0.catalog.share(&share, Some(confirmed), &entry).await?;
        self.0.changed.notify_waiters();
        Ok(Shared {
            share: share.id,
            link: share.link.id,
            url: self.0.settings.reveal_links.then_some(url),
            code,
            channel: composed.link_by,
            code_channel: composed.code_by,
            toward: asked.toward,
            rights: asked.rights,
            expires_at: share.expires_at,
            file,
            recipient,
        })
    }

    /// A share that exists, as it is told again.
    pub(super) async fn shared(
        &self,
        ctx: &CallContext,
        file: FileRecord,
        recipient: Person,
        share: &ShareRecord,
    ) -> Result<Shared, FilesError> {
        let slug = self.0.secrets.unseal(ctx.customer, "slug", &share.slug_sealed).ok_or(FilesError::Sealed { what: "link" })?;
        let code = self.living_code(ctx, share.link, Opens::Link).await?;
        Ok(Shared {
            share: share.id,
            rights: share.rights,
            expires_at: share.expires_at,
            link: share.link,
            url: self.0.settings.reveal_links.then(|| self.link_url(&slug)),
            code,
            channel: ways(&recipient).first().map(|(channel, _)| *channel),
            // What went with it then is not told again.
            code_channel: None,
            toward: if recipient.id == PersonId::anyone(ctx.customer) { Toward::Anyone } else { Toward::Somebody },
            file,
            recipient,
        })
    }

    fn link_url(&self, slug: &str) -> String {
        format!("{}/s/{slug}", self.0.settings.public_url)
    }
}
