//! Objects that lie where somebody else put them: listed, looked at and read, and nothing else. No
//! method of the store that writes, moves or removes takes one.

use std::time::Duration;

use aws_sdk_s3::types::{ArchiveStatus, ChecksumMode, ChecksumType, StorageClass};

use super::download::{At, Object};
use super::error::{BlobError, status};
use super::presign::{MAX_READ, content_disposition, expiring, signed};
use super::store::{Store, checksum_of, length};
use crate::domain::{AdoptedPlace, Checksum, CustomerId, FileName, Pin};

/// Whose objects a customer may adopt: those of a bucket whose keys begin with a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    /// Who may.
    pub customer: CustomerId,
    /// The bucket.
    pub bucket: String,
    /// With what the keys begin: whole segments, or nothing for the whole bucket.
    pub prefix: String,
}

/// Why a location is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationFault {
    /// Not a bucket's name.
    #[error("`{bucket}` is no name of a bucket")]
    Bucket {
        /// What was given.
        bucket: String,
    },
    /// `legal` would hold `legal-of-others/` too.
    #[error("the prefix `{prefix}` must be empty or end with a slash")]
    Prefix {
        /// What was given.
        prefix: String,
    },
    /// What Satchel keeps by itself.
    #[error("`s3://{bucket}/{prefix}` is where Satchel keeps its own objects")]
    Ours {
        /// The bucket.
        bucket: String,
        /// The prefix.
        prefix: String,
    },
    /// Two customers would have the same objects.
    #[error("`s3://{bucket}/{prefix}` is of two customers")]
    Shared {
        /// The bucket.
        bucket: String,
        /// The prefix.
        prefix: String,
    },
}

impl Location {
    /// Whether a key, or what keys begin with, lies in it.
    pub fn holds(&self, bucket: &str, name: &str) -> bool {
        self.bucket == bucket && name.starts_with(&self.prefix)
    }

    /// Checks all locations there are, beside the buckets that Satchel has for itself.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(all: &[Self], files_bucket: &str, metadata_bucket: &str) -> Result<(), LocationFault> {
        for (at, location) in all.iter().enumerate() {
            let Self { customer, bucket, prefix } = location;
            let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
            if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(is_name) {
                return Err(LocationFault::Bucket { bucket: bucket.clone() });
            }
            if !prefix.is_empty() && (!prefix.ends_with('/') || prefix.contains(['*', '?'])) {
                return Err(LocationFault::Prefix { prefix: prefix.clone() });
            }
            let first = prefix.split('/').next().unwrap_or_default();
            let in_ours = bucket == files_bucket && (first.is_empty() || first.starts_with(CustomerId::PREFIX) || first == PROBES);
            if in_ours || bucket == metadata_bucket {
                return Err(LocationFault::Ours { bucket: bucket.clone(), prefix: prefix.clone() });
            }
            let overlaps =
                |other: &Self| other.bucket == *bucket && (other.prefix.starts_with(prefix) || prefix.starts_with(&other.prefix));
            if all.iter().skip(at + 1).any(|other| other.customer != *customer && overlaps(other)) {
                return Err(LocationFault::Shared { bucket: bucket.clone(), prefix: prefix.clone() });
            }
        }
        Ok(())
    }
}

/// Where scratch objects of probes lie in the files' bucket.
const PROBES: &str = "satchel-probe";

/// An object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// The store's name for its bytes; quoted.
    pub etag: String,
}

/// Some objects of a location, in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPage {
    /// The objects.
    pub objects: Vec<Listed>,
    /// Whether there are more.
    pub truncated: bool,
}

/// What the store says of an object that may be adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Bytes.
    pub size: u64,
    /// Which bytes.
    pub pin: Pin,
    /// SHA-256 of the whole, where the store keeps it.
    pub checksum: Option<Checksum>,
    /// MIME type as whoever wrote it declared it.
    pub content_type: Option<String>,
    /// Whether it lies in an archive class, and was not brought back.
    pub is_archived: bool,
}

/// An adopted object, in a location of its customer. Only [`Store::adopted`] makes one.
#[derive(Debug, Clone)]
pub struct AdoptedObject {
    place: AdoptedPlace,
    pin: Pin,
}

