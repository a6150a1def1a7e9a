//! The checksum of an object that was sent in parts, from the checksums of its parts.
//!
//! S3 knows two kinds: `COMPOSITE`, the checksum of the parts' checksums with their number behind it,
//! and `FULL_OBJECT`, the checksum of the bytes, which only a CRC gives without reading them again.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use s3s::S3ErrorCode;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256};
use serde::{Deserialize, Serialize};

use super::sums::{Algorithm, Sums};

/// Of what a checksum is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SumKind {
    /// Of the checksums of the parts.
    Composite,
    /// Of all bytes.
    FullObject,
}

/// What a multipart upload said of its checksum when it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The kind.
    pub kind: SumKind,
}

impl Declared {
    /// From the two headers of `CreateMultipartUpload`; `None` where none was sent.
    ///
    /// # Errors
    /// `InvalidRequest` for an algorithm that S3 has not, or a kind that the algorithm cannot give.
    pub fn read(algorithm: Option<&str>, kind: Option<&str>) -> Result<Option<Self>, S3ErrorCode> {
        let Some(algorithm) = algorithm else {
            return if kind.is_none() { Ok(None) } else { Err(S3ErrorCode::InvalidRequest) };
        };
        let algorithm = Algorithm::named(algorithm).ok_or(S3ErrorCode::InvalidRequest)?;
        let kind = kind.map(SumKind::named).transpose()?.unwrap_or_else(|| SumKind::usual(algorithm));
        let possible = match kind {
            SumKind::Composite => algorithm != Algorithm::Crc64nvme,
            SumKind::FullObject => Crc::of(algorithm).is_some(),
        };
        if possible { Ok(Some(Self { algorithm, kind })) } else { Err(S3ErrorCode::InvalidRequest) }
    }
}

impl SumKind {
    /// The kind that S3 means where none is named.
    pub fn usual(algorithm: Algorithm) -> Self {
        if algorithm == Algorithm::Crc64nvme { Self::FullObject } else { Self::Composite }
    }

    /// Reads the header's text.
    pub fn named(text: &str) -> Result<Self, S3ErrorCode> {
        match text {
            "COMPOSITE" => Ok(Self::Composite),
            "FULL_OBJECT" => Ok(Self::FullObject),
            _ => Err(S3ErrorCode::InvalidRequest),
        }
    }

    /// The header's text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Composite => "COMPOSITE",
            Self::FullObject => "FULL_OBJECT",
        }
    }
}

/// The checksum of the parts put one after the other, each with its size in bytes; `None` where a
/// part was sent without this algorithm's checksum.
pub fn whole(wanted: Declared, parts: &[(&Sums, u64)]) -> Option<String> {
    let digests: Option<Vec<Vec<u8>>> = parts.iter().map(|(sums, _)| STANDARD.decode(sums.get(wanted.algorithm)?).ok()).collect();
    let digests = digests.filter(|digests| !digests.is_empty())?;
    match wanted.kind {
        SumKind::Composite => {
            let all = digests.concat();
            let digest = match wanted.algorithm {
                Algorithm::Crc32 => Crc32::checksum(&all).to_vec(),
                Algorithm::Crc32c => Crc32c::checksum(&all).to_vec(),
                Algorithm::Crc64nvme => Crc64Nvme::checksum(&all).to_vec(),
                Algorithm::Sha1 => Sha1::checksum(&all).to_vec(),
                Algorithm::Sha256 => Sha256::checksum(&all).to_vec(),
            };
            Some(format!("{}-{}", STANDARD.encode(digest), parts.len()))
        }
        SumKind::FullObject => {
            let crc = Crc::of(wanted.algorithm)?;
            let sum = digests.iter().zip(parts).fold(0, |sum, (digest, (_, size))| crc.joined(sum, number(digest), *size));
            let bytes = sum.to_be_bytes();
            bytes.get(bytes.len() - crc.bytes()..).map(|bytes| STANDARD.encode(bytes))
        }
    }
}

