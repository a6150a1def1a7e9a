//! Codes that are spoken, and links that they open.

use super::errand::Errand;
use super::find::Meant;
use super::secrets::token_hash;
use super::share::IssuedCode;
use super::versions::may_leave;
use super::words::WORDS;
use super::{Files, FilesError, Handout, Patience, Subject, Unclear};
use crate::catalog::{Attempt, BlobRecord, CatalogError, LinkRecord, ShareRecord};
use crate::domain::{
    Actor, AuditEntry, CallContext, Decision, Door, Edition, FileName, FileRecord, Lifetime, LinkId, Origin, Permission, Permissions,
    Person, ScanStatus,
};
use crate::policy::{Conditions, Download, IssueCode, Permit, Principal, PrincipalKind, Refusal};

/// How a code sounds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    /// Six digits, spoken in two groups.
    #[default]
    Digits,
    /// Five words, for a code that lives long.
    Words,
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
    },
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
    /// The code is right, and the file cannot be handed out now.
    NotNow,
}

/// Digits live for up to an hour; what lives longer is words.
const DIGITS_SECONDS: i64 = 3600;
const MAX_CODE_SECONDS: i64 = 7 * 86_400;
const CODE_DIGITS: usize = 6;
const CODE_WORDS: usize = 5;

/// What was typed, as it is compared: digits without blanks, or words in lower case.
fn typed(text: &str) -> String {
    let text = text.trim().to_lowercase();
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | ',')).collect();
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits
    } else {
        text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

impl Files {
    pub(super) fn code_text(&self, style: Style) -> String {
        match style {
            Style::Digits => self.0.secrets.digits(CODE_DIGITS),
            Style::Words => {
                let bound = u32::try_from(WORDS.len()).unwrap_or(1);
                let word = || WORDS.get(self.0.secrets.below(bound) as usize).copied().unwrap_or_default();
                (0..CODE_WORDS).map(|_| word()).collect::<Vec<_>>().join(" ")
            }
        }
    }

    /// The code of a link that was told in this call and lives.
    pub(super) async fn living_code(&self, ctx: &CallContext, link: LinkId) -> Result<Option<IssuedCode>, FilesError> {
        let Some(code) = self.0.catalog.living_code(ctx.customer, ctx.call, link).await? else { return Ok(None) };
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
        let asks_for_another = request.lifetime.is_some() || request.style == Some(Style::Words);
        if !asks_for_another && let Some(code) = self.living_code(ctx, share.link).await? {
            self.0.catalog.record(ctx.customer, &subject.file_entry("again", &file, &permit)).await?;
            return Ok(CodeAnswer::Code { code, file: Box::new(file), recipient });
        }
        let style = match request.style {
            Some(style) if lifetime.seconds() <= DIGITS_SECONDS => style,
            None if lifetime.seconds() <= DIGITS_SECONDS => Style::Digits,
            // Six digits would be tried for too long.
            _ => Style::Words,
        };
        let (row, code) = self.new_code(ctx, share.link, style, lifetime)?;
        let entry =
            AuditEntry { reason: Some(format!("code {} for {}", row.id, share.link)), ..subject.file_entry("done", &file, &permit) };
        self.0.catalog.issue_code(ctx.customer, &row, &entry).await?;
        Ok(CodeAnswer::Code { code, file: Box::new(file), recipient })
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
        match self.0.catalog.try_code(link.customer, link.id, &hash, &entry("code_right"), &entry("code_wrong")).await? {
            Attempt::Wrong => return Ok(Opened::Closed),
            Attempt::Right => {}
        }
        let Some(file) = self.0.catalog.file(link.customer, link.file).await? else { return Ok(Opened::NotNow) };
        let permit = match self.permit_link(&link, &file, patience).await? {
            Ok(permit) => permit,
            Err(refusal) => {
                let entry = AuditEntry { decision: Decision::Deny, policy: Some(refusal.policies), ..entry("refused") };
                self.0.catalog.record(link.customer, &entry).await?;
                return Ok(Opened::NotNow);
            }
        };
        let Some((blob, name, version)) = self.shared_version(&link, &file).await? else {
            self.0.catalog.record(link.customer, &entry("unavailable")).await?;
            return Ok(Opened::NotNow);
        };
        let given = match self.hand_out(Errand::waited_for(link.customer, patience), &file, &blob, &name).await {
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
            origin: Door::Page.into(),
            assurance: None,
            conditions: Conditions::at(Door::Page, self.now()),
            patience,
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