impl AdoptedObject {
    fn at(&self) -> At {
        At { bucket: self.place.bucket.clone(), name: self.place.name.clone(), version: self.pin.version.clone() }
    }
}

impl Store {
    /// Whether these objects lie in a location of the customer.
    pub fn may_adopt(&self, customer: CustomerId, bucket: &str, name: &str) -> bool {
        self.locations().iter().any(|location| location.customer == customer && location.holds(bucket, name))
    }

    /// An object that was adopted; `None` when the place is no location of the customer (any more).
    pub fn adopted(&self, customer: CustomerId, place: AdoptedPlace, pin: Pin) -> Option<AdoptedObject> {
        self.may_adopt(customer, &place.bucket, &place.name).then_some(AdoptedObject { place, pin })
    }

    /// Up to `limit` objects, at most 1,000, whose keys begin with `prefix`, after a key of the page
    /// before.
    ///
    /// # Errors
    /// `Refused` outside the customer's locations; else when the store does not answer or refuses.
    pub async fn list_adoptable(
        &self,
        customer: CustomerId,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        limit: u16,
    ) -> Result<ListedPage, BlobError> {
        self.expect_location(customer, bucket, prefix)?;
        let request = self.client().list_objects_v2().bucket(bucket).prefix(prefix).max_keys(i32::from(limit));
        let page = self.timed(request.set_start_after(after.map(str::to_owned)).send()).await.map_err(BlobError::of)?;
        let objects = page.contents().iter().filter_map(|object| {
            Some(Listed {
                name: object.key()?.to_owned(),
                size: length(object.size()),
                etag: object.e_tag().unwrap_or_default().to_owned(),
            })
        });
        Ok(ListedPage { objects: objects.collect(), truncated: page.is_truncated() == Some(true) })
    }

    /// What the store says of an object that may be adopted; `None` when there is none.
    ///
    /// # Errors
    /// `Refused` outside the customer's locations; else when the store does not answer or refuses.
    pub async fn examine(&self, customer: CustomerId, place: &AdoptedPlace) -> Result<Option<Candidate>, BlobError> {
        self.expect_location(customer, &place.bucket, &place.name)?;
        let mut request = self.client().head_object().bucket(&place.bucket).key(&place.name);
        if self.keeps_checksums() {
            request = request.checksum_mode(ChecksumMode::Enabled);
        }
        let found = match self.timed(request.send()).await {
            Ok(found) => found,
            Err(error) if status(&error) == Some(404) => return Ok(None),
            Err(error) => return Err(BlobError::of(error)),
        };
        let whole = found.checksum_type().is_none_or(|kind| *kind == ChecksumType::FullObject);
        let is_cold = matches!(found.storage_class(), Some(StorageClass::Glacier | StorageClass::DeepArchive));
        let is_asleep = matches!(found.archive_status(), Some(ArchiveStatus::ArchiveAccess | ArchiveStatus::DeepArchiveAccess));
        let is_back = found.restore().is_some_and(|told| told.contains("ongoing-request=\"false\""));
        Ok(Some(Candidate {
            size: length(found.content_length()),
            pin: Pin {
                etag: found.e_tag().unwrap_or_default().to_owned(),
                // Written while the bucket kept no versions: such bytes are replaced like any others.
                version: found.version_id().filter(|version| *version != "null" && !version.is_empty()).map(str::to_owned),
            },
            checksum: found.checksum_sha256().filter(|_| whole && self.keeps_checksums()).and_then(checksum_of),
            content_type: found.content_type().map(str::to_owned),
            is_archived: (is_cold || is_asleep) && !is_back,
        }))
    }

    /// Whether the bytes that were adopted are still there.
    ///
    /// # Errors
    /// When the store does not answer or refuses.
    pub async fn has_adopted(&self, object: &AdoptedObject) -> Result<bool, BlobError> {
        let At { bucket, name, version } = object.at();
        match self.timed(self.client().head_object().bucket(bucket).key(name).set_version_id(version).send()).await {
            Ok(found) => Ok(found.e_tag() == Some(object.pin.etag.as_str())),
            // 400 where a version's name means nothing to the bucket that is there now.
            Err(error) if matches!(status(&error), Some(400 | 404 | 405)) => Ok(false),
            Err(error) => Err(BlobError::of(error)),
        }
    }