fn number(digest: &[u8]) -> u64 {
    digest.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// A reflected CRC whose register begins and ends inverted, as those of S3 do: then the CRC of two
/// texts is that of the first, moved over the length of the second, plus that of the second, over
/// GF(2). The way is that of zlib's `crc32_combine`.
struct Crc {
    bits: u32,
    /// The polynomial, its highest power in the lowest bit.
    polynomial: u64,
}

impl Crc {
    const fn of(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::Crc32 => Some(Self { bits: 32, polynomial: 0xedb8_8320 }),
            Algorithm::Crc32c => Some(Self { bits: 32, polynomial: 0x82f6_3b78 }),
            Algorithm::Crc64nvme => Some(Self { bits: 64, polynomial: 0x9a6c_9329_ac4b_c9b5 }),
            Algorithm::Sha1 | Algorithm::Sha256 => None,
        }
    }

    const fn bytes(&self) -> usize {
        (self.bits / 8) as usize
    }

    /// The polynomial 1.
    const fn one(&self) -> u64 {
        1 << (self.bits - 1)
    }

    fn joined(&self, first: u64, second: u64, size: u64) -> u64 {
        let mut power = self.one();
        // x to the power of eight: one byte.
        let mut square = self.one() >> 8;
        let mut left = size;
        while left > 0 {
            if left & 1 == 1 {
                power = self.times(power, square);
            }
            square = self.times(square, square);
            left >>= 1;
        }
        self.times(power, first) ^ second
    }

    /// The product modulo the polynomial.
    fn times(&self, one: u64, other: u64) -> u64 {
        let (mut product, mut other) = (0, other);
        for place in (0..self.bits).rev() {
            if one & (1 << place) != 0 {
                product ^= other;
            }
            other = if other & 1 == 1 { (other >> 1) ^ self.polynomial } else { other >> 1 };
        }
        product
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums_of(algorithm: Algorithm, bytes: &[u8]) -> Sums {
        let mut hasher = Sums::default().hasher(&[algorithm]);
        hasher.update(bytes);
        Sums::of(&hasher.finalize())
    }

    #[test]
    fn a_crc_of_the_parts_is_that_of_the_whole() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect();
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64nvme] {
            for cuts in [vec![], vec![1], vec![50_000], vec![1, 2, 3, 65_536, 99_999], vec![0, 100_000]] {
                let ends: Vec<usize> = cuts.iter().copied().chain([bytes.len()]).collect();
                let starts = [0].into_iter().chain(cuts.iter().copied());
                let parts: Vec<(Sums, u64)> =
                    starts.zip(&ends).map(|(from, to)| (sums_of(algorithm, &bytes[from..*to]), (*to - from) as u64)).collect();
                let parts: Vec<(&Sums, u64)> = parts.iter().map(|(sums, size)| (sums, *size)).collect();
                let declared = Declared { algorithm, kind: SumKind::FullObject };
                let expected = sums_of(algorithm, &bytes).get(algorithm).map(str::to_owned);
                assert_eq!(whole(declared, &parts), expected, "{algorithm:?} cut at {cuts:?}");
            }
        }
    }

    #[test]
    fn a_checksum_of_checksums_carries_their_number_and_needs_them_all() {
        let (one, other, none) = (sums_of(Algorithm::Sha256, b"one"), sums_of(Algorithm::Sha256, b"other"), Sums::default());
        let declared = Declared { algorithm: Algorithm::Sha256, kind: SumKind::Composite };
        let both = whole(declared, &[(&one, 3), (&other, 5)]).unwrap();
        let digests = [Sha256::checksum(b"one"), Sha256::checksum(b"other")].concat();
        assert_eq!(both, format!("{}-2", STANDARD.encode(Sha256::checksum(&digests))));
        assert_eq!(whole(declared, &[(&one, 3), (&none, 5)]), None);
    }

    #[test]
    fn a_kind_that_an_algorithm_cannot_give_is_refused() {
        let kind = |algorithm, kind| Declared::read(Some(algorithm), kind).map(|declared| declared.unwrap().kind);
        assert_eq!(kind("CRC32", None), Ok(SumKind::Composite));
        assert_eq!(kind("CRC64NVME", None), Ok(SumKind::FullObject));
        assert_eq!(kind("CRC32C", Some("FULL_OBJECT")), Ok(SumKind::FullObject));
        for (algorithm, kind) in [("SHA256", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE"), ("CRC32", "OTHER"), ("MD5", "COMPOSITE")] {
            assert_eq!(Declared::read(Some(algorithm), Some(kind)), Err(S3ErrorCode::InvalidRequest), "{algorithm} {kind}");
        }
        assert_eq!(Declared::read(None, None), Ok(None));
        assert_eq!(Declared::read(None, Some("COMPOSITE")), Err(S3ErrorCode::InvalidRequest));
    }
}
