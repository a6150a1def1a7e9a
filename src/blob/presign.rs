//! Requests that somebody else may send to the store for a short while.

use std::time::Duration;

use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::error::BlobError;
use super::key::ObjectKey;
use super::settings::SLOWEST;
use super::store::Store;
use crate::domain::{Checksum, FileName};

/// Longest life of a URL that reads: it is made at the moment of the click.
pub(super) const MAX_READ: Duration = Duration::from_mins(1);
/// Longest life of a URL that brings a whole object.
const MAX_PUT: Duration = Duration::from_mins(15);
/// Longest life of a URL that brings a part: all of a page are signed at once, and sent one after
/// the other.
const MAX_PART: Duration = Duration::from_hours(1);
/// What a line needs besides.
const BEGIN: Duration = Duration::from_mins(1);

/// `attr-char` of RFC 8187, section 3.2.1.
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The parameter of an address that says which request it was given out for. Stores take no notice of
/// parameters that begin so, and write them into their access logs.
pub(super) const MARK: &str = "x-satchel-request";

fn marking(mark: &str) -> String {
    format!("{MARK}={}", utf8_percent_encode(mark, ATTR_CHAR))
}

/// A request that is signed and not sent. Who holds it may send it; it does not belong in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// `GET`, `HEAD` or `PUT`.
    pub method: String,
    /// Under the public address of the store.
    pub url: String,
    /// Headers that are part of what was signed: sent otherwise, or not at all, the store refuses.
    pub headers: Vec<(String, String)>,
    /// How long the store takes it, from now.
    pub lifetime: Duration,
}

impl std::fmt::Debug for SignedRequest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SignedRequest").field("method", &self.method).field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// What must be true of an object that somebody else brings.
#[derive(Debug, Clone)]
pub struct PutTerms {
    /// Exactly so many bytes.
    pub size: u64,
    /// With this checksum, where it is known; a store that keeps no checksums does not compare it.
    pub checksum: Option<Checksum>,
    /// Its MIME type, where it is known.
    pub content_type: Option<String>,
}

impl Store {
    /// A URL under the public address that downloads the object, as an attachment of that name and
    /// type and with a mark that the store's access log shows, for at most 60 seconds whatever `lifetime` says, and no longer than the
    /// credentials it is signed by. The store is not asked: the object may be missing. Who holds the URL holds the bytes; it does not belong in a log.
    ///
    /// # Errors
    /// When there are no credentials to sign with.
    pub async fn presign_get(
        &self,
        key: &ObjectKey,
        download_name: &FileName,
        content_type: &str,
        mark: Option<&str>,
        lifetime: Duration,
    ) -> Result<String, BlobError> {
        let (bucket, name) = self.place(key);
        let lifetime = self.lifetime(lifetime.clamp(Duration::from_secs(1), MAX_READ)).await?;
        let request = self
            .public_client()
            .get_object()
            .bucket(bucket)
            .key(name)
            .response_content_disposition(content_disposition(download_name))
            .response_content_type(content_type);
        let marked = mark.map(marking);
        let request = request.customize().mutate_request(move |request| {
            if let Some(marked) = &marked
                && let Err(error) =
                    request.set_uri(format!("{}{}{marked}", request.uri(), if request.uri().contains('?') { '&' } else { '?' }))
            {
                tracing::warn!(error = %error, "an address carries no mark");
            }
        });
        let request = self.timed(request.presigned(expiring(lifetime)?)).await.map_err(BlobError::of)?;
        Ok(signed(&request, lifetime).url)
    }

    /// `Content-Disposition` of bytes that are to be kept under a name.
    #[must_use]
    pub fn attachment_header(name: &FileName) -> String {
        content_disposition(name)
    }

    /// A request that tells size and entity tag of the object, for at most 60 seconds.
    ///
    /// # Errors
    /// When there are no credentials to sign with.
    pub async fn presign_head(&self, key: &ObjectKey, lifetime: Duration) -> Result<SignedRequest, BlobError> {
        let (bucket, name) = self.place(key);
        let lifetime = self.lifetime(lifetime.clamp(Duration::from_secs(1), MAX_READ)).await?;
        let request = self.public_client().head_object().bucket(bucket).key(name);
        let request = self.timed(request.presigned(expiring(lifetime)?)).await.map_err(BlobError::of)?;
        Ok(signed(&request, lifetime))
    }

