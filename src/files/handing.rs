//! Bytes on their way out: how what a row says is found in the store, and how it is given to somebody.

use std::time::Duration;

use super::errand::Errand;
use super::{Files, FilesError};
use crate::blob::{AdoptedObject, BlobError, Object, ObjectKey, Store};
use crate::catalog::BlobRecord;
use crate::domain::{AdoptedPlace, ChunkStream, CustomerId, FileName, FileRecord, Pin};

/// How long an address lives: it is made at the moment of the click.
const URL_LIFETIME: Duration = Duration::from_mins(1);

const MOVED_ON: &str = "the object of this file was changed or removed where it lies; import it again, or open an older version";
const CLOSED: &str = "this file lies outside the locations that the operator lets this customer adopt from";
const ASLEEP: &str = "the object of this file went into an archive class where it lies; bring it back first";

/// How somebody gets bytes.
pub enum Handout {
    /// From the store, by an address that lives for a minute.
    Url(String),
    /// From this server, as they come from the store. They lie in somebody else's bucket that keeps no
    /// versions, where an address cannot say which bytes it is about.
    Bytes(Box<Attachment>),
}

impl std::fmt::Debug for Handout {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Url(_) => "Handout::Url",
            Self::Bytes(_) => "Handout::Bytes",
        })
    }
}

/// Bytes with what a browser needs to keep them as a file.
pub struct Attachment {
    /// `Content-Disposition`.
    pub disposition: String,
    /// MIME type.
    pub content_type: String,
    /// How many.
    pub size: u64,
    /// The bytes; the stream ends with an error when they are not those that were scanned.
    pub stream: ChunkStream,
}

impl Files {
    /// The place of bytes of ours.
    pub(super) fn object_of(customer: CustomerId, blob: &BlobRecord) -> Result<ObjectKey, FilesError> {
        ObjectKey::parse(customer, &blob.object_key).map_err(|_| FilesError::Sealed { what: "object key" })
    }

    fn adopted(store: &Store, customer: CustomerId, blob: &BlobRecord, pin: &Pin) -> Result<AdoptedObject, FilesError> {
        let place = AdoptedPlace::parse(&blob.object_key).ok_or(FilesError::Sealed { what: "object key" })?;
        store.adopted(customer, place, pin.clone()).ok_or(FilesError::Conflict(CLOSED))
    }

    /// Opens bytes, wherever they lie. Whoever reads them to the end has those whose checksum the catalog
    /// has, or knows.
    ///
    /// # Errors
    /// `NotFound` when ours are gone; `Conflict` when adopted ones are not those any more; else when the
    /// store does not answer.
    pub(super) async fn open_blob(&self, errand: impl Into<Errand>, blob: &BlobRecord) -> Result<Object, FilesError> {
        let errand = errand.into();
        let (customer, store) = (errand.customer(), self.store(errand).await?);
        let object = match &blob.adopted {
            None => store.get(&Self::object_of(customer, blob)?, None).await?.ok_or(FilesError::NotFound)?,
            Some(pin) => match store.get_adopted(&Self::adopted(&store, customer, blob, pin)?).await {
                Ok(Some(object)) if object.total == blob.size => object,
                Ok(_) | Err(BlobError::Changed) => return Err(FilesError::Conflict(MOVED_ON)),
                Err(error) if error.is_archived() => return Err(FilesError::Conflict(ASLEEP)),
                Err(error) => return Err(error.into()),
            },
        };
        Ok(object.verified(blob.checksum))
    }

    /// Bytes of a file for somebody who may have them. An address has the request's id in it: who opens it
    /// is seen in the store's own log, and is the one that the record of the request is about.
    ///
    /// # Errors
    /// As [`Files::open_blob`].
    pub(super) async fn hand_out(
        &self,
        errand: impl Into<Errand>,
        request: Option<&str>,
        file: &FileRecord,
        blob: &BlobRecord,
        name: &FileName,
    ) -> Result<Handout, FilesError> {
        let errand = errand.into();
        // The row of a file knows the type of its present bytes only.
        let content_type = if blob.id == file.blob { &file.content_type } else { "application/octet-stream" };
        let store = self.store(errand).await?;
        let Some(pin) = &blob.adopted else {
            let key = Self::object_of(file.customer, blob)?;
            return Ok(Handout::Url(store.presign_get(&key, name, content_type, request, URL_LIFETIME).await?));
        };
        let object = Self::adopted(&store, file.customer, blob, pin)?;
        let Some(url) = store.presign_adopted(&object, name, content_type, URL_LIFETIME).await? else {
            let Object { size, stream, .. } = self.open_blob(errand, blob).await?;
            let disposition = Store::attachment_header(name);
            return Ok(Handout::Bytes(Box::new(Attachment { disposition, content_type: content_type.to_owned(), size, stream })));
        };
        // An address of a version that is gone would be answered by the store, in its words.
        if store.has_adopted(&object).await? { Ok(Handout::Url(url)) } else { Err(FilesError::Conflict(MOVED_ON)) }
    }
}
