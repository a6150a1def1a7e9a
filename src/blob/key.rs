//! Where an object lies. Nothing else composes a key, and none exists without its customer.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::{BlobId, Category, CustomerId, FileId, PreviewSize, Timestamp, UploadId};

/// Which of the two buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// What people put in.
    Files,
    /// What Satchel made of it.
    Metadata,
}

impl Role {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Metadata => "metadata",
        }
    }
}

/// The place of one object of one customer. The text form is `files/…` or `metadata/…`, after
/// design section 4; it is what the catalog stores.
///
/// Invariants: the customer's id is a segment of the text; every other segment is an id, a date or
/// a word of a closed set, so that no text from outside ever becomes part of a key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(String);

/// Why a text is not a key of the customer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the key of an object of `{customer}`")]
pub struct KeyError {
    /// The customer whose key was wanted.
    pub customer: CustomerId,
}

impl ObjectKey {
    /// Where an upload waits for the scanner.
    #[must_use]
    pub fn upload(customer: CustomerId, upload: UploadId, now: Timestamp) -> Self {
        Self::upload_on(customer, upload, now.to_zoned_datetime(TimeZone::UTC).date())
    }

    fn upload_on(customer: CustomerId, upload: UploadId, date: Date) -> Self {
        let (year, month, day) = (date.year(), date.month(), date.day());
        Self(format!("files/{customer}/uploads/{year:04}/{month:02}/{day:02}/{upload}"))
    }

    /// Where an admitted file lies.
    #[must_use]
    pub fn document(customer: CustomerId, category: Category, blob: BlobId) -> Self {
        Self(format!("files/{customer}/documents/{}/{blob}", category.as_str()))
    }

    /// Where bytes lie that nobody may read.
    #[must_use]
    pub fn quarantine(customer: CustomerId, blob: BlobId) -> Self {
        Self(format!("files/{customer}/quarantine/{blob}"))
    }

    /// Where the text read from a file lies.
    #[must_use]
    pub fn text(customer: CustomerId, blob: BlobId) -> Self {
        Self(format!("metadata/extracted-text/{customer}/{blob}"))
    }

    /// Where the text lies that a password opened: of one file, and not of every file of the same bytes.
    #[must_use]
    pub fn unlocked_text(customer: CustomerId, blob: BlobId, file: FileId) -> Self {
        Self(format!("metadata/extracted-text/{customer}/{blob}/{file}"))
    }

    /// Where a picture of what a file looks like lies.
    #[must_use]
    pub fn preview(customer: CustomerId, blob: BlobId, size: PreviewSize) -> Self {
        Self(format!("metadata/thumbnails/{customer}/{blob}/{}", size.as_str()))
    }

    /// Every place where a picture of a blob may lie.
    pub fn previews(customer: CustomerId, blob: BlobId) -> impl Iterator<Item = Self> {
        PreviewSize::ALL.into_iter().map(move |size| Self::preview(customer, blob, size))
    }

    /// Reads the text form back.
    ///
    /// # Errors
    /// When the text is not exactly what a constructor makes for this customer.
    pub fn parse(customer: CustomerId, text: &str) -> Result<Self, KeyError> {
        // INVARIANT: a key is accepted only when a constructor would have written the same text.
        Self::read(customer, text).filter(|key| key.0 == text).ok_or(KeyError { customer })
    }

    fn read(customer: CustomerId, text: &str) -> Option<Self> {
        let segments: Vec<&str> = text.split('/').collect();
        match segments.as_slice() {
            ["files", _, "uploads", year, month, day, upload] => {
                let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
                Some(Self::upload_on(customer, UploadId::parse(upload).ok()?, date))
            }
            ["files", _, "documents", category, blob] => {
                Some(Self::document(customer, Category::parse(category)?, BlobId::parse(blob).ok()?))
            }
            ["files", _, "quarantine", blob] => Some(Self::quarantine(customer, BlobId::parse(blob).ok()?)),
            ["metadata", "extracted-text", _, blob] => Some(Self::text(customer, BlobId::parse(blob).ok()?)),
            ["metadata", "extracted-text", _, blob, file] => {
                Some(Self::unlocked_text(customer, BlobId::parse(blob).ok()?, FileId::parse(file).ok()?))
            }
            ["metadata", "thumbnails", _, blob, size] => {
                Some(Self::preview(customer, BlobId::parse(blob).ok()?, PreviewSize::parse(size)?))
            }
            _ => None,
        }
    }

    /// Whether bytes lie here that nobody may read.
    pub fn is_quarantine(&self) -> bool {
        matches!(self.0.split('/').collect::<Vec<_>>().as_slice(), ["files", _, "quarantine", _])
    }

    /// Every place to which the bytes of a blob go from where an upload put them.
    pub fn first_places(customer: CustomerId, blob: BlobId) -> impl Iterator<Item = Self> {
        let documents = Category::ALL.into_iter().map(move |category| Self::document(customer, category, blob));
        documents.chain([Self::quarantine(customer, blob)])
    }

    /// Reads a key as a listing of the bucket gives it; `None` for one that is not ours.
    pub(super) fn of_place(role: Role, name: &str) -> Option<Self> {
        Self::parse(owner(role, name)?, &format!("{}/{name}", role.as_str())).ok()
    }

