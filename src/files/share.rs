//! Sharing: the question first, the share after a yes.

use serde::{Deserialize, Serialize};

use super::asked::Asked;
use super::code::{Opens, Style, Way};
use super::find::Meant;
use super::messages::{Parcel, ways};
use super::{Files, FilesError, Subject, Unclear, Who};
use crate::catalog::{NewLink, NewShare, ShareRecord};
use crate::domain::{
    AuditEntry, CallContext, CallId, Channel, Edition, FileId, FileRecord, FileStatus, Lifetime, LinkId, PendingId, Person, PersonId,
    PersonKind, Rights, ScanStatus, ShareId, Timestamp,
};
use crate::policy::{Permit, Share};

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
    /// Whether the recipient is outside, and gets a code.
    pub outside: bool,
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
    /// By which message the code is on its way; the call tells it when `None`.
    pub code_by: Option<Channel>,
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
}

/// A double request within this time is the same request.
const SAME_SECONDS: i64 = 600;

impl Files {
    /// Understands what is to be shared with whom, checks it, and puts it in wait for a yes.
    ///
    /// # Errors
    /// `NotFound`, `Refused`, `NotReady`, `Quarantined`; else when catalog or index do not answer.
    pub async fn ask_share(&self, ctx: &CallContext, request: &ShareRequest) -> Result<ShareAnswer, FilesError> {
        let subject = self.caller(ctx).await?;
        let (file, found) = match self.meant(ctx, &subject, &request.file, "share").await? {
            Meant::One(file, found) => (*file, found),
            Meant::Ask(unclear) => return Ok(ShareAnswer::WhichFile(unclear)),
        };
        let (recipient, soundalikes) = match self.who(ctx, &request.with).await? {
            Who::One { person, soundalikes } => (person, soundalikes),
            unclear => {
                let outcome = if matches!(unclear, Who::Several(_)) { "choose" } else { "not_found" };
                self.0.catalog.record(ctx.customer, &subject.file_entry(outcome, &file, &found)).await?;
                return Ok(ShareAnswer::WhichPerson(unclear));
            }
        };
        let outside = recipient.kind() == PersonKind::Contact;
        let permit = self.permit_share(&subject, &file, outside).await?;
        self.handed_out(&subject, &file, &permit).await?;
        if let Some(share) = self.same_share(ctx, &file, &recipient, request).await? {
            self.0.catalog.record(ctx.customer, &subject.file_entry("already", &file, &permit)).await?;
            return Ok(ShareAnswer::Already(Box::new(self.shared(ctx, file, recipient, &share).await?)));
        }
        if outside && ways(&recipient).is_empty() {
            self.0.catalog.record(ctx.customer, &subject.file_entry("no_address", &file, &permit)).await?;
            return Ok(ShareAnswer::NoAddress(recipient));
        }
        let asked = Asked::Share(AskedShare {
            file: file.id,
            version: file.version,
            recipient: recipient.id,
            rights: request.rights,
            lifetime_seconds: request.lifetime.seconds(),
            edition: request.edition,
        });
        // Its fixed words and the two names.
        let words = 12 + file.title.split_whitespace().count() + recipient.name.split_whitespace().count();
        let entry = subject.file_entry("confirm", &file, &permit);
        let pending = self.put_in_wait(ctx, &asked, words, permit.evidence(), &entry).await?;
        Ok(ShareAnswer::Confirm(Box::new(ReadBack {
            pending,
            file,
            recipient,
            soundalikes,
            rights: request.rights,
            lifetime: request.lifetime,
            edition: request.edition,
            outside,
            failures: 0,
        })))
    }

    pub(super) async fn permit_share(&self, subject: &Subject, file: &FileRecord, outside: bool) -> Result<Permit<Share>, FilesError> {
        let mut subject = subject.clone();
        subject.conditions.external = outside;
        self.permit_or_refuse::<Share>(&subject, file).await
    }

