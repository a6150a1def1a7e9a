//! Codes that are spoken, and links that they open.

use super::errand::Errand;
use super::find::Meant;
use super::guessable::is_guessable;
use super::secrets::token_hash;
use super::share::IssuedCode;
use super::versions::may_leave;
use super::words::WORDS;
use super::{Files, FilesError, Handout, Patience, Subject, Unclear};
use crate::catalog::{Attempt, BlobRecord, CatalogError, Guess, LinkRecord, NewCode, ShareRecord};
use crate::domain::{
    Actor, AuditEntry, CallContext, CodeId, Decision, Door, Edition, FileName, FileRecord, FileStatus, Lifetime, LinkId, Origin,
    Permission, Permissions, Person, PersonId, PersonKind, Phone, ScanStatus,
};
use crate::policy::{Conditions, Download, IssueCode, Permit, Principal, PrincipalKind, Refusal};

/// How a code sounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    /// Digits, spoken in groups: six for a link, eight for a call.
    #[default]
    Digits,
    /// Five words, for a code that lives long.
    Words,
}

/// What a code is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Opens {
    /// It is typed at the share's link.
    #[default]
    Link,
    /// It is keyed, or said, on a call from the recipient's own number.
    Call,
}

/// What a new code is for, with what it is bound to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way<'a> {
    /// The link alone.
    Link,
    /// Calls from this number.
    Call(&'a Phone),
}

/// A code that is wanted.
#[derive(Debug, Clone)]
pub struct CodeRequest {
    /// The file it is for; the last share of this call when `None`.
    pub file: Option<String>,
    /// For how long; ten minutes when `None`.
    pub lifetime: Option<Lifetime>,
    /// Digits or words; chosen by lifetime when `None`.
    pub style: Option<Style>,
    /// Whether it is for the link or for a call.
    pub opens: Opens,
}

/// The answer to "give me a code".
#[derive(Debug, Clone)]
pub enum CodeAnswer {
    /// This code.
    Code {
        /// The code.
        code: IssuedCode,
        /// What it opens.
        file: Box<FileRecord>,
        /// For whom.
        recipient: Box<Person>,
        /// What it is for.
        opens: Opens,
    },
    /// A code for a call needs a number that the recipient calls from.
    NoNumber(Box<Person>),
    /// As many codes for calls are alive as there may be.
    TooManyAlive,
    /// There is no link yet: the file must be shared first.
    ShareFirst(Option<Box<FileRecord>>),
    /// It is not clear which file.
    Which(Unclear),
}

/// What somebody who opens a link is shown before any code.
#[derive(Debug, Clone)]
pub struct LinkFace {
    /// Who sends it: the customer's name.
    pub from: String,
}

/// What a code at a link gives.
#[derive(Debug)]
pub enum Opened {
    /// The bytes, mostly as an address for a minute.
    Go(Handout),
    /// Wrong, expired, used up, revoked, unknown: one answer.
    Closed,
    /// The code is right, and the file is still being checked.
    Checking,
    /// The code is right, and the file is locked away.
    Quarantined,
    /// The code is right, and the file cannot be handed out now.
    NotNow,
}

/// Digits live for up to an hour; what lives longer is words.
const DIGITS_SECONDS: i64 = 3600;
const MAX_CODE_SECONDS: i64 = 7 * 86_400;
/// Wrong answers that a code survives, less one.
pub const CODE_TRIES: u32 = 5;
/// Digits of a code for a link, which is 128 bits by itself.
pub const LINK_DIGITS: usize = 6;
/// Digits of a code for a call: beside it stands only a number, which anybody can fake.
pub const CALL_DIGITS: usize = 8;
/// Words of a code.
pub const CODE_WORD_COUNT: usize = 5;
/// Draws after which chance itself is broken.
const DRAWS: usize = 100;