    /// The bytes that were adopted, and no others; `None` when there is nothing under the key.
    ///
    /// # Errors
    /// `Changed` when other bytes are there; else when the store does not answer or refuses.
    pub async fn get_adopted(&self, object: &AdoptedObject) -> Result<Option<Object>, BlobError> {
        let opened = self.open(object.at(), None, Some(object.pin.etag.clone())).await?;
        Ok(opened.map(|(object, _)| object))
    }

    /// A URL that downloads exactly the bytes that were adopted, for at most 60 seconds; `None` where the
    /// bucket keeps no versions: a URL cannot say which bytes it is about there. Makes no request.
    ///
    /// # Errors
    /// When there are no credentials to sign with.
    pub async fn presign_adopted(
        &self,
        object: &AdoptedObject,
        download_name: &FileName,
        content_type: &str,
        lifetime: Duration,
    ) -> Result<Option<String>, BlobError> {
        let At { bucket, name, version: Some(version) } = object.at() else { return Ok(None) };
        let lifetime = lifetime.clamp(Duration::from_secs(1), MAX_READ);
        let request = self.public_client().get_object().bucket(bucket).key(name).version_id(version);
        let request = request.response_content_disposition(content_disposition(download_name)).response_content_type(content_type);
        let request = request.presigned(expiring(lifetime)?).await.map_err(BlobError::of)?;
        Ok(Some(signed(&request, lifetime).url))
    }

    fn expect_location(&self, customer: CustomerId, bucket: &str, name: &str) -> Result<(), BlobError> {
        if self.may_adopt(customer, bucket, name) {
            return Ok(());
        }
        Err(BlobError::Refused { reason: "NoLocation".to_owned(), source: "this place is no location of the customer".into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ManualClock, SeededEntropy};

    fn location(customer: CustomerId, bucket: &str, prefix: &str) -> Location {
        Location { customer, bucket: bucket.to_owned(), prefix: prefix.to_owned() }
    }

    #[test]
    fn a_location_is_whole_segments_of_a_bucket_that_is_not_ours() {
        let (clock, entropy) = (ManualClock::at("2026-03-02T09:00:00Z"), SeededEntropy::new(1));
        let (ann, ben) = (CustomerId::new(&clock, &entropy), CustomerId::new(&clock, &entropy));
        let check = |all: &[Location]| Location::check(all, "our-files", "our-metadata");
        for (bucket, prefix) in [("archive", ""), ("archive", "legal/"), ("archive", "legal/2024/"), ("our-files", "legacy/")] {
            assert_eq!(check(&[location(ann, bucket, prefix)]), Ok(()), "{bucket} {prefix}");
        }
        let ours = ["", "/", "cust_01jzz3k5q8f4mv9c2x7d6w0b1n/", "cust_01jzz3k5q8f4mv9c2x7d6w0b1n/documents/", "satchel-probe/"];
        for prefix in ours {
            assert!(matches!(check(&[location(ann, "our-files", prefix)]), Err(LocationFault::Ours { .. })), "{prefix}");
        }
        assert!(matches!(check(&[location(ann, "our-metadata", "x/")]), Err(LocationFault::Ours { .. })));
        for prefix in ["legal", "legal/*/", "legal?/"] {
            assert!(matches!(check(&[location(ann, "archive", prefix)]), Err(LocationFault::Prefix { .. })), "{prefix}");
        }
        for bucket in ["", "ab", "Archive", "a/b", "arn:aws:s3:::archive"] {
            assert!(matches!(check(&[location(ann, bucket, "")]), Err(LocationFault::Bucket { .. })), "{bucket}");
        }
        for (one, other) in [("", "legal/"), ("legal/", "legal/"), ("legal/2024/", "legal/")] {
            let both = [location(ann, "archive", one), location(ben, "archive", other)];
            assert!(matches!(check(&both), Err(LocationFault::Shared { .. })), "{one} {other}");
            assert_eq!(check(&[location(ann, "archive", one), location(ann, "archive", other)]), Ok(()), "of one customer");
        }
        assert_eq!(check(&[location(ann, "archive", "legal/"), location(ben, "archive", "legal-of-ben/")]), Ok(()));
    }
}
