//! Checksums that clients send, in the base64 text form of S3.

use std::collections::BTreeMap;

use http::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use s3s::{S3Error, S3ErrorCode, S3Result, dto};
use serde::{Deserialize, Serialize};

use super::whole_sums::SumKind;

/// An algorithm of S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// CRC-32.
    Crc32,
    /// CRC-32C.
    Crc32c,
    /// CRC-64/NVME.
    Crc64nvme,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Algorithm {
    const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64nvme, Self::Sha1, Self::Sha256];

    /// The algorithm that `x-amz-checksum-algorithm` names.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text)
    }

    /// The name in `x-amz-checksum-algorithm`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    const fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }
}

/// Checksums by algorithm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sums(BTreeMap<Algorithm, String>);

/// Makes [`Sums`] of the five fields that S3 messages carry, and back.
macro_rules! sums_of {
    ($message:expr) => {
        $crate::blob::embedded::sums::Sums::from_fields([
            $message.checksum_crc32.clone(),
            $message.checksum_crc32c.clone(),
            $message.checksum_crc64nvme.clone(),
            $message.checksum_sha1.clone(),
            $message.checksum_sha256.clone(),
        ])
    };
}
pub(super) use sums_of;

macro_rules! with_sums {
    ($message:expr, $sums:expr) => {{
        let mut message = $message;
        [message.checksum_crc32, message.checksum_crc32c, message.checksum_crc64nvme, message.checksum_sha1, message.checksum_sha256] =
            $sums.fields();
        message.checksum_type = $crate::blob::embedded::sums::checksum_type(&$sums);
        message
    }};
}
pub(super) use with_sums;

macro_rules! with_part_sums {
    ($message:expr, $sums:expr) => {{
        let mut message = $message;
        [message.checksum_crc32, message.checksum_crc32c, message.checksum_crc64nvme, message.checksum_sha1, message.checksum_sha256] =
            $sums.fields();
        message
    }};
}
pub(super) use with_part_sums;

/// The kind of the sums, as messages carry it.
pub fn checksum_type(sums: &Sums) -> Option<dto::ChecksumType> {
    sums.kind().map(|kind| dto::ChecksumType::from_static(kind.as_str()))
}

impl Sums {
    /// From the fields of a message, in the order of the algorithms.
    pub fn from_fields(fields: [Option<String>; 5]) -> Self {
        Self(Algorithm::ALL.into_iter().zip(fields).filter_map(|(algorithm, sum)| sum.map(|sum| (algorithm, sum))).collect())
    }

    /// From what a hasher computed.
    pub fn of(computed: &dto::Checksum) -> Self {
        sums_of!(computed)
    }

    /// One checksum.
    pub fn one(algorithm: Algorithm, sum: String) -> Self {
        Self(BTreeMap::from([(algorithm, sum)]))
    }

    /// The checksum of an algorithm.
    pub fn get(&self, algorithm: Algorithm) -> Option<&str> {
        self.0.get(&algorithm).map(String::as_str)
    }

    /// The algorithms.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.0.keys().copied()
    }

    /// Of what they are; `None` where there is none. A sum of sums ends with the number of parts.
    pub fn kind(&self) -> Option<SumKind> {
        let sum = self.0.values().next()?;
        Some(if sum.contains('-') { SumKind::Composite } else { SumKind::FullObject })
    }

    /// As the fields of a message.
    pub fn fields(&self) -> [Option<String>; 5] {
        Algorithm::ALL.map(|algorithm| self.0.get(&algorithm).cloned())
    }

    /// Whether none was sent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Algorithms whose sums will come after the body.
    pub fn announced(headers: &HeaderMap) -> Vec<Algorithm> {
        let named: Vec<String> =
            headers.get_all("x-amz-trailer").iter().filter_map(|value| value.to_str().ok()).map(str::to_ascii_lowercase).collect();
        Algorithm::ALL
            .into_iter()
            .filter(|algorithm| named.iter().any(|list| list.split(',').any(|name| name.trim() == algorithm.header())))
            .collect()
    }

    /// Adds the sums that came after the body.
    pub fn add_trailers(&mut self, trailers: &HeaderMap) {
        for algorithm in Algorithm::ALL {
            if let Some(sum) = trailers.get(algorithm.header()).and_then(|value| value.to_str().ok()) {
                self.0.insert(algorithm, sum.to_owned());
            }
        }
    }

    /// A hasher for what was sent and what is announced.
    pub fn hasher(&self, announced: &[Algorithm]) -> ChecksumHasher {
        let wanted = |algorithm| self.0.contains_key(&algorithm) || announced.contains(&algorithm);
        ChecksumHasher {
            crc32: wanted(Algorithm::Crc32).then(Crc32::new),
            crc32c: wanted(Algorithm::Crc32c).then(Crc32c::new),
            sha1: wanted(Algorithm::Sha1).then(Sha1::new),
            sha256: wanted(Algorithm::Sha256).then(Sha256::new),
            crc64nvme: wanted(Algorithm::Crc64nvme).then(Crc64Nvme::new),
        }
    }

    /// Compares what was sent with what came.
    pub fn check(&self, computed: &dto::Checksum) -> S3Result<()> {
        let computed = Self::of(computed);
        for (algorithm, sent) in &self.0 {
            if computed.0.get(algorithm) != Some(sent) {
                let message = format!("the {} sent is not that of the content", algorithm.header());
                return Err(S3Error::with_message(S3ErrorCode::BadDigest, message));
            }
        }
        Ok(())
    }

    /// Whether every sum here agrees with the one there, where both have it.
    pub fn agrees(&self, kept: &Self) -> bool {
        self.0.iter().all(|(algorithm, sum)| kept.0.get(algorithm).is_none_or(|other| other == sum))
    }
}