    /// Whose object it is.
    pub fn customer(&self) -> Option<CustomerId> {
        let (role, name) = self.place();
        owner(role, name)
    }

    /// The upload whose bytes lie here, while they have not been moved.
    pub fn upload_id(&self) -> Option<UploadId> {
        match self.0.split('/').collect::<Vec<_>>().as_slice() {
            ["files", _, "uploads", _, _, _, upload] => UploadId::parse(upload).ok(),
            _ => None,
        }
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bucket and the key within it.
    pub(super) fn place(&self) -> (Role, &str) {
        let (role, key) = self.0.split_once('/').unwrap_or(("", &self.0));
        (if role == Role::Metadata.as_str() { Role::Metadata } else { Role::Files }, key)
    }
}

/// Whose object lies under a name in a bucket.
fn owner(role: Role, name: &str) -> Option<CustomerId> {
    let mut segments = name.split('/');
    let owner = match role {
        Role::Files => segments.next(),
        Role::Metadata => segments.nth(1),
    };
    CustomerId::parse(owner?).ok()
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Clock, ManualClock, SeededEntropy};

    fn world() -> (CustomerId, CustomerId, UploadId, BlobId, Timestamp) {
        let (clock, entropy) = (ManualClock::at("2026-03-01T23:59:59Z"), SeededEntropy::new(4));
        (
            CustomerId::new(&clock, &entropy),
            CustomerId::new(&clock, &entropy),
            UploadId::new(&clock, &entropy),
            BlobId::new(&clock, &entropy),
            clock.now(),
        )
    }

    #[test]
    fn keys_follow_the_layout_and_read_back_for_their_customer_only() {
        let (ours, theirs, upload, blob, now) = world();
        let cases = [
            (ObjectKey::upload(ours, upload, now), format!("files/{ours}/uploads/2026/03/01/{upload}")),
            (ObjectKey::document(ours, Category::Mail, blob), format!("files/{ours}/documents/mail/{blob}")),
            (ObjectKey::quarantine(ours, blob), format!("files/{ours}/quarantine/{blob}")),
            (ObjectKey::text(ours, blob), format!("metadata/extracted-text/{ours}/{blob}")),
            (ObjectKey::preview(ours, blob, PreviewSize::Page), format!("metadata/thumbnails/{ours}/{blob}/page")),
            (ObjectKey::preview(ours, blob, PreviewSize::Thumbnail), format!("metadata/thumbnails/{ours}/{blob}/thumbnail")),
        ];
        for (key, text) in cases {
            assert_eq!(key.as_str(), text);
            assert_eq!(ObjectKey::parse(ours, &text), Ok(key));
            assert_eq!(ObjectKey::parse(theirs, &text), Err(KeyError { customer: theirs }));
        }
    }

    #[test]
    fn a_text_that_no_constructor_writes_is_refused() {
        let (ours, theirs, upload, blob, _) = world();
        for text in [
            String::new(),
            "files".to_owned(),
            format!("{ours}/quarantine/{blob}"),
            format!("metadata/{ours}/quarantine/{blob}"),
            format!("files/{ours}/quarantine/{blob}/"),
            format!("files/{ours}/quarantine/../{blob}"),
            format!("files/{ours}/../{theirs}/quarantine/{blob}"),
            format!("files/{ours}/quarantine/{}", blob.to_string().to_uppercase()),
            format!("files/{ours}/documents/secret/{blob}"),
            format!("files/{ours}/uploads/2026/3/1/{upload}"),
            format!("files/{ours}/uploads/2026/02/30/{upload}"),
            format!("files/{ours}/uploads/+2026/03/01/{upload}"),
            format!("files/{ours}/quarantine/{upload}"),
            format!("metadata/thumbnails/{ours}/{blob}"),
            format!("metadata/thumbnails/{ours}/{blob}/poster"),
        ] {
            assert!(ObjectKey::parse(ours, &text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_of_a_listing_is_ours_or_nobodys() {
        let (ours, _, upload, blob, now) = world();
        for key in [ObjectKey::upload(ours, upload, now), ObjectKey::quarantine(ours, blob), ObjectKey::text(ours, blob)]
            .into_iter()
            .chain(ObjectKey::previews(ours, blob))
        {
            let (role, name) = key.place();
            assert_eq!(ObjectKey::of_place(role, name), Some(key.clone()));
            let other = if role == Role::Files { Role::Metadata } else { Role::Files };
            assert_eq!(ObjectKey::of_place(other, name), None);
        }
        for foreign in ["", "backup.tar", "cust_x/uploads/a", "somebody/else/entirely"] {
            assert_eq!(ObjectKey::of_place(Role::Files, foreign), None, "{foreign}");
        }
    }

    #[test]
    fn the_bucket_is_not_part_of_the_key_within_it() {
        let (ours, _, _, blob, _) = world();
        assert_eq!(ObjectKey::text(ours, blob).place(), (Role::Metadata, format!("extracted-text/{ours}/{blob}").as_str()));
        assert_eq!(ObjectKey::quarantine(ours, blob).place(), (Role::Files, format!("{ours}/quarantine/{blob}").as_str()));
    }
}