    /// A request that brings the object once: where something lies under the key already, the store
    /// refuses. It lives as long as a slow line needs, at most 15 minutes
    /// and no longer than the credentials it is signed by.
    ///
    /// # Errors
    /// When there are no credentials to sign with.
    pub async fn presign_put(&self, key: &ObjectKey, terms: &PutTerms) -> Result<SignedRequest, BlobError> {
        let (bucket, name) = self.place(key);
        let lifetime = self.lifetime(lifetime_for(terms.size, MAX_PUT)).await?;
        let request = self
            .public_client()
            .put_object()
            .bucket(bucket)
            .key(name)
            .if_none_match("*")
            .content_length(i64::try_from(terms.size).unwrap_or(i64::MAX))
            .set_checksum_sha256(terms.checksum.map(|checksum| STANDARD.encode(checksum.digest())))
            .set_content_type(terms.content_type.clone());
        let request = self.timed(request.presigned(expiring(lifetime)?)).await.map_err(BlobError::of)?;
        Ok(signed(&request, lifetime))
    }

    /// A request that brings one part, of exactly so many bytes, of an object that was begun. It
    /// lives for one hour at most, and no longer than the credentials it is signed by.
    ///
    /// # Errors
    /// When there are no credentials to sign with.
    pub async fn presign_part(&self, key: &ObjectKey, upload: &str, number: u32, terms: &PutTerms) -> Result<SignedRequest, BlobError> {
        let (bucket, name) = self.place(key);
        let lifetime = self.lifetime(MAX_PART).await?;
        let request = self
            .public_client()
            .upload_part()
            .bucket(bucket)
            .key(name)
            .upload_id(upload)
            .part_number(i32::try_from(number).unwrap_or(i32::MAX))
            .content_length(i64::try_from(terms.size).unwrap_or(i64::MAX))
            .set_checksum_sha256(terms.checksum.map(|checksum| STANDARD.encode(checksum.digest())));
        let request = self.timed(request.presigned(expiring(lifetime)?)).await.map_err(BlobError::of)?;
        Ok(signed(&request, lifetime))
    }
}

pub(super) fn expiring(lifetime: Duration) -> Result<PresigningConfig, BlobError> {
    PresigningConfig::expires_in(lifetime)
        .map_err(|error| BlobError::Refused { reason: "InvalidLifetime".to_owned(), source: error.into() })
}

/// How long so many bytes may take to arrive.
fn lifetime_for(size: u64, most: Duration) -> Duration {
    BEGIN.saturating_add(Duration::from_secs(size / SLOWEST)).min(most)
}

pub(super) fn signed(request: &PresignedRequest, lifetime: Duration) -> SignedRequest {
    let headers = request.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
    SignedRequest { method: request.method().to_owned(), url: request.uri().to_owned(), headers: headers.collect(), lifetime }
}

/// `Content-Disposition` of RFC 6266: an ASCII name every client reads, and the true one beside it
/// where they differ.
pub(super) fn content_disposition(name: &FileName) -> String {
    let plain: String = name
        .as_str()
        .chars()
        // A percent sign is decoded by some browsers, a quote or backslash ends or escapes the string.
        .map(|character| if matches!(character, ' '..='~') && !matches!(character, '"' | '\\' | '%') { character } else { '_' })
        .collect();
    if plain == name.as_str() {
        format!("attachment; filename=\"{plain}\"")
    } else {
        format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name.as_str(), ATTR_CHAR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_lives_as_long_as_a_slow_line_needs_and_no_longer_than_allowed() {
        for (size, seconds) in [(0, 60), (1 << 20, 76), (32 << 20, 572), (5 << 30, 900)] {
            assert_eq!(lifetime_for(size, MAX_PUT).as_secs(), seconds, "{size}");
        }
    }

    #[test]
    fn a_name_outside_ascii_travels_twice() {
        for (name, expected) in [
            ("Q2 report.pdf", "attachment; filename=\"Q2 report.pdf\""),
            ("Übersicht.pdf", "attachment; filename=\"_bersicht.pdf\"; filename*=UTF-8''%C3%9Cbersicht.pdf"),
            ("5\" pipe.txt", "attachment; filename=\"5_ pipe.txt\"; filename*=UTF-8''5%22%20pipe.txt"),
            ("100% sure;x.txt", "attachment; filename=\"100_ sure;x.txt\"; filename*=UTF-8''100%25%20sure%3Bx.txt"),
        ] {
            assert_eq!(content_disposition(&FileName::parse(name).unwrap()), expected);
        }
    }
}
