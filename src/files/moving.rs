//! Where the bytes of a file lie, and how they move: copied first, then written down, then removed
//! from where they were.
//!
//! INVARIANT: a key is written once. Whoever removes an object may be late, and must never meet other
//! bytes there. From where an upload put them, bytes go to the place that bears their blob's id; every
//! later move goes to a place with an id of its own, which is announced first, since nothing else
//! leads back to it after a crash.

use jiff::SignedDuration;

use super::errand::Errand;
use super::{Files, FilesError};
use crate::blob::ObjectKey;
use crate::catalog::{BlobRecord, Garbage, Move};
use crate::domain::{BlobId, Category, CustomerId, FileRecord, Timestamp, UploadId};

/// Where bytes are to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// Among the files that may be read.
    Document(Category),
    /// Where nobody reads.
    Quarantine,
}

/// How long a place that was announced is kept for the move to it: longer than any job holds a file.
const ANNOUNCED: SignedDuration = SignedDuration::from_hours(24);

/// The next place of bytes.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// Where they are.
    Stay,
    /// The first place after the upload.
    First(ObjectKey),
    /// Another place later on, with an id of its own.
    Later(ObjectKey),
}

fn next_place(customer: CustomerId, blob: &BlobRecord, from: &ObjectKey, goal: Goal, fresh: impl FnOnce() -> BlobId) -> Next {
    let place = |id| match goal {
        Goal::Document(category) => ObjectKey::document(customer, category, id),
        Goal::Quarantine => ObjectKey::quarantine(customer, id),
    };
    if blob.adopted.is_some() {
        Next::Stay
    } else if from.upload_id().is_some() {
        Next::First(place(blob.id))
    } else if from.is_quarantine() == (goal == Goal::Quarantine) {
        // A document stays in the category it came in: another file's category is no reason to copy it,
        // and addresses of it that are out stay right.
        Next::Stay
    } else {
        Next::Later(place(fresh()))
    }
}

impl Files {
    /// The bytes of a file's present version.
    pub(super) async fn blob_of(&self, file: &FileRecord) -> Result<BlobRecord, FilesError> {
        self.0.catalog.blob(file.customer, file.blob).await?.ok_or(FilesError::NotFound)
    }

    /// A note for an object that is, or may become, nobody's.
    pub(super) fn garbage(&self, key: &ObjectKey) -> Garbage {
        Garbage { id: UploadId::new(&*self.0.clock, &*self.0.entropy), object_key: key.as_str().to_owned() }
    }

    /// Copies bytes to where they are to go; `None` when they are there. What is given has to be
    /// committed, and the old place is then removed by [`Files::leave`].
    pub(super) async fn move_on(
        &self,
        customer: CustomerId,
        blob: &BlobRecord,
        goal: Goal,
    ) -> Result<Option<(Move, ObjectKey)>, FilesError> {
        // What was adopted stays where it lies, whatever it is judged to be.
        if blob.adopted.is_some() {
            return Ok(None);
        }
        let from = &Self::object_of(customer, blob)?;
        let fresh = || BlobId::new(&*self.0.clock, &*self.0.entropy);
        let (to, announced) = match next_place(customer, blob, from, goal, fresh) {
            Next::Stay => return Ok(None),
            Next::First(to) => (to, None),
            Next::Later(to) => {
                let note = self.garbage(&to);
                let due = self.now().saturating_add(ANNOUNCED).unwrap_or(Timestamp::MAX);
                self.0.catalog.announce(customer, &note, due).await?;
                (to, Some(note.id))
            }
        };
        self.store(Errand::of_worker(customer)).await?.copy(from, &to).await?.ok_or(FilesError::NotFound)?;
        let moved = Move { from: self.garbage(from), to: to.as_str().to_owned(), announced };
        Ok(Some((moved, from.clone())))
    }

    /// Removes the object at the old place. Where that fails, or the program stops first, the note that
    /// was committed with the move leads a sweep to it.
    pub(super) async fn leave(&self, customer: CustomerId, moved: Option<(Move, ObjectKey)>) {
        let Some((moved, from)) = moved else { return };
        let left = match self.remove_object(Errand::of_worker(customer), &from).await {
            Ok(()) => self.0.catalog.forget_garbage(customer, moved.from.id).await.map_err(FilesError::from),
            Err(error) => Err(error),
        };
        if let Err(error) = left {
            tracing::warn!(error = %error, "an object that moved stays at its old place until it is swept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Checksum, ManualClock, Pin, Preview, ScanStatus, SeededEntropy};

    #[test]
    fn bytes_move_once_on_arrival_and_never_back_to_a_place_they_had() {
        let (clock, entropy) = (ManualClock::at("2026-03-02T09:00:00Z"), SeededEntropy::new(3));
        let (customer, id, other) = (CustomerId::new(&clock, &entropy), BlobId::new(&clock, &entropy), BlobId::new(&clock, &entropy));
        let blob = |adopted: bool| BlobRecord {
            id,
            object_key: String::new(),
            text_key: None,
            size: 1,
            checksum: Checksum::from_digest([0; 32]),
            scan: ScanStatus::Clean,
            adopted: adopted.then(|| Pin { etag: "\"1\"".to_owned(), version: None }),
            preview: Preview::NotYet,
        };
        let upload = ObjectKey::upload(customer, UploadId::new(&clock, &entropy), Timestamp::UNIX_EPOCH);
        let document = |category, id| ObjectKey::document(customer, category, id);
        let quarantine = |id| ObjectKey::quarantine(customer, id);
        let to_document = Goal::Document(Category::Mail);
        for (from, goal, expected) in [
            (upload.clone(), to_document, Next::First(document(Category::Mail, id))),
            (upload.clone(), Goal::Quarantine, Next::First(quarantine(id))),
            (document(Category::Image, id), to_document, Next::Stay),
            (document(Category::Mail, id), Goal::Quarantine, Next::Later(quarantine(other))),
            (quarantine(id), Goal::Quarantine, Next::Stay),
            (quarantine(id), to_document, Next::Later(document(Category::Mail, other))),
        ] {
            assert_eq!(next_place(customer, &blob(false), &from, goal, || other), expected, "{from} for {goal:?}");
            assert_eq!(next_place(customer, &blob(true), &from, goal, || other), Next::Stay, "what was adopted stays: {from}");
        }
    }
}