    /// Whether a file's bytes may leave: active, and found clean.
    pub(super) async fn handed_out(&self, subject: &Subject, file: &FileRecord, permit: &Permit<Share>) -> Result<(), FilesError> {
        let error = if file.status == FileStatus::Quarantined || matches!(file.scan, ScanStatus::Infected | ScanStatus::Suspicious) {
            FilesError::Quarantined { title: file.title.clone() }
        } else if file.status == FileStatus::Active && file.scan == ScanStatus::Clean {
            return Ok(());
        } else {
            FilesError::NotReady { title: file.title.clone(), status: file.status }
        };
        let entry = AuditEntry { reason: Some(error.to_string()), ..subject.file_entry("unavailable", file, permit) };
        self.0.catalog.record(file.customer, &entry).await?;
        Err(error)
    }

    /// A living share of the same version with the same person at the same rights, made in this call
    /// within ten minutes, or with somebody inside at any time.
    async fn same_share(
        &self,
        ctx: &CallContext,
        file: &FileRecord,
        recipient: &Person,
        request: &ShareRequest,
    ) -> Result<Option<ShareRecord>, FilesError> {
        let Some(share) = self.0.catalog.share_with(ctx.customer, file.id, recipient.id, request.rights).await? else { return Ok(None) };
        let age = self.now().duration_since(share.created_at).as_secs();
        let same_edition = share.edition == request.edition && (share.edition.follows() || share.version == file.version);
        let same = same_edition && (recipient.kind() != PersonKind::Contact || (share.call == Some(ctx.call) && age < SAME_SECONDS));
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
        let outside = recipient.kind() == PersonKind::Contact;
        // Rights may have changed since the question; the confirmation is of a version, not of a right.
        let permit = self.permit_share(subject, &file, outside).await?;
        self.handed_out(subject, &file, &permit).await?;
        let (clock, entropy) = (&*self.0.clock, &*self.0.entropy);
        let seal = |purpose: &str, text: &str| self.0.secrets.seal(ctx.customer, purpose, text).ok_or(FilesError::Sealed { what: "link" });
        let lifetime = Lifetime::from_seconds(asked.lifetime_seconds)
            .map_err(|error| FilesError::Invalid { field: "lifetime", reason: error.to_string() })?;
        let slug = self.0.secrets.slug();
        let link = NewLink { id: LinkId::new(clock, entropy), slug_hash: slug.hash, slug_sealed: seal("slug", &slug.secret)? };
        let url = self.link_url(&slug.secret);
        let now = self.now();
        let (code_row, code) = if outside {
            self.new_code(ctx, link.id, Way::Link, Style::Digits, Lifetime::CODE).map(|(row, issued)| (Some(row), Some(issued)))?
        } else {
            (None, None)
        };
        let share_id = ShareId::new(clock, entropy);
        let told = Parcel {
            recipient: &recipient,
            about: share_id.to_string(),
            url: &url,
            until: lifetime.ends(now),
            code: code_row.as_ref().zip(code.as_ref()),
            by: None,
        };
        let composed = self.compose(ctx, &told).await?;
        let (link_by, code_by) = (composed.link_by, composed.code_by);
        let share = NewShare {
            id: share_id,
            customer: ctx.customer,
            file: file.id,
            version: asked.version,
            edition: asked.edition,
            recipient: recipient.id,
            rights: asked.rights,
            call: Some(ctx.call),
            expires_at: lifetime.ends(now),
            link,
            code: code_row,
            messages: composed.messages,
        };
        let entry =
            AuditEntry { reason: Some(format!("share {} to {}", share.id, recipient.id)), ..subject.file_entry("done", &file, &permit) };
        self.0.catalog.share(&share, Some(confirmed), &entry).await?;
        self.0.changed.notify_waiters();
        Ok(Shared {
            share: share.id,
            link: share.link.id,
            url: self.0.settings.reveal_links.then_some(url),
            code,
            channel: link_by,
            code_by,
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
            code_by: None,
            file,
            recipient,
        })
    }

    fn link_url(&self, slug: &str) -> String {
        format!("{}/s/{slug}", self.0.settings.public_url)
    }
}