/// What was typed, as it is compared: digits without blanks, or words in lower case.
pub(super) fn typed(text: &str) -> String {
    let text = text.trim().to_lowercase();
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | ',')).collect();
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits
    } else {
        text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// What stops a file from being handed out to somebody with the right code.
const fn held_up(file: &FileRecord) -> Opened {
    match file.status {
        FileStatus::Uploading | FileStatus::Scanning | FileStatus::Processing => Opened::Checking,
        FileStatus::Quarantined => Opened::Quarantined,
        FileStatus::Active | FileStatus::Archived | FileStatus::Restoring | FileStatus::Expired | FileStatus::Deleted => Opened::NotNow,
    }
}

impl Files {
    fn code_text(&self, style: Style, way: Way<'_>) -> String {
        let digits = match way {
            Way::Link => LINK_DIGITS,
            Way::Call(_) => CALL_DIGITS,
        };
        match style {
            // Drawn anew while it is one that people try first: one in twelve is.
            Style::Digits => {
                let mut drawn = (0..DRAWS).map(|_| self.0.secrets.digits(digits));
                drawn.find(|digits| !is_guessable(digits)).unwrap_or_else(|| self.0.secrets.digits(digits))
            }
            Style::Words => {
                let bound = u32::try_from(WORDS.len()).unwrap_or(1);
                let mut words: Vec<&str> = Vec::with_capacity(CODE_WORD_COUNT);
                for _ in 0..DRAWS {
                    let word = WORDS.get(self.0.secrets.below(bound) as usize).copied().unwrap_or_default();
                    // The same word twice is heard as one that was repeated.
                    if words.len() < CODE_WORD_COUNT && !words.contains(&word) {
                        words.push(word);
                    }
                }
                words.join(" ")
            }
        }
    }

    /// A new code for a link, or for calls: the row to store, and what is told.
    pub(super) fn new_code(
        &self,
        ctx: &CallContext,
        link: LinkId,
        way: Way<'_>,
        style: Style,
        lifetime: Lifetime,
    ) -> Result<(NewCode, IssuedCode), FilesError> {
        let text = self.code_text(style, way);
        let expires_at = lifetime.ends(self.now());
        let (caller, code_hash) = match way {
            Way::Link => (None, self.0.secrets.code_hash(ctx.customer, link, &text)),
            Way::Call(number) => (Some(number.clone()), self.0.secrets.call_code_hash(ctx.customer, number, &text)),
        };
        let new = NewCode {
            id: CodeId::new(&*self.0.clock, &*self.0.entropy),
            link,
            call: ctx.call,
            caller,
            code_hash,
            sealed: self.0.secrets.seal(ctx.customer, "code", &text).ok_or(FilesError::Sealed { what: "code" })?,
            tries: CODE_TRIES,
            expires_at,
        };
        Ok((new, IssuedCode { text, style, expires_at, again: false }))
    }

    /// The code of a share that was told in this call and lives.
    pub(super) async fn living_code(&self, ctx: &CallContext, link: LinkId, opens: Opens) -> Result<Option<IssuedCode>, FilesError> {
        let found = self.0.catalog.living_code(ctx.customer, ctx.call, link, opens == Opens::Call).await?;
        let Some(code) = found else { return Ok(None) };
        let text = self.0.secrets.unseal(ctx.customer, "code", &code.sealed).ok_or(FilesError::Sealed { what: "code" })?;
        let style = if text.contains(' ') { Style::Words } else { Style::Digits };
        Ok(Some(IssuedCode { text, style, expires_at: code.expires_at, again: true }))
    }

    /// A code for a link made in this call: the one that lives, else a new one.
    ///
    /// # Errors
    /// `NotFound` and `Refused` without the right, `NotReady` and `Quarantined` by the file's state,
    /// `Invalid` for a lifetime over a week.
    pub async fn code(&self, ctx: &CallContext, request: &CodeRequest) -> Result<CodeAnswer, FilesError> {
        let subject = self.caller(ctx).await?;
        let lifetime = request.lifetime.unwrap_or(Lifetime::CODE);
        if lifetime.seconds() > MAX_CODE_SECONDS {
            return Err(FilesError::Invalid { field: "lifetime", reason: "a code lives for a week at most".to_owned() });
        }
        let shares = self.0.catalog.shares_of_call(ctx.customer, ctx.call).await?;
        let (file, share): (FileRecord, Option<ShareRecord>) = if let Some(words) = &request.file {
            match self.meant(ctx, &subject, words, "issue_code").await? {
                Meant::One(file, _) => {
                    let share = shares.into_iter().find(|share| share.file == file.id);
                    (*file, share)
                }
                Meant::Ask(unclear) => return Ok(CodeAnswer::Which(unclear)),
            }
        } else {
            let last = match shares.into_iter().next() {
                // What was shared may be gone since, or another person may be on the line.
                Some(share) => self.permitted(ctx, &subject, share.file).await?.map(|(file, _)| (file, share)),
                None => None,
            };
            let Some((file, share)) = last else {
                self.0.catalog.record(ctx.customer, &subject.entry("issue_code", "share_first")).await?;
                return Ok(CodeAnswer::ShareFirst(None));
            };
            (file, Some(share))
        };
        let permit = self.permit_or_refuse::<IssueCode>(&subject, &file).await?;
        let Some(share) = share else {
            self.0.catalog.record(ctx.customer, &subject.file_entry("share_first", &file, &permit)).await?;
            return Ok(CodeAnswer::ShareFirst(Some(Box::new(file))));
        };
        let recipient = Box::new(self.person(ctx, share.recipient).await?);
        let permit = if recipient.kind() == PersonKind::Contact {
            // It may have been shared before it became too sensitive for that.
            let mut outside = subject.clone();
            outside.conditions.external = true;
            self.permit_or_refuse::<IssueCode>(&outside, &file).await?
        } else {
            permit
        };
        let opens = request.opens;
        let way = match (opens, &recipient.phone) {
            (Opens::Link, _) => Way::Link,
            (Opens::Call, Some(number)) => Way::Call(number),
            (Opens::Call, None) => {
                self.0.catalog.record(ctx.customer, &subject.file_entry("no_number", &file, &permit)).await?;
                return Ok(CodeAnswer::NoNumber(recipient));
            }
        };
        let asks_for_another = request.lifetime.is_some() || request.style == Some(Style::Words);
        if !asks_for_another && let Some(code) = self.living_code(ctx, share.link, opens).await? {
            self.0.catalog.record(ctx.customer, &subject.file_entry("again", &file, &permit)).await?;
            return Ok(CodeAnswer::Code { code, file: Box::new(file), recipient, opens });
        }
        let style = match request.style {
            Some(style) if lifetime.seconds() <= DIGITS_SECONDS => style,
            None if lifetime.seconds() <= DIGITS_SECONDS => Style::Digits,
            // Six digits would be tried for too long.
            _ => Style::Words,
        };
        let (row, code) = self.new_code(ctx, share.link, way, style, lifetime)?;
        let entry =
            AuditEntry { reason: Some(format!("code {} for {}", row.id, share.link)), ..subject.file_entry("done", &file, &permit) };
        if !self.0.catalog.issue_code(ctx.customer, &row, &entry).await? {
            self.0.catalog.record(ctx.customer, &subject.file_entry("too_many", &file, &permit)).await?;
            return Ok(CodeAnswer::TooManyAlive);
        }
        Ok(CodeAnswer::Code { code, file: Box::new(file), recipient, opens })
    }

    /// The face of a link: the same for every living link, and absent for any other.
    ///
    /// # Errors
    /// When the catalog does not answer.
    pub async fn link_face(&self, slug: &str) -> Result<Option<LinkFace>, FilesError> {
        let Some(link) = self.living_link(slug).await? else { return Ok(None) };
        let Some(customer) = self.0.catalog.customer(link.customer).await? else { return Ok(None) };
        Ok(Some(LinkFace { from: customer.name }))
    }

    async fn living_link(&self, slug: &str) -> Result<Option<LinkRecord>, FilesError> {
        if slug.len() > 64 {
            return Ok(None);
        }
        let now = self.now();
        let link = self.0.catalog.link(&token_hash(slug)).await?;
        Ok(link.filter(|link| link.revoked_at.is_none() && now < link.expires_at && !link.is_used_up()))
    }

    /// Tries a code at a link; a right one gives an address of the bytes that lives for a minute.
    ///
    /// # Errors
    /// When catalog or store do not answer.
    pub async fn open_link(&self, slug: &str, code: &str, origin: &Origin, patience: Patience) -> Result<Opened, FilesError> {
        let Some(link) = self.living_link(slug).await? else { return Ok(Opened::Closed) };
        let entry = |outcome| AuditEntry {
            object: Some(link.file.to_string()),
            version: Some(link.version),
            reason: Some(format!("share {}", link.share)),
            ..AuditEntry::new(Actor::Link(link.id), origin, "open_link", outcome)
        };
        let hash = self.0.secrets.code_hash(link.customer, link.id, &typed(code));
        let by = self.guessing_network(link.customer, origin.address.as_deref());
        let guess = Guess { link: link.id, code_hash: &hash, by: &by, strict: self.wrong_codes_spent() };
        let tried = self.0.catalog.try_code(link.customer, &guess, &self.0.settings.failures, &entry("code")).await?;
        match tried.attempt {
            Attempt::Wrong => {
                self.after_wrong(link.customer, tried, &entry("code")).await?;
                return Ok(Opened::Closed);
            }
            Attempt::Right => {}
        }
        let Some(file) = self.0.catalog.file(link.customer, link.file).await? else { return Ok(Opened::NotNow) };
        let permit = match self.permit_link(&link, &file, patience).await? {
            Ok(permit) => permit,
            Err(refusal) => {
                let entry = AuditEntry { decision: Decision::Deny, policy: Some(refusal.policies), ..entry("refused") };
                self.0.catalog.record(link.customer, &entry).await?;
                return Ok(held_up(&file));
            }
        };
        let Some((blob, name, version)) = self.shared_version(&link, &file).await? else {
            self.0.catalog.record(link.customer, &entry("unavailable")).await?;
            return Ok(held_up(&file));
        };
        let given = match self.hand_out(Errand::waited_for(link.customer, patience), origin.request.as_deref(), &file, &blob, &name).await {
            // The bytes were adopted, and are not those any more.
            Err(FilesError::Conflict(reason)) => {
                let entry = AuditEntry { reason: Some(reason.to_owned()), ..entry("unavailable") };
                self.0.catalog.record(link.customer, &entry).await?;
                return Ok(Opened::NotNow);
            }
            given => given?,
        };
        let entry = AuditEntry {
            version: Some(version),
            content_hash: Some(blob.checksum.hex()),
            bytes: Some(blob.size),
            decision: Decision::Allow,
            policy: Some(permit.policies().to_owned()),
            ..entry("done")
        };
        // Counted before the address is given out: an address nobody got costs nothing, one nobody counted does.
        match self.0.catalog.downloaded(&link, &entry).await {
            Ok(()) => Ok(Opened::Go(given)),
            // The share ended between the code and the count.
            Err(CatalogError::Conflict(_)) => Ok(Opened::Closed),
            Err(error) => Err(error.into()),
        }
    }

    /// The bytes that a link opens: of the version that was confirmed, or of the newest that was found
    /// clean where the share follows the file. A quarantined file closes it.
    async fn shared_version(&self, link: &LinkRecord, file: &FileRecord) -> Result<Option<(BlobRecord, FileName, u32)>, FilesError> {
        let catalog = &self.0.catalog;
        let version = match link.edition {
            Edition::Confirmed => catalog.version(link.customer, link.file, link.version).await?,
            Edition::Newest => {
                let versions = catalog.versions(link.customer, link.file).await?;
                versions.into_iter().find(|version| version.number >= link.version && version.scan == ScanStatus::Clean)
            }
        };
        let Some(version) = version.filter(|version| may_leave(file, version).is_ok()) else { return Ok(None) };
        let blob = catalog.blob(link.customer, version.blob).await?;
        Ok(blob.map(|blob| (blob, version.name, version.number)))
    }

    async fn permit_link(
        &self,
        link: &LinkRecord,
        file: &FileRecord,
        patience: Patience,
    ) -> Result<Result<Permit<Download>, Refusal>, FilesError> {
        let subject = Subject {
            principal: Principal {
                kind: PrincipalKind::Link { id: link.id, file: link.file },
                customer: link.customer,
                permissions: Permissions::only([Permission::Read]),
            },
            actor: Actor::Link(link.id),
            call: None,
            epoch: 0,
            origin: Door::Page.into(),
            assurance: None,
            // Whoever is no user of the customer is outside it, whatever he opens.
            conditions: Conditions { external: matches!(link.recipient, PersonId::Contact(_)), ..Conditions::at(Door::Page, self.now()) },
            patience,
            opened: Vec::new(),
        };
        if let Some(refusal) = self.lost(link, &subject, file).await? {
            return Ok(Err(refusal));
        }
        self.permit::<Download>(&subject, file).await
    }
}

#[cfg(test)]
mod tests {
    use super::typed;

    #[test]
    fn what_is_typed_is_compared_without_blanks_and_case() {
        for (text, expected) in
            [("427 913", "427913"), (" 427-913 ", "427913"), ("Amber  Castle-River", "amber castle river"), ("", ""), ("42a", "a")]
        {
            assert_eq!(typed(text), expected, "{text}");
        }
    }

    #[test]
    fn whatever_is_typed_is_compared_as_digits_or_as_words() {
        bolero::check!().with_iterations(2000).with_type::<String>().for_each(|text| {
            let compared = typed(text);
            assert!(!compared.starts_with(' ') && !compared.ends_with(' ') && !compared.contains("  "), "`{compared}`");
            assert_eq!(typed(&compared), compared, "`{text}`");
        });
    }
}
